#include "model/finite.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>

#include "base/quote.h"
#include "kern/ref/finite.h"
#include "kern/simd/parallel.h"
#include "sys/file_state.h"

namespace mr::model {
namespace {

constexpr std::uint64_t kGrain = 1U << 20;        // elements that are worth a thread
constexpr std::uint64_t kPieceBytes = 64U << 20;  // of the file in memory at a time

Expected<void> check(const std::string& name, const TensorView& view, const kern::Device& device) {
  if (elements(view) == 0) return {};
  const auto n_rows = static_cast<std::int64_t>(rows(view));
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> first{kNone};
  const auto unit = static_cast<std::int64_t>(kGrain / columns(view) + 1);
  const std::uint64_t row_size = row_bytes(view.type, columns(view));
  const auto piece =
      static_cast<std::int64_t>(kPieceBytes / std::max<std::uint64_t>(row_size, 1) + 1);
  for (std::int64_t at = 0; at < n_rows && first == kNone; at += piece) {
    const std::int64_t n = std::min(piece, n_rows - at);
    kern::shares(device, n, unit, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = at + begin; r < at + end; ++r) {
        const std::byte* from = row(view, static_cast<std::uint64_t>(r));
        if (kern::ref::all_finite(view.type, from, columns(view))) continue;
        std::int64_t old = first.load();
        while (r < old && !first.compare_exchange_weak(old, r)) {
        }
        return;
      }
    });
    sys::let_go({row(view, static_cast<std::uint64_t>(at)),
                 static_cast<std::size_t>(row_size * static_cast<std::uint64_t>(n))});
  }
  if (first == kNone) return {};
  return fail(Fault::bad_model, quote(name) +
                                    ": wanted finite numbers, found NaN or infinity in row " +
                                    std::to_string(first.load()));
}

}  // namespace

Expected<void> check_finite(const Source& source, const kern::Device& device) {
  const auto each = [&](const auto& tensors) -> Expected<void> {
    for (const auto& tensor : tensors) {
      MR_TRY_VOID(check(tensor.name, tensor.view, device));
    }
    return {};
  };
  return source.gguf != nullptr ? each(source.gguf->tensors)
                                : each(source.checkpoint->weights.tensors);
}

}  // namespace mr::model
