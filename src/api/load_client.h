#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

/// A client that asks any server of OpenAI's protocol, at given times whatever comes back.
namespace mr::api {

/// Where to ask.
struct LoadTarget {
  bool tls = false;
  std::string host;
  std::string port;
  std::string path;   ///< before /v1, mostly empty
  std::string model;  ///< empty: the first that the server names
  std::string api_key;
  std::int32_t n_vocab = 0;  ///< token ids of prompts are below; 0: as the server says
};

/// Splits http://host:port/path, or https. Errors: bad_request.
Expected<LoadTarget> parse_url(const std::string& url);

/// One request of the load.
struct LoadRequest {
  double at_s = 0;  ///< after the start
  std::vector<std::int32_t> prompt;
  std::int32_t n_new = 1;
};

/// What came of it. Times are seconds after the start of the run.
struct LoadResult {
  int status = 0;          ///< of HTTP; 0: there was no answer
  std::string error = {};  ///< none: the answer was whole
  double planned_s = 0;
  double sent_s = 0;
  double first_s = 0;  ///< when the first chunk with choices came
  double end_s = 0;
  std::vector<float> gaps_s = {};  ///< between such chunks
  std::int32_t n_prompt = 0;
  std::int32_t n_cached = 0;
  std::int32_t n_new = 0;
};

struct LoadOptions {
  double timeout_s = 600;                           ///< of a request
  std::function<bool(std::size_t n_done)> on_step;  ///< now and then; false ends the run
};

/// Asks what is served and fills in the model and n_vocab where they are not given.
/// Errors: failed where the server cannot be asked.
Expected<void> look_up(LoadTarget& target);

/// Sends every request at its time. Errors: cancelled, failed where the host is not known.
Expected<std::vector<LoadResult>> run_load(const LoadTarget& target,
                                           std::span<const LoadRequest> requests,
                                           const LoadOptions& options);

}  // namespace mr::api
