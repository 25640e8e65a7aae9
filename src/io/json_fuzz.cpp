#include <cstddef>
#include <cstdint>

#include "io/json.h"

// Configuration files of any contents: parsed within the limits, every field looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace json = mr::json;
  const auto document = json::parse({reinterpret_cast<const char*>(data), size},
                                    {.memory_bytes = 1U << 20, .scratch_bytes = 1U << 20});
  if (!document) return 0;
  const auto root = json::root_object(*document);
  if (!root) return 0;
  for (const auto& [key, value] : **root) {
    const std::string_view name(key.data(), key.size());
    const int n = json::get<bool>(**root, name).has_value() +
                  json::get<std::uint32_t>(**root, name).has_value() +
                  json::get<std::string>(**root, name).has_value();
    if (n > 1) __builtin_trap();
    static_cast<void>(json::get_or<double>(**root, name, 0.0));
  }
  return 0;
}
