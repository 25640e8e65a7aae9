#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "api/loop.h"

/// Figures for Prometheus, by vLLM's names and our own. Source: vLLM's metrics, text format 0.0.4.
namespace mr::api {

struct Histogram {
  std::span<const double> bounds;          ///< rising
  std::vector<std::uint64_t> counts = {};  ///< (bounds + 1) the last: above all of them
  double sum = 0;
};

/// What is counted of a request when it has ended. Units: seconds.
struct Measured {
  std::string finish;  ///< stop, length, abort, error
  std::int32_t n_prompt = 0;
  std::int32_t n_cached = 0;
  std::int32_t n_completion = 0;
  std::int32_t n_choices = 1;
  std::int32_t n_max = 0;
  double first_token_s = -1;  ///< below 0: there was none
  double whole_s = 0;
  std::vector<double> gaps_s = {};  ///< between steps that gave tokens
};

/// Threads: any.
struct Metrics {
  std::mutex mutex;
  std::map<std::string, std::uint64_t> finished;
  std::map<std::string, std::uint64_t> rejected;  ///< by reason
  std::uint64_t n_prompt = 0;
  std::uint64_t n_generated = 0;
  std::uint64_t n_cached = 0;
  std::map<std::string, Histogram> histograms;
};

void record(Metrics& metrics, const Measured& measured);
void record_rejection(Metrics& metrics, const std::string& reason);

/// The page of /metrics.
std::string page_of(Metrics& metrics, const Gauges& gauges, std::int32_t page_positions,
                    const std::string& model);

}  // namespace mr::api
