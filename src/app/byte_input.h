#pragma once
#include <array>
#include <cstddef>

namespace mr::app {

/// Standard input byte by byte.
struct ByteInput {
  std::array<char, 4096> bytes{};
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What waiting for a byte came to.
enum class Wait { byte, end, signal };

/// The next byte; `signal` where one of chat_signals() came first.
Wait next_byte(ByteInput& input, char& byte);

}  // namespace mr::app
