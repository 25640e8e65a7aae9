#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "engine/engine.h"
#include "kern/counter.h"
#include "model/weights.h"

/// What a model and an engine over it take, known before anything is allocated: the model is loaded
/// onto a device that only counts.
namespace mr::engine {

/// A model of which only the sizes are there.
struct Sketch {
  std::unique_ptr<kern::Counter> counter;  ///< the model's device
  model::Model model;
  std::uint64_t weight_bytes = 0;  ///< packed, norms and biases included
};

/// Checks everything that loading checks. Errors: bad_model, as model::load.
Expected<Sketch> sketch(const model::Source& source, const kern::Table& level,
                        model::Bits bits = model::Bits::as_stored);

/// Memory by what fills it. Units: bytes.
struct Footprint {
  std::uint64_t weights = 0;
  std::uint64_t kv = 0;
  std::uint64_t activations = 0;  ///< of one step, with the host's copy of the logits
};

/// Errors: does_not_fit where a size cannot even be counted.
Expected<Footprint> footprint(const Sketch& sketch, const Options& options);

/// Memory that an engine needs in all, with what the program itself takes; the largest number there
/// is where a size cannot even be counted.
std::uint64_t bytes_needed(const Sketch& sketch, const Options& options);

/// The options nearest to `wanted` that need at most `bytes`: the f16 cache instead of f32 where
/// that is enough; else, with it, fewer requests of that length or a shorter context, whichever
/// leaves more positions in all; else less of both. Nothing where not even one page fits.
std::optional<Options> nearest_fit(const Sketch& sketch, const Options& wanted,
                                   std::uint64_t bytes);

}  // namespace mr::engine
