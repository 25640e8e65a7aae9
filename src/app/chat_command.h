#pragma once
#include <cstdint>
#include <string>

#include "app/answer_flags.h"
#include "app/loaded.h"
#include "app/prompt_flags.h"
#include "app/sample_flags.h"
#include "app/speculation.h"
#include "tensor/dtype.h"

namespace mr::app {

struct ChatArgs {
  LoadArgs load;
  PromptArgs form;
  std::int32_t n_new = 0;      ///< tokens of an answer at most; below 1: any number
  std::int32_t n_context = 0;  ///< 0: the model's own, or less where memory asks for it
  AnswerArgs answer;
  SampleArgs sample;
  std::int32_t n_step_rows = 512;
  SpecArgs spec;
  DType kv_type = DType::f16;
  bool deterministic = false;
  bool verbose = false;
};

/// `millrace chat`: a conversation, its answers alone on stdout. Returns the exit code.
int run_chat(const ChatArgs& args);

}  // namespace mr::app
