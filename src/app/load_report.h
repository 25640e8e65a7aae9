#pragma once
#include <boost/json/object.hpp>
#include <span>
#include <string>

#include "api/load_client.h"

/// What a load test has shown.
namespace mr::app {

/// What an answer must keep to count as good. Units: seconds.
struct Promise {
  double first_s = 2;  ///< until the first token
  double gap_s = 0.1;  ///< between tokens, on the mean
};

/// Quantiles. Units: seconds.
struct Spread {
  double p50 = 0, p90 = 0, p95 = 0, p99 = 0, most = 0;
};

struct LoadReport {
  std::size_t n = 0;          ///< requests
  std::size_t n_whole = 0;    ///< answered to the end
  std::size_t n_refused = 0;  ///< 429 or 503
  std::size_t n_failed = 0;   ///< all others
  std::size_t n_good = 0;     ///< whole, and as promised
  double seconds = 0;         ///< from the first request to the last answer
  double planned_s = 0;       ///< from the first request's time to the last one's
  std::int64_t n_prompt = 0;  ///< tokens, as the others
  std::int64_t n_cached = 0;
  std::int64_t n_new = 0;
  Spread first = {};  ///< of whole answers, as the next two
  Spread gap = {};
  Spread whole = {};
  Spread refusal = {};   ///< until it came
  double late_s = 0;     ///< 99 % of the requests were sent no later than so after their time
  double cpu_share = 0;  ///< of one processor, that this program took
};

LoadReport make_report(std::span<const api::LoadResult> results, const Promise& promise,
                       double cpu_s);

std::string as_table(const LoadReport& report);
boost::json::object as_json(const LoadReport& report);

/// The distributions of the times to the first token and between tokens, as curves.
std::string as_svg(std::span<const api::LoadResult> results);

}  // namespace mr::app
