#include "engine/footprint.h"

#include <algorithm>
#include <limits>

#include "base/checked.h"

namespace mr::engine {
namespace {

/// The program and its tokenizer, estimated: 14 MB with the 8192 tokens of the shipped model.
constexpr std::uint64_t kProgramBytes = 16U << 20;
constexpr std::uint64_t kTokenBytes = 512;

/// The largest n of [1, most] that `fits`, which holds up to some number; 0 where not even 1 does.
template <typename Fits>
std::int32_t largest(std::int32_t most, const Fits& fits) {
  std::int32_t low = 0;
  std::int32_t high = most;
  while (low < high) {
    const std::int32_t middle = high - (high - low) / 2;
    fits(middle) ? low = middle : high = middle - 1;
  }
  return low;
}

/// `options` with the longest context that fits, in whole pages.
std::optional<Options> shorter(const Sketch& sketch, Options options, std::uint64_t bytes) {
  const std::int32_t n_pages = largest(kv::pages_for(options.n_context), [&](std::int32_t n) {
    Options tried = options;
    tried.n_context = std::min(n * kv::kPagePositions, options.n_context);
    return bytes_needed(sketch, tried) <= bytes;
  });
  if (n_pages == 0) return std::nullopt;
  options.n_context = std::min(n_pages * kv::kPagePositions, options.n_context);
  return options;
}

/// `options` with as many requests as fit.
std::optional<Options> fewer(const Sketch& sketch, Options options, std::uint64_t bytes) {
  options.n_parallel = largest(options.n_parallel, [&](std::int32_t n) {
    Options tried = options;
    tried.n_parallel = n;
    return bytes_needed(sketch, tried) <= bytes;
  });
  if (options.n_parallel == 0) return std::nullopt;
  return options;
}

std::int64_t positions(const std::optional<Options>& options) {
  return options ? std::int64_t{options->n_context} * options->n_parallel : 0;
}

}  // namespace

Expected<Sketch> sketch(const model::Source& source, const kern::Table& level, model::Bits bits) {
  Sketch made;
  made.counter = kern::make_counter(level);
  MR_TRY(made.model, model::load(source, made.counter->device, {}, bits));
  made.weight_bytes = made.counter->bytes;
  return made;
}

Expected<Footprint> footprint(const Sketch& sketch, const Options& options) {
  MR_TRY(const std::size_t kv, kv_bytes(sketch.model, options));
  const model::StepLimits limits = step_limits(options);
  MR_TRY(const auto workspace, model::make_workspace(sketch.model, limits));
  return Footprint{.weights = sketch.weight_bytes,
                   .kv = kv,
                   .activations = sketch.counter->bytes - sketch.weight_bytes +
                                  workspace.logits.bytes};  // copied to the host
}

std::uint64_t bytes_needed(const Sketch& sketch, const Options& options) {
  const auto of = footprint(sketch, options);
  if (!of) return std::numeric_limits<std::uint64_t>::max();
  const auto n_vocab = static_cast<std::uint64_t>(sketch.model.config.n_vocab);
  const std::uint64_t rest = of->weights + of->activations + kProgramBytes + kTokenBytes * n_vocab;
  return checked::add(rest, of->kv).value_or(std::numeric_limits<std::uint64_t>::max());
}

std::optional<Options> nearest_fit(const Sketch& sketch, const Options& wanted,
                                   std::uint64_t bytes) {
  Options small = wanted;
  if (small.kv_type == DType::f32) small.kv_type = DType::f16;
  if (bytes_needed(sketch, small) <= bytes) return small;
  const auto with_fewer = fewer(sketch, small, bytes);
  const auto with_shorter = shorter(sketch, small, bytes);
  if (with_fewer || with_shorter) {
    return positions(with_fewer) > positions(with_shorter) ? with_fewer : with_shorter;
  }
  small.n_parallel = 1;
  return shorter(sketch, small, bytes);
}

}  // namespace mr::engine
