#include "api/metrics.h"

#include <algorithm>
#include <array>
#include <cstdio>

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
constexpr std::array kChoiceBounds{1., 2., 5., 10., 20.};

/// The histograms of requests with their bounds.
struct Named {
  const char* name;
  std::span<const double> bounds;
};
constexpr std::array kHistograms{
    Named{"vllm:time_to_first_token_seconds", kFirstToken},
    Named{"vllm:inter_token_latency_seconds", kGap},
    Named{"vllm:e2e_request_latency_seconds", kRequest},
    Named{"vllm:request_queue_time_seconds", kRequest},
    Named{"vllm:request_prefill_time_seconds", kRequest},
    Named{"vllm:request_decode_time_seconds", kRequest},
    Named{"vllm:request_inference_time_seconds", kRequest},
    Named{"vllm:request_prompt_tokens", kTokens},
    Named{"vllm:request_generation_tokens", kTokens},
    Named{"vllm:request_max_num_generation_tokens", kTokens},
    Named{"vllm:request_params_max_tokens", kTokens},
    Named{"vllm:request_params_n", kChoiceBounds},
};

void observe(Metrics& metrics, const char* name, double value) {
  observe(metrics.histograms.at(name), value);
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

/// vLLM's counters of speculation, a line for each proposer.
void speculation(Page& page, const Gauges& g) {
  const auto each = [&](const char* name, auto&& value) {
    head(page, name, "counter");
    for (const ProposerGauges& proposer : g.proposers) {
      line(page, name, static_cast<double>(value(proposer.tally)),
           ",method=\"" + std::string(proposer.name) + "\"");
    }
  };
  using spec::Tally;
  each("vllm:spec_decode_num_drafts_total", [](const Tally& t) { return t.n_drafts; });
  each("vllm:spec_decode_num_draft_tokens_total", [](const Tally& t) { return t.n_computed; });
  each("vllm:spec_decode_num_accepted_tokens_total", [](const Tally& t) { return t.n_accepted; });
  each("millrace_spec_seconds_total", [](const Tally& t) { return 1e-6 * t.us; });
  const char* name = "vllm:spec_decode_num_accepted_tokens_per_pos_total";
  head(page, name, "counter");
  for (const ProposerGauges& proposer : g.proposers) {
    for (std::size_t i = 0; i < proposer.tally.accepted_at.size(); ++i) {
      line(page, name, static_cast<double>(proposer.tally.accepted_at[i]),
           ",method=\"" + std::string(proposer.name) + "\",position=\"" + std::to_string(i) + "\"");
    }
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

constexpr std::array kKindNames{"full", "window"};
static_assert(kKindNames.size() == kv::kKinds);

double share_of(std::int32_t n, std::int32_t all) {
  return all > 0 ? static_cast<double>(n) / all : 0;
}

/// What runs now, and the cache.
void add_state(Page& page, const Gauges& g) {
  const Pages& pages = g.pages[static_cast<std::size_t>(kv::Kind::full)];
  gauge(page, "vllm:num_requests_running", g.n_running);
  gauge(page, "vllm:num_requests_waiting", g.n_waiting);
  gauge(page, "vllm:kv_cache_usage_perc", share_of(pages.n - pages.n_free - pages.n_idle, pages.n));
  head(page, "vllm:cache_config_info", "gauge");
  line(page, "vllm:cache_config_info", 1,
       ",block_size=\"" + std::to_string(kv::kPagePositions) + "\",num_gpu_blocks=\"" +
           std::to_string(pages.n) + "\",enable_prefix_caching=\"True\"");
  head(page, "vllm:lora_requests_info", "gauge");
  line(page, "vllm:lora_requests_info", 0,
       ",max_lora=\"0\",running_lora_adapters=\"\",waiting_lora_adapters=\"\"");
  counter(page, "vllm:num_preemptions_total", static_cast<double>(g.n_preempted));
}

void add_requests(Page& page, const Metrics& metrics) {
  counter(page, "vllm:prompt_tokens_total", static_cast<double>(metrics.n_prompt));
  counter(page, "vllm:generation_tokens_total", static_cast<double>(metrics.n_generated));
  counter(page, "vllm:prefix_cache_queries_total", static_cast<double>(metrics.n_prompt));
  counter(page, "vllm:prefix_cache_hits_total", static_cast<double>(metrics.n_cached));
  counter(page, "vllm:corrupted_requests_total", static_cast<double>(metrics.n_corrupted));
  by_label(page, "vllm:request_success_total", "finished_reason", metrics.finished);
  by_label(page, "vllm:admission_rejections_total", "reason", metrics.rejected);
  std::map<std::string, std::uint64_t> missed;
  for (std::size_t i = 0; i < sched::kMisses; ++i) {
    missed.emplace(name_of(static_cast<sched::Miss>(i)), metrics.n_missed[i]);
  }
  by_label(page, "millrace_prefix_missed_tokens_total", "reason", missed);
  for (const auto& [name, h] : metrics.histograms) histogram(page, name, h);
}

void add_own(Page& page, const Gauges& g, const StepCost& cost, const StepFigures& figures) {
  histogram(page, "vllm:iteration_tokens_total", figures.tokens);
  histogram(page, "vllm:kv_block_lifetime_seconds", figures.page_lifetime);
  histogram(page, "vllm:kv_block_idle_before_evict_seconds", figures.page_idle);
  histogram(page, "vllm:kv_block_reuse_gap_seconds", figures.page_reuse);
  counter(page, "millrace_steps_total", static_cast<double>(g.counts.steps));
  counter(page, "millrace_rows_total", static_cast<double>(g.counts.rows));
  counter(page, "millrace_tokens_total", static_cast<double>(g.counts.tokens));
  counter(page, "millrace_step_failures_total", static_cast<double>(g.n_failures));
  counter(page, "millrace_busy_seconds_total", figures.busy_s);
  const auto steps = static_cast<double>(g.counts.steps);
  gauge(page, "millrace_tokens_per_weight_load",
        steps > 0 ? static_cast<double>(g.counts.tokens) / steps : 0);
  gauge(page, "millrace_memory_share", memory_share(figures, cost));
  gauge(page, "millrace_compute_share", compute_share(figures));
  head(page, "millrace_pages", "gauge");
  for (std::size_t i = 0; i < kv::kKinds; ++i) {
    const Pages& pages = g.pages[i];
    const std::string kind = std::string(",kind=\"") + kKindNames[i] + "\",owner=\"";
    line(page, "millrace_pages", pages.n_free, kind + "nobody\"");
    line(page, "millrace_pages", pages.n_idle, kind + "prefixes\"");
    line(page, "millrace_pages", pages.n - pages.n_free - pages.n_idle, kind + "requests\"");
  }
}

}  // namespace

std::map<std::string, Histogram> first_histograms() {
  std::map<std::string, Histogram> all;
  for (const Named& one : kHistograms) all.emplace(one.name, make_histogram(one.bounds));
  return all;
}

std::string_view name_of(sched::Miss miss) {
  constexpr std::array<std::string_view, sched::kMisses> kNames{
      "last_token", "not_stored", "stored_ends", "diverges", "evicted", "asked"};
  return kNames[static_cast<std::size_t>(miss)];
}

void record(Metrics& metrics, const Measured& m) {
  const std::lock_guard lock(metrics.mutex);
  ++metrics.finished[m.finish];
  if (m.corrupted) ++metrics.n_corrupted;
  metrics.n_prompt += static_cast<std::uint64_t>(m.n_prompt);
  metrics.n_cached += static_cast<std::uint64_t>(m.n_cached);
  metrics.n_generated += static_cast<std::uint64_t>(m.n_completion);
  for (std::size_t i = 0; i < sched::kMisses; ++i) {
    metrics.n_missed[i] += static_cast<std::uint64_t>(m.n_missed[i]);
  }
  if (m.begun_s >= 0) {
    observe(metrics, "vllm:request_queue_time_seconds", m.begun_s);
    observe(metrics, "vllm:request_inference_time_seconds", m.whole_s - m.begun_s);
  }
  if (m.first_token_s >= 0) {
    observe(metrics, "vllm:time_to_first_token_seconds", m.first_token_s);
    observe(metrics, "vllm:request_prefill_time_seconds",
            m.first_token_s - std::max(m.begun_s, 0.0));
    observe(metrics, "vllm:request_decode_time_seconds", m.whole_s - m.first_token_s);
  }
  for (const double gap : m.gaps_s) observe(metrics, "vllm:inter_token_latency_seconds", gap);
  observe(metrics, "vllm:e2e_request_latency_seconds", m.whole_s);
  observe(metrics, "vllm:request_prompt_tokens", m.n_prompt);
  observe(metrics, "vllm:request_generation_tokens", m.n_completion);
  observe(metrics, "vllm:request_max_num_generation_tokens", m.n_longest);
  observe(metrics, "vllm:request_params_n", m.n_choices);
  observe(metrics, "vllm:request_params_max_tokens", m.n_max);
}

void record_rejection(Metrics& metrics, const std::string& reason) {
  const std::lock_guard lock(metrics.mutex);
  ++metrics.rejected[reason];
}

std::string page_of(Metrics& metrics, Loop& loop, const std::string& model) {
  Page page{.labels = "model_name=\"" + escaped(model) + "\",engine=\"0\""};
  const Gauges state = gauges(loop);
  add_state(page, state);
  {
    const std::lock_guard lock(metrics.mutex);
    add_requests(page, metrics);
  }
  speculation(page, state);
  add_own(page, state, loop.cost, figures(loop));
  return std::move(page.text);
}

}  // namespace mr::api
