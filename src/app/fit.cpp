#include "app/fit.h"

#include <algorithm>
#include <cstdio>

#include "base/log.h"
#include "base/size_text.h"

namespace mr::app {
namespace {

engine::Options with_context(engine::Options options, std::int32_t n_context) {
  options.n_context = n_context;
  return options;
}

std::string needed_text(const engine::Sketch& sketch, const engine::Options& options) {
  const auto of = engine::footprint(sketch, options);
  if (!of) return of.error().message;
  return "memory: wanted " + size_text(engine::bytes_needed(sketch, options)) + " (weights " +
         size_text(of->weights) + ", KV cache " + size_text(of->kv) + " for " +
         std::to_string(options.n_parallel) + " x " + std::to_string(options.n_context) +
         " positions of " + flag_text(options.kv_type) + ", activations " +
         size_text(of->activations) + ")";
}

}  // namespace

std::string flag_text(DType kv_type) {
  if (kv_type == DType::i8) return "int8";
  std::string text = traits(kv_type).name;
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string flags_text(const engine::Options& from, const engine::Options& to) {
  std::string text;
  const auto add = [&](const std::string& flag) { text += (text.empty() ? "" : " ") + flag; };
  if (to.n_context != from.n_context) add("--ctx-size " + std::to_string(to.n_context));
  if (to.n_parallel != from.n_parallel) add("--parallel " + std::to_string(to.n_parallel));
  if (to.kv_type != from.kv_type) add("--kv-type " + flag_text(to.kv_type));
  return text;
}

engine::Options chosen(const engine::Sketch& sketch, const engine::Options& wanted,
                       std::uint64_t available) {
  if (wanted.n_context > 0) return wanted;
  const engine::Options own = with_context(wanted, sketch.model.config.n_context);
  if (available == 0) return own;
  const std::uint64_t least =
      engine::bytes_needed(sketch, with_context(wanted, kv::kPagePositions));
  const std::uint64_t limit = least + (available - std::min(least, available)) / 2;
  if (engine::bytes_needed(sketch, own) <= limit) return own;
  std::int32_t n_context = kv::kPagePositions;
  while (engine::bytes_needed(sketch, with_context(wanted, 2 * n_context)) <= limit) n_context *= 2;
  log::say(log::Level::warning, "context of %d positions, the model's %d would not fit", n_context,
           own.n_context);
  return with_context(wanted, n_context);
}

Expected<void> check_fit(const engine::Sketch& sketch, const engine::Options& options,
                         std::uint64_t available) {
  if (available == 0 || engine::bytes_needed(sketch, options) <= available) return {};
  const auto nearest = engine::nearest_fit(sketch, options, available);
  return fail(Fault::does_not_fit,
              needed_text(sketch, options) + ", found " + size_text(available) +
                  (nearest ? "; this fits: " + flags_text(options, *nearest)
                           : "; no context, number of requests or cache type fits"));
}

}  // namespace mr::app
