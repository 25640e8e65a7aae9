#include "app/context_size.h"

#include <cstdio>
#include <string>

#include "sys/memory.h"

namespace mr::app {
namespace {

bool fits(const model::Model& model, engine::Options options, std::int32_t n_context,
          std::uint64_t bytes) {
  options.n_context = n_context;
  return bytes == 0 || engine::kv_bytes(model, options) <= bytes;
}

/// The largest power of two whose KV cache takes at most `bytes`, but at least one page.
std::int32_t largest_fitting(const model::Model& model, const engine::Options& options,
                             std::uint64_t bytes) {
  std::int32_t n_context = 1 << 28;
  while (n_context > kv::kPagePositions && !fits(model, options, n_context, bytes)) {
    n_context /= 2;
  }
  return n_context;
}

}  // namespace

Expected<std::int32_t> context_size(const model::Model& model, const engine::Options& options) {
  const std::uint64_t available = sys::available_memory();
  if (options.n_context > 0) {
    if (fits(model, options, options.n_context, available)) return options.n_context;
    return fail(Fault::does_not_fit,
                "context: wanted " + std::to_string(options.n_context) +
                    " positions, found memory for " +
                    std::to_string(largest_fitting(model, options, available)));
  }
  const std::int32_t own = model.config.n_context;
  if (fits(model, options, own, available / 2)) return own;
  const std::int32_t reduced = largest_fitting(model, options, available / 2);
  std::fprintf(stderr, "millrace: context of %d positions, the model's %d would not fit\n", reduced,
               own);
  return reduced;
}

}  // namespace mr::app
