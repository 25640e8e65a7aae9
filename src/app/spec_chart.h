#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/spec_trial.h"

namespace mr::app {

/// What a method came to at a number of answers at once.
struct SpecRow {
  std::string method;
  std::int32_t n_batch = 1;
  engine::SpecTrial trial = {};  ///< of the last round
  engine::SpecTrial plain = {};
  double speed = 0;  ///< over plain decoding: the median of the rounds
  double speed_least = 0;
  double speed_most = 0;
  bool equal = false;  ///< texts and logprobs are those of plain decoding, bit for bit
};

double accepted_a_step(const SpecRow& row);  ///< tokens of a sequence
double tokens_a_load(const SpecRow& row);    ///< of all sequences, for each pass over the weights
double rows_a_step(const SpecRow& row);
double draft_share(const SpecRow& row);  ///< of the time

/// Bars of the speeds, as SVG. Errors: failed.
Expected<void> write_chart(const std::string& path, const std::vector<SpecRow>& rows);

}  // namespace mr::app
