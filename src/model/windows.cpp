#include "model/windows.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/quote.h"
#include "model/fields.h"

namespace mr::model {
namespace {

constexpr std::int32_t kMaxWindow = 1 << 28;
constexpr Key kWindow{"attention.sliding_window", "sliding_window"};
constexpr Key kPattern{"attention.sliding_window_pattern", "sliding_window_pattern"};

/// Whether each layer sees a window only, as config.json lists it; empty where it does not.
Expected<std::vector<bool>> listed(const Fields& fields, std::size_t n_layers) {
  MR_TRY(const auto types, texts(fields, "layer_types"));
  const std::string name = fields.prefix + "layer_types";
  if (!types.empty() && types.size() != n_layers) {
    return fail(Fault::bad_model, name + ": wanted one for each of " + std::to_string(n_layers) +
                                      " layers, found " + std::to_string(types.size()));
  }
  std::vector<bool> windowed;
  for (const std::string& type : types) {
    if (type != "sliding_attention" && type != "full_attention") {
      return fail(Fault::bad_model,
                  name + ": wanted sliding_attention or full_attention, found " + quote(type));
    }
    windowed.push_back(type == "sliding_attention");
  }
  return windowed;
}

/// The same by the pattern: a period, or in GGUF perhaps one flag a layer.
Expected<std::vector<bool>> by_pattern(const Fields& fields, std::int32_t period,
                                       std::size_t n_layers) {
  if (fields.gguf != nullptr && has(fields, kPattern)) {
    const std::string name = name_of(fields, kPattern);
    const auto* value = gguf::find(*fields.gguf, name);
    if (value->type == gguf::ValueType::array) {
      return gguf::get_each<bool>(*fields.gguf, name, static_cast<std::uint32_t>(n_layers));
    }
  }
  MR_TRY(period, count(fields, kPattern, {0, kMaxWindow}, period));
  std::vector<bool> windowed;
  for (std::size_t i = 0; i < n_layers; ++i) {
    windowed.push_back(period == 0 || (i + 1) % static_cast<std::size_t>(period) != 0);
  }
  return windowed;
}

}  // namespace

Expected<void> read_windows(const Source& source, const WindowDefaults& defaults, Config& config) {
  MR_TRY(const Fields fields, fields_of(source));
  if (is_null(fields, kWindow)) return {};
  MR_TRY(const std::int32_t window,
         count(fields, kWindow, {0, kMaxWindow}, defaults.window.value_or(0)));
  if (window == 0) return {};
  MR_TRY(auto windowed, listed(fields, config.layers.size()));
  if (windowed.empty()) {
    MR_TRY(windowed, by_pattern(fields, defaults.period, config.layers.size()));
  }
  for (std::size_t i = 0; i < windowed.size(); ++i) {
    if (windowed[i]) config.layers[i].window = window;
  }
  return {};
}

Expected<void> read_upper_windows(const Source& source, const UpperWindows& upper, Config& config) {
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY(const bool wanted, get_or<bool>(fields, {nullptr, "use_sliding_window"}, false));
  if (!wanted || is_null(fields, kWindow)) return {};
  constexpr std::int32_t kQwenWindow = 4096;
  MR_TRY(const std::int32_t window, count(fields, kWindow, {0, kMaxWindow}, kQwenWindow));
  MR_TRY(auto windowed, listed(fields, config.layers.size()));
  if (windowed.empty()) {
    std::int32_t first = upper.first;
    if (upper.asks) {
      MR_TRY(first, count(fields, {nullptr, "max_window_layers"}, {0, kMaxWindow}, first));
    }
    windowed.resize(config.layers.size(), true);
    std::fill_n(windowed.begin(), std::min(first, config.n_layers), false);
  }
  for (std::size_t i = 0; i < windowed.size(); ++i) {
    if (windowed[i]) config.layers[i].window = window;
  }
  return {};
}

}  // namespace mr::model
