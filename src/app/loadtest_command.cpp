#include "app/loadtest_command.h"

#include <sys/resource.h>

#include <boost/json/serialize.hpp>
#include <cstdio>

#include "app/exit.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "base/log.h"
#include "sys/out_file.h"

namespace mr::app {
namespace {

/// Processor time of this program so far.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Why the first request that failed did so: the others' reasons are mostly the same.
void tell_first_failure(std::span<const api::LoadResult> results) {
  for (const api::LoadResult& r : results) {
    if (r.error.empty() || r.status == 429 || r.status == 503) continue;
    log::say(log::Level::warning, "the first failure: HTTP %d, %s", r.status, r.error.c_str());
    return;
  }
}

Expected<void> write_svg(const std::string& path, std::span<const api::LoadResult> results) {
  MR_TRY(sys::OutFile file, sys::create(path));
  const std::string text = as_svg(results);
  MR_TRY_VOID(sys::append(file, std::as_bytes(std::span(text))));
  return sys::commit(file);
}

Expected<void> loadtest(const LoadtestArgs& args) {
  if (args.plan.trace.empty() == args.plan.mix.empty()) {
    return fail(Fault::bad_request, "loadtest: wanted one of --trace and --mix");
  }
  MR_TRY(api::LoadTarget target, api::parse_url(args.url));
  target.model = args.model;
  target.api_key = args.api_key;
  target.n_vocab = args.n_vocab;
  MR_TRY_VOID(api::look_up(target));
  MR_TRY(const auto requests, plan_load(args.plan, target.n_vocab));
  if (requests.empty()) return fail(Fault::bad_request, "loadtest: wanted requests, found none");
  Progress progress = make_progress("loadtest");
  const auto on_step = [&](std::size_t n_done) {
    show(progress, static_cast<std::int64_t>(n_done), static_cast<std::int64_t>(requests.size()),
         "");
    return !interrupted();
  };
  const double cpu_before = cpu_seconds();
  const auto results =
      api::run_load(target, requests, {.timeout_s = args.timeout_s, .on_step = on_step});
  clear(progress);
  if (!results) return tl::unexpected<Error>(results.error());
  const LoadReport report = make_report(*results, args.promise, cpu_seconds() - cpu_before);
  const std::string text =
      args.json ? boost::json::serialize(as_json(report)) + "\n" : as_table(report);
  std::fputs(text.c_str(), stdout);
  if (!args.svg.empty()) {
    MR_TRY_VOID(write_svg(args.svg, *results));
  }
  tell_first_failure(*results);
  if (report.n_failed == 0) return {};
  return fail(Fault::failed, std::to_string(report.n_failed) + " requests failed");
}

}  // namespace

int run_loadtest(const LoadtestArgs& args) {
  catch_interrupts();
  const auto done = loadtest(args);
  return done ? kOk : report(done.error());
}

}  // namespace mr::app
