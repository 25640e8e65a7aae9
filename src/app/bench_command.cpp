#include "app/bench_command.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <iterator>

#include "app/exit.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "app/work_limit.h"
#include "engine/forecast.h"
#include "engine/speed.h"
#include "sys/limits.h"

namespace mr::app {
namespace {

struct Result {
  engine::SpeedTest test;
  engine::Speed speed;
  kern::Work work;  ///< of a step; of a prompt all its steps
};

/// What a result comes to beside the limits.
struct Figures {
  double tok_s = 0;
  double gb_s = 0, gb_s_limit = 0;
  double tops = 0, tops_limit = 0;
  double share = 0;  ///< of the limit that is nearer
  double tokens_per_weight_load = 0;
};

std::vector<engine::SpeedTest> tests_of(const BenchArgs& args) {
  std::vector<engine::SpeedTest> tests;
  for (const std::int32_t n : args.n_prompt) {
    if (n > 0) tests.push_back({.is_prefill = true, .n_rows = n, .n_times = args.n_prompts});
  }
  if (args.n_new == 0) return tests;
  for (const std::int32_t depth : args.depth) {
    for (const std::int32_t n : args.n_rows) {
      tests.push_back({.n_rows = n, .depth = depth, .n_times = args.n_new});
    }
  }
  return tests;
}

/// The largest of what the tests need, so that it is known to fit before anything runs.
engine::Options largest(const std::vector<engine::SpeedTest>& tests, DType kv_type) {
  engine::Options all{.n_context = 1, .n_step_rows = 1, .kv_type = kv_type};
  for (const engine::SpeedTest& test : tests) {
    const engine::Options one = engine::options_of(test, kv_type);
    all.n_context = std::max(all.n_context, one.n_context);
    all.n_parallel = std::max(all.n_parallel, one.n_parallel);
    all.n_running = std::max(all.n_running, one.n_running);
    all.n_step_rows = std::max(all.n_step_rows, one.n_step_rows);
  }
  return all;
}

/// Bytes as in the file and products of a test, counted by a model that is only a sketch.
Expected<kern::Work> work_of(const engine::Sketch& as_stored, const engine::SpeedTest& test,
                             const engine::Options& options) {
  if (!test.is_prefill) {
    const std::int32_t seen = test.depth + (test.n_times + 1) / 2;
    return engine::count(as_stored,
                         {.n_rows = test.n_rows, .n_logit_rows = test.n_rows, .n_attended = seen},
                         options);
  }
  kern::Work sum;
  for (std::int32_t begin = 0; begin < test.n_rows; begin += options.n_step_rows) {
    const std::int32_t n = std::min(options.n_step_rows, test.n_rows - begin);
    MR_TRY(const kern::Work one, engine::count(as_stored,
                                               {.n_rows = n,
                                                .n_logit_rows = begin + n == test.n_rows ? 1 : 0,
                                                .n_attended = begin + n / 2},
                                               options));
    for (std::size_t t = 0; t < sum.weight_macs.size(); ++t) {
      sum.weight_macs[t] += one.weight_macs[t];
    }
    sum.attention_macs += one.attention_macs;
    sum.weight_bytes += one.weight_bytes;
    sum.kv_bytes += one.kv_bytes / n;  // the rows of a prompt share what they attend to
  }
  return sum;
}

Figures figures_of(const Result& result, const sys::Limits& limits) {
  double macs = result.work.attention_macs;
  for (const double of_type : result.work.weight_macs) macs += of_type;
  const double seconds = seconds_at_limit(result.work, limits);
  const double time = result.speed.median;
  const bool is_prefill = result.test.is_prefill;
  const std::int32_t n = result.test.n_rows;
  const std::int32_t n_passes =
      is_prefill ? (n + engine::kPrefillRows - 1) / engine::kPrefillRows : 1;
  Figures f;
  f.tok_s = n / time;
  f.gb_s = (result.work.weight_bytes + result.work.kv_bytes) / time * 1e-9;
  f.gb_s_limit = limits.read.per_s * 1e-9;
  f.tops = 2 * macs / time * 1e-12;
  f.tops_limit = macs / seconds * 1e-12;
  f.share = std::max(f.gb_s / f.gb_s_limit, f.tops / f.tops_limit);
  f.tokens_per_weight_load = static_cast<double>(n) / n_passes;
  return f;
}

std::string name_of(const engine::SpeedTest& test) {
  const std::string n = std::to_string(test.n_rows);
  return test.is_prefill ? "prefill " + n : "decode " + n + " at " + std::to_string(test.depth);
}

void print(const Result& result, const Figures& f, bool json) {
  const engine::SpeedTest& test = result.test;
  if (json) {
    const boost::json::object line{
        {"test", name_of(test)},
        {"rows", test.is_prefill ? std::min(test.n_rows, engine::kPrefillRows) : test.n_rows},
        {"depth", test.depth},
        {"tok_s", f.tok_s},
        {"spread", result.speed.spread},
        {"gb_s", f.gb_s},
        {"gb_s_limit", f.gb_s_limit},
        {"tops", f.tops},
        {"tops_limit", f.tops_limit},
        {"share", f.share},
        {"tokens_per_weight_load", f.tokens_per_weight_load}};
    std::printf("%s\n", boost::json::serialize(line).c_str());
  } else {
    std::printf(
        "%-20s %9.1f tok/s +/- %2.0f %%  %6.1f of %.1f GB/s  %6.3f of %.2f TOPS  %3.0f %%\n",
        name_of(test).c_str(), f.tok_s, 50 * result.speed.spread, f.gb_s, f.gb_s_limit, f.tops,
        f.tops_limit, 100 * f.share);
  }
  std::fflush(stdout);
}

void keep_best(sys::Rate& best, const sys::Rate& rate) {
  if (rate.per_s > best.per_s) best = rate;
}

/// The best of several looks: a neighbour's load makes one of them low.
Expected<void> look_again(sys::Limits& limits, sys::Team& team) {
  MR_TRY(const sys::Limits more, sys::measure_limits(team));
  keep_best(limits.read, more.read);
  keep_best(limits.fp32, more.fp32);
  keep_best(limits.bf16, more.bf16);
  keep_best(limits.int8, more.int8);
  return {};
}

Expected<std::vector<Result>> measure(const BenchArgs& args, const Loaded& loaded,
                                      sys::Limits& limits) {
  MR_TRY(const Opened opened, open(args.load));
  MR_TRY(const engine::Sketch as_stored,
         engine::sketch(model::source(opened.file), kern::table(kern::Level::ref)));
  std::vector<Result> results;
  Progress progress = make_progress("bench, test");
  const auto tests = tests_of(args);
  for (const engine::SpeedTest& test : tests) {
    show(progress, std::ssize(results), std::ssize(tests), ", " + name_of(test));
    if (interrupted()) return fail(Fault::cancelled, "interrupted");
    MR_TRY_VOID(look_again(limits, *loaded.team));
    Result result{test, {}, {}};
    MR_TRY(result.speed, engine::measure_speed(loaded.model, test, args.kv_type));
    MR_TRY(result.work, work_of(as_stored, test, engine::options_of(test, args.kv_type)));
    results.push_back(result);
  }
  clear(progress);
  return results;
}

Expected<void> bench(const BenchArgs& args) {
  const auto tests = tests_of(args);
  if (tests.empty()) return fail(Fault::bad_request, "bench: wanted -p or -n above 0, found none");
  MR_TRY(const Loaded loaded, load(args.load, largest(tests, args.kv_type)));
  if (loaded.team == nullptr) {
    return fail(Fault::bad_request, "bench: wanted a level of the CPU, found cuda");
  }
  sys::Limits limits;
  MR_TRY(const auto results, measure(args, loaded, limits));
  MR_TRY_VOID(look_again(limits, *loaded.team));
  bool is_low = false;
  for (const Result& result : results) {
    const Figures f = figures_of(result, limits);
    print(result, f, args.json);
    is_low = is_low || f.share > 1;
  }
  if (is_low) {
    return fail(Fault::failed,
                "bench: wanted shares of at most 100 %, found more: "
                "the limits were measured low, or the model lies in the caches");
  }
  return {};
}

}  // namespace

int run_bench(const BenchArgs& args) {
  catch_interrupts();
  const auto done = bench(args);
  return done ? kOk : report(done.error());
}

}  // namespace mr::app
