#include "app/plan_command.h"

#include <boost/json.hpp>
#include <cstdio>

#include "app/drafts.h"
#include "app/exit.h"
#include "app/fit.h"
#include "base/quote.h"
#include "base/size_text.h"
#include "base/utf8.h"
#include "engine/forecast.h"

namespace mr::app {
namespace {

namespace bj = boost::json;

/// Everything that is printed.
struct Plan {
  Opened model;
  engine::Options options;
  engine::Footprint footprint;
  std::uint64_t drafts = 0;     ///< bytes of the models that draft
  std::uint64_t needed = 0;     ///< bytes in all
  std::uint64_t available = 0;  ///< bytes; 0: unknown
  std::optional<Error> misfit;
  std::optional<engine::Options> nearest;  ///< where it does not fit
  std::optional<sys::Limits> limits;       ///< of CPU levels, where it fits
  std::optional<engine::Forecast> speed;   ///< likewise
};

/// Measures this machine and forecasts.
Expected<void> add_speed(Plan& plan, int n_threads) {
  MR_TRY(const auto team, sys::make_team(n_threads));
  MR_TRY(plan.limits, sys::measure_limits(*team));
  const kern::Device device = kern::cpu_device(plan.model.level, *team);
  MR_TRY(plan.speed, engine::forecast(plan.model.sketch, plan.options, device, *plan.limits));
  return {};
}

Expected<Plan> make_plan(const PlanArgs& args) {
  Plan plan;
  MR_TRY(plan.model, open(args.load));
  const engine::Sketch& sketch = plan.model.sketch;
  plan.available = available_memory(plan.model.level);
  MR_TRY(const spec::Settings spec, speculation(args.spec));
  plan.options = chosen(sketch,
                        {.n_context = args.n_context,
                         .n_parallel = args.n_parallel,
                         .n_running = args.n_parallel,
                         .kv_type = args.kv_type,
                         .spec = spec},
                        plan.available);
  MR_TRY(plan.footprint, engine::footprint(sketch, plan.options));
  MR_TRY(const std::vector<Opened> drafts, open_drafts(args.load, spec));
  MR_TRY(plan.drafts, draft_bytes(plan.model, drafts, plan.options));
  plan.needed = engine::bytes_needed(sketch, plan.options) + plan.drafts;
  const std::uint64_t left = beside(plan.available, plan.drafts);
  const auto fits = check_fit(sketch, plan.options, left);
  if (!fits) {
    plan.misfit = fits.error();
    plan.nearest = engine::nearest_fit(sketch, plan.options, left);
  } else if (plan.model.level != kern::Level::cuda) {
    MR_TRY_VOID(add_speed(plan, args.load.n_threads));
  }
  return plan;
}

double per_second(std::int32_t n_rows, const engine::StepTime& time) {
  return n_rows / engine::seconds(time);
}

void print_speed(const engine::Forecast& speed, const sys::Limits& limits,
                 const engine::Options& options) {
  const auto line = [](const char* what, std::int32_t n_rows, const engine::StepTime& time) {
    std::printf("  %-28s %10.1f tok/s  (a step of %d rows: memory %.3f ms, products %.3f ms)\n",
                what, per_second(n_rows, time), n_rows, time.memory * 1e3, time.compute * 1e3);
  };
  std::printf("\nlimits of %d threads\n", limits.n_threads);
  std::printf("  memory read %.1f GB/s (%s)\n", limits.read.per_s * 1e-9, limits.read.by);
  const auto rate = [](const char* what, const sys::Rate& of) {
    if (of.per_s > 0) std::printf("  %s %.0f Gop/s (%s)\n", what, of.per_s * 1e-9, of.by);
  };
  rate("fp32", limits.fp32);
  rate("bf16", limits.bf16);
  rate("int8", limits.int8);
  std::printf("\nspeed expected\n");
  line("decode", speed.n_decode_rows, speed.decode);
  const std::string at_end = "decode after " + std::to_string(options.n_context);
  line(at_end.c_str(), speed.n_decode_rows, speed.decode_full);
  line("prefill", speed.n_prefill_rows, speed.prefill);
}

void print(const Plan& plan) {
  const engine::Options& options = plan.options;
  const engine::Footprint& of = plan.footprint;
  const auto line = [](const char* what, std::uint64_t bytes, const std::string& note) {
    std::printf("  %-12s %12s%s\n", what, size_text(bytes).c_str(), note.c_str());
  };
  std::printf("%s: %s, level %s\n\nmemory\n", quote(plan.model.files.weights).c_str(),
              plan.model.sketch.model.config.architecture.c_str(),
              kern::table(plan.model.level).name);
  line("weights", of.weights, "");
  line("KV cache", of.kv,
       "  " + std::to_string(options.n_parallel) + " x " + std::to_string(options.n_context) +
           " positions of " + flag_text(options.kv_type));
  line("activations", of.activations, "");
  if (plan.drafts > 0) line("drafts", plan.drafts, "  with their caches");
  line("program", plan.needed - of.weights - of.kv - of.activations - plan.drafts, "");
  line("in all", plan.needed,
       plan.available == 0 ? "" : "  of " + size_text(plan.available) + " that are free");
  if (plan.speed) print_speed(*plan.speed, *plan.limits, options);
}

bj::object options_json(const engine::Options& options) {
  return {{"ctx", options.n_context},
          {"parallel", options.n_parallel},
          {"kv_type", flag_text(options.kv_type)}};
}

bj::object limits_json(const sys::Limits& limits) {
  return {{"threads", limits.n_threads},
          {"read_bytes_s", limits.read.per_s},
          {"fp32_ops_s", limits.fp32.per_s},
          {"bf16_ops_s", limits.bf16.per_s},
          {"int8_ops_s", limits.int8.per_s}};
}

bj::object speed_json(const engine::Forecast& speed) {
  const auto each = [](std::int32_t n_rows, const engine::StepTime& time) {
    return bj::object{{"tok_s", per_second(n_rows, time)},
                      {"rows", n_rows},
                      {"memory_s", time.memory},
                      {"compute_s", time.compute}};
  };
  return {{"decode", each(speed.n_decode_rows, speed.decode)},
          {"decode_full", each(speed.n_decode_rows, speed.decode_full)},
          {"prefill", each(speed.n_prefill_rows, speed.prefill)}};
}

void print_json(const Plan& plan) {
  const engine::Footprint& of = plan.footprint;
  bj::object root{{"model", to_utf8(plan.model.files.weights)},
                  {"architecture", plan.model.sketch.model.config.architecture},
                  {"level", kern::table(plan.model.level).name},
                  {"options", options_json(plan.options)},
                  {"memory", bj::object{{"weights", of.weights},
                                        {"kv", of.kv},
                                        {"activations", of.activations},
                                        {"drafts", plan.drafts},
                                        {"needed", plan.needed},
                                        {"available", plan.available}}},
                  {"fits", !plan.misfit}};
  if (plan.nearest) root["nearest"] = options_json(*plan.nearest);
  if (plan.limits) root["limits"] = limits_json(*plan.limits);
  if (plan.speed) root["speed"] = speed_json(*plan.speed);
  std::printf("%s\n", bj::serialize(root).c_str());
}

}  // namespace

int run_plan(const PlanArgs& args) {
  const auto plan = make_plan(args);
  if (!plan) return report(plan.error());
  args.json ? print_json(*plan) : print(*plan);
  return plan->misfit ? report(*plan->misfit) : kOk;
}

}  // namespace mr::app
