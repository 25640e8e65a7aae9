#include "app/batch_command.h"

#include <chrono>
#include <cstdio>

#include "app/exit.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "app/share.h"
#include "base/log.h"
#include "sys/line_file.h"

namespace mr::app {
namespace {

using Clock = std::chrono::steady_clock;

Expected<std::int64_t> count_lines(const ServiceArgs& args, const std::string& path) {
  MR_TRY(sys::LineReader reader, sys::open_lines(path));
  for (std::int64_t n = 0;; ++n) {
    MR_TRY(const auto line, sys::next_line(reader, args.limits.body_bytes));
    if (!line) return n;
  }
}

Expected<void> batch(const BatchArgs& args) {
  MR_TRY(const std::int64_t n_lines, count_lines(args.service, args.files.in));
  MR_TRY(const Loaded loaded, load_service(args.service));
  api::Service service;
  MR_TRY_VOID(start_service(service, loaded, args.service));
  const auto start = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  Progress progress = make_progress("batch");
  const auto on_step = [&](const api::BatchCounts& counts) {
    const double s = seconds();
    const double rate = s > 0 ? static_cast<double>(counts.n_tokens) / s : 0;
    char note[64];
    std::snprintf(note, sizeof note, ", %.0f tokens/s", rate);
    show(progress, counts.n_before + counts.n_done, n_lines, note);
    return !interrupted();
  };
  const auto done = api::run_batch(service, args.files, on_step);
  clear(progress);
  if (!done) return tl::unexpected<Error>(done.error());
  const engine::Counts engine = api::gauges(*service.loop).counts;
  const double rate = seconds() > 0 ? static_cast<double>(done->n_tokens) / seconds() : 0;
  log::say(log::Level::info,
           "%lld answered, %lld of them with errors, %lld from before; "
           "%lld tokens, %.1f a second, %.2f per weight load",
           static_cast<long long>(done->n_done), static_cast<long long>(done->n_refused),
           static_cast<long long>(done->n_before), static_cast<long long>(done->n_tokens), rate,
           share(engine.tokens, engine.steps));
  return {};
}

}  // namespace

int run_batch(const BatchArgs& args) {
  catch_interrupts();
  const auto done = batch(args);
  return done ? kOk : report(done.error());
}

}  // namespace mr::app
