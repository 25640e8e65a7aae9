#pragma once
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mr::io {

/// A position in bytes that come from a file. Nothing is read that is not there.
struct Cursor {
  std::span<const std::byte> bytes;
  std::size_t at = 0;
};

inline std::size_t remaining(const Cursor& cursor) {
  return cursor.bytes.size() - cursor.at;
}

/// The next `n` bytes, for `field` of a message.
inline Expected<std::span<const std::byte>> take(Cursor& cursor, std::uint64_t n,
                                                 std::string_view field) {
  if (n > remaining(cursor)) {
    return fail(Fault::bad_model, std::string(field) + ": wanted " + std::to_string(n) +
                                      " bytes at byte " + std::to_string(cursor.at) + ", found " +
                                      std::to_string(remaining(cursor)));
  }
  const auto taken = cursor.bytes.subspan(cursor.at, static_cast<std::size_t>(n));
  cursor.at += taken.size();
  return taken;
}

/// The next value of a plain little-endian type.
template <typename T>
Expected<T> read(Cursor& cursor, std::string_view field) {
  MR_TRY(const auto taken, take(cursor, sizeof(T), field));
  T value;
  std::memcpy(&value, taken.data(), sizeof value);
  return value;
}

}  // namespace mr::io
