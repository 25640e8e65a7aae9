#pragma once
#include <cstdint>

namespace mr::api {

/// Where the thought of an answer goes, by llama.cpp's names.
enum class ReasoningFormat : std::uint8_t {
  automatic,  ///< apart, by the names of all clients
  deepseek,   ///< apart, as `reasoning_content` alone
  none,       ///< it stays in the text, between its marks
};

}  // namespace mr::api
