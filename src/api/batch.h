#pragma once
#include <functional>

#include "api/service.h"

/// Files of requests, answered without a network. Source: OpenAI's Batch API, its lines.
namespace mr::api {

struct BatchFiles {
  std::string in;
  std::string out;  ///< answers are added; requests that have one there are not run again
};

struct BatchCounts {
  std::int64_t n_lines = 0;    ///< of the input
  std::int64_t n_before = 0;   ///< that an earlier run has answered
  std::int64_t n_done = 0;     ///< answered by this run
  std::int64_t n_refused = 0;  ///< of these with an error
  std::int64_t n_tokens = 0;   ///< generated
};

/// Runs all requests of a file, as many at once as the engine takes, and writes each answer as soon
/// as it is there: whenever the process is killed, what has been written stays good.
/// `on_step`: called after each answer and while there is none; false ends the run.
/// Errors: failed for files, cancelled. A request that fails is a line of the output.
Expected<BatchCounts> run_batch(Service& service, const BatchFiles& files,
                                const std::function<bool(const BatchCounts&)>& on_step);

}  // namespace mr::api
