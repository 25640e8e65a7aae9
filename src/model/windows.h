#pragma once
#include <optional>

#include "base/error.h"
#include "model/config.h"
#include "model/source.h"

namespace mr::model {

/// Which layers see a window only, where the model does not list them.
struct WindowDefaults {
  std::int32_t period = 0;  ///< every period-th layer sees all; 0: none does
  std::optional<std::int32_t> window = {};
};

/// Sets the windows of the layers: by `layer_types` of config.json, else by the sliding window and
/// its pattern. Errors: bad_model.
Expected<void> read_windows(const Source& source, const WindowDefaults& defaults, Config& config);

/// The same for Qwen's config.json, where `use_sliding_window` gives a window to the layers from
/// `max_window_layers` on, or `first` where it does not say or is not asked.
struct UpperWindows {
  bool asks = true;
  std::int32_t first = 28;
};
Expected<void> read_upper_windows(const Source& source, const UpperWindows& upper, Config& config);

}  // namespace mr::model
