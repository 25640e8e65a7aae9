#include "api/random_id.h"

#include <cstdint>
#include <random>

namespace mr::api {

std::string random_id(std::string_view prefix) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device device;
  std::string id(prefix);
  for (int word = 0; word < 3; ++word) {
    const std::uint32_t bits = device();
    for (unsigned shift = 0; shift < 32; shift += 4) id += kDigits[(bits >> shift) & 15U];
  }
  return id;
}

}  // namespace mr::api
