#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "api/histogram.h"
#include "api/loop.h"

/// Figures for Prometheus, by vLLM's names and our own. Source: vLLM's metrics, text format 0.0.4.
namespace mr::api {

/// What is counted of a request when it has ended. Units: seconds.
struct Measured {
  std::string finish;  ///< stop, length, abort, error
  std::int32_t n_prompt = 0;
  std::int32_t n_cached = 0;
  std::array<std::int32_t, sched::kMisses> n_missed{};  ///< prompt tokens by why they were computed
  std::int32_t n_completion = 0;
  std::int32_t n_choices = 1;
  std::int32_t n_max = 0;
  std::int32_t n_longest = 0;  ///< tokens of the longest choice
  bool corrupted = false;      ///< its logits were no numbers
  double begun_s = -1;         ///< below 0: it never was
  double first_token_s = -1;   ///< below 0: there was none
  double whole_s = 0;
  std::vector<double> gaps_s = {};  ///< between steps that gave tokens
};

/// All histograms of requests, empty.
std::map<std::string, Histogram> first_histograms();

/// OpenAI's way of writing why a prompt missed.
std::string_view name_of(sched::Miss miss);

/// Threads: any.
struct Metrics {
  std::mutex mutex;
  std::map<std::string, std::uint64_t> finished;
  std::map<std::string, std::uint64_t> rejected;  ///< by reason
  std::uint64_t n_prompt = 0;
  std::uint64_t n_generated = 0;
  std::uint64_t n_cached = 0;
  std::array<std::uint64_t, sched::kMisses> n_missed{};  ///< tokens, by reason
  std::uint64_t n_corrupted = 0;                         ///< answers whose logits were no numbers
  std::map<std::string, Histogram> histograms = first_histograms();
};

void record(Metrics& metrics, const Measured& measured);
void record_rejection(Metrics& metrics, const std::string& reason);

/// The page of /metrics.
std::string page_of(Metrics& metrics, Loop& loop, const std::string& model);

}  // namespace mr::api
