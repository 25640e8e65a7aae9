#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/engine.h"

/// What speculation does to prompts that are answered side by side.
namespace mr::engine {

/// Prompts and how they are answered.
struct SpecTest {
  std::span<const std::vector<std::int32_t>> prompts;
  std::int32_t n_new = 128;
  std::int32_t n_batch = 1;  ///< answered at once: the next one begins when one ends
  sample::Params sample = {};
};

/// Figures of the decoding alone: of the steps that read no prompt.
struct SpecTrial {
  std::int64_t n_tokens = 0;
  std::int64_t n_steps = 0;      ///< passes over the weights
  std::int64_t n_seq_steps = 0;  ///< sequences in them, summed up
  std::int64_t n_rows = 0;
  double us = 0;
  double draft_us = 0;      ///< of that, proposing
  std::uint64_t texts = 0;  ///< a hash of all answers and the logprobs of their tokens
  std::vector<spec::Tally> tally;
};

/// Answers all prompts. Errors: as of submit and step, and failed where an answer fails.
Expected<SpecTrial> try_speculation(const model::Model& model, const Options& options,
                                    const SpecTest& test);

}  // namespace mr::engine
