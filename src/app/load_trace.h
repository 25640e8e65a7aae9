#pragma once
#include <string>
#include <vector>

#include "api/load_client.h"

/// Requests of a load test, from recorded traffic or made up.
namespace mr::app {

struct LoadPlan {
  std::string trace;              ///< a file; its name's end says how it is read
  std::string mix;                ///< else: PROMPT:ANSWER tokens, several after commas, drawn alike
  std::int32_t n = 100;           ///< requests at most
  double rate = 0;                ///< requests a second on the mean; 0: as the trace has it, or 1
  double scale = 1;               ///< of the lengths of prompts and answers
  std::int32_t n_shared = 0;      ///< tokens that all prompts of a mix begin with
  std::int32_t n_most = 1 << 20;  ///< tokens of a prompt and its answer; longer ones are cut
  std::uint64_t seed = 1;
};

/// The requests in the order of their times.
///   .jsonl  Mooncake's: timestamp (ms), input_length, output_length, hash_ids of 512 tokens each,
///           equal where all tokens up to there are; or ShareGPT's: input_tok_ids, output_toks,
///           arrival_time_ns
///   .csv    with columns of prompt and answer tokens as Azure and Vidur name them, and TIMESTAMP
/// Errors: failed for a file that cannot be read, bad_request for one that is none of these.
Expected<std::vector<api::LoadRequest>> plan_load(const LoadPlan& plan, std::int32_t n_vocab);

}  // namespace mr::app
