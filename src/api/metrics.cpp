#include "api/metrics.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

namespace mr::api {
namespace {

constexpr std::array kFirstToken{.001, .005, .01, .02, .04, .06, .08, .1,  .25,  .5,   .75,
                                 1.,   2.5,  5.,  7.5, 10., 20., 40., 80., 160., 640., 2560.};
constexpr std::array kGap{.01, .025, .05, .075, .1,  .15, .2,  .3,  .4, .5,
                          .75, 1.,   2.5, 5.,   7.5, 10., 20., 40., 80.};
constexpr std::array kRequest{.3,  .5,  .8,  1.,  1.5,  2.,   2.5,  5.,   10.,   15.,  20.,
                              30., 40., 50., 60., 120., 240., 480., 960., 1920., 7680.};
constexpr std::array kTokens{1.,    2.,    5.,    10.,    20.,    50.,    100.,    200.,   500.,
                             1000., 2000., 5000., 10000., 20000., 50000., 100000., 200000.};
constexpr std::array kChoices{1., 2., 5., 10., 20.};

void observe(Metrics& metrics, const char* name, std::span<const double> bounds, double value) {
  Histogram& h = metrics.histograms.try_emplace(name, Histogram{.bounds = bounds}).first->second;
  h.counts.resize(bounds.size() + 1);
  const auto place = std::ranges::lower_bound(bounds, value) - bounds.begin();
  ++h.counts[static_cast<std::size_t>(place)];
  h.sum += value;
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.12g", value);
  return text.data();
}

/// A label's value, escaped as the format wants it.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out;
}

struct Page {
  std::string text = {};
  std::string labels;
};

void head(Page& page, const std::string& name, const char* type) {
  page.text += "# TYPE " + name + " " + type + "\n";
}

void line(Page& page, const std::string& name, double value, const std::string& more = {}) {
  page.text += name + "{" + page.labels + more + "} " + number(value) + "\n";
}

void gauge(Page& page, const char* name, double value) {
  head(page, name, "gauge");
  line(page, name, value);
}

void counter(Page& page, const char* name, double value) {
  head(page, name, "counter");
  line(page, name, value);
}

void by_label(Page& page, const char* name, const char* label,
              const std::map<std::string, std::uint64_t>& values) {
  head(page, name, "counter");
  for (const auto& [key, value] : values) {
    line(page, name, static_cast<double>(value), "," + std::string(label) + "=\"" + key + "\"");
  }
}

void histogram(Page& page, const std::string& name, const Histogram& h) {
  head(page, name, "histogram");
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < h.counts.size(); ++i) {
    n += h.counts[i];
    const std::string bound = i < h.bounds.size() ? number(h.bounds[i]) : "+Inf";
    line(page, name + "_bucket", static_cast<double>(n), ",le=\"" + bound + "\"");
  }
  line(page, name + "_sum", h.sum);
  line(page, name + "_count", static_cast<double>(n));
}

}  // namespace

void record(Metrics& metrics, const Measured& m) {
  const std::lock_guard lock(metrics.mutex);
  ++metrics.finished[m.finish];
  metrics.n_prompt += static_cast<std::uint64_t>(m.n_prompt);
  metrics.n_cached += static_cast<std::uint64_t>(m.n_cached);
  metrics.n_generated += static_cast<std::uint64_t>(m.n_completion);
  if (m.first_token_s >= 0) {
    observe(metrics, "vllm:time_to_first_token_seconds", kFirstToken, m.first_token_s);
    observe(metrics, "vllm:request_decode_time_seconds", kRequest, m.whole_s - m.first_token_s);
  }
  for (const double gap : m.gaps_s) {
    observe(metrics, "vllm:inter_token_latency_seconds", kGap, gap);
  }
  observe(metrics, "vllm:e2e_request_latency_seconds", kRequest, m.whole_s);
  observe(metrics, "vllm:request_prompt_tokens", kTokens, m.n_prompt);
  observe(metrics, "vllm:request_generation_tokens", kTokens, m.n_completion);
  observe(metrics, "vllm:request_params_n", kChoices, m.n_choices);
  observe(metrics, "vllm:request_params_max_tokens", kTokens, m.n_max);
}

void record_rejection(Metrics& metrics, const std::string& reason) {
  const std::lock_guard lock(metrics.mutex);
  ++metrics.rejected[reason];
}

std::string page_of(Metrics& metrics, const Gauges& g, std::int32_t page_positions,
                    const std::string& model) {
  Page page{.labels = "model_name=\"" + escaped(model) + "\",engine=\"0\""};
  const std::lock_guard lock(metrics.mutex);
  gauge(page, "vllm:num_requests_running", g.n_running);
  gauge(page, "vllm:num_requests_waiting", g.n_waiting);
  const std::int32_t n_used = g.n_pages - g.n_free_pages;
  gauge(page, "vllm:kv_cache_usage_perc",
        g.n_pages > 0 ? static_cast<double>(n_used) / g.n_pages : 0);
  head(page, "vllm:cache_config_info", "gauge");
  line(page, "vllm:cache_config_info", 1,
       ",block_size=\"" + std::to_string(page_positions) + "\",num_gpu_blocks=\"" +
           std::to_string(g.n_pages) + "\",enable_prefix_caching=\"True\"");
  head(page, "vllm:lora_requests_info", "gauge");
  line(page, "vllm:lora_requests_info", 0,
       ",max_lora=\"0\",running_lora_adapters=\"\",waiting_lora_adapters=\"\"");
  counter(page, "vllm:prompt_tokens_total", static_cast<double>(metrics.n_prompt));
  counter(page, "vllm:generation_tokens_total", static_cast<double>(metrics.n_generated));
  counter(page, "vllm:prefix_cache_queries_total", static_cast<double>(metrics.n_prompt));
  counter(page, "vllm:prefix_cache_hits_total", static_cast<double>(metrics.n_cached));
  by_label(page, "vllm:request_success_total", "finished_reason", metrics.finished);
  by_label(page, "vllm:admission_rejections_total", "reason", metrics.rejected);
  for (const auto& [name, h] : metrics.histograms) histogram(page, name, h);
  counter(page, "millrace_steps_total", static_cast<double>(g.counts.steps));
  counter(page, "millrace_rows_total", static_cast<double>(g.counts.rows));
  counter(page, "millrace_tokens_total", static_cast<double>(g.counts.tokens));
  counter(page, "millrace_step_failures_total", static_cast<double>(g.n_failures));
  gauge(page, "millrace_tokens_per_weight_load",
        g.counts.steps > 0
            ? static_cast<double>(g.counts.tokens) / static_cast<double>(g.counts.steps)
            : 0);
  gauge(page, "millrace_pages_free", g.n_free_pages);
  gauge(page, "millrace_pages_stored", g.n_stored_pages);
  return std::move(page.text);
}

}  // namespace mr::api
