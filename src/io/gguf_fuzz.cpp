#include <cstddef>
#include <cstdint>
#include <span>

#include "io/gguf.h"

// The GGUF reader on any bytes: it must return, and what it accepts must be readable to its ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace gguf = mr::gguf;
  const auto file = gguf::parse(std::as_bytes(std::span(data, size)));
  if (!file) return 0;
  std::uint64_t sum = 0;
  for (const gguf::Tensor& tensor : file->tensors) {
    for (std::uint64_t i = 0; i < tensor.view.bytes; ++i) {
      sum += static_cast<std::uint8_t>(tensor.view.data[i]);
    }
    if (gguf::find_tensor(*file, tensor.name) != &tensor) __builtin_trap();
  }
  for (const gguf::KeyValue& entry : file->metadata) {
    sum += gguf::get_array<std::string_view>(*file, entry.key).has_value();
    sum += gguf::get_array<float>(*file, entry.key).has_value();
    sum += gguf::get_each<std::uint32_t>(*file, entry.key, 3).has_value();
    if (const auto* array = std::get_if<gguf::Array>(&entry.value.data)) {
      if (!gguf::items(*array, 1000)) __builtin_trap();  // it was walked once already
    }
  }
  asm volatile("" : : "r"(sum));  // the reads stay
  return 0;
}
