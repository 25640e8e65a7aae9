#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "app/answer_flags.h"
#include "app/grammar_flags.h"
#include "app/loaded.h"
#include "app/prompt_flags.h"
#include "app/sample_flags.h"
#include "app/speculation.h"
#include "tensor/dtype.h"

namespace mr::app {

struct RunArgs {
  LoadArgs load;
  PromptArgs form;
  std::optional<std::string> prompt;  ///< none: standard input, else a built-in one
  std::string prompt_file;            ///< in place of a prompt
  std::int32_t n_new = 0;             ///< tokens at most; 0: until the model or the context ends
  std::int32_t n_context = 0;         ///< 0: the model's own, or less where memory asks for it
  std::int32_t n_logprobs = -1;       ///< the most probable tokens to tell; -1: no logprobs
  SampleArgs sample;
  AnswerArgs answer;
  GrammarArgs grammar;
  std::int32_t n_step_rows = 512;
  DType kv_type = DType::f16;
  SpecArgs spec;
  bool raw = false;  ///< no chat template
  bool deterministic = false;
  bool json = false;
  bool verbose = false;  ///< how each step was decided
};

/// `millrace run`: the answer alone on stdout, thoughts and figures on stderr. Returns the exit
/// code.
int run_run(const RunArgs& args);

}  // namespace mr::app
