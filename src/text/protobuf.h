#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

/// Reading protocol buffers in their wire format, field by field.
/// Source: protobuf.dev, "Encoding".
namespace mr::text {

struct ProtoField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;      // a varint, or the bits of a fixed number
  std::string_view bytes = {};  // a string or a message
  bool has_bytes = false;
};

struct ProtoReader {
  std::string_view rest;
  bool damaged = false;
};

inline std::optional<std::uint64_t> read_varint(ProtoReader& in) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.rest.empty()) break;
    const auto byte = static_cast<unsigned char>(in.rest[0]);
    in.rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  in.damaged = true;
  return std::nullopt;
}

/// The next field; nothing at the end of the message or where it is damaged.
inline std::optional<ProtoField> next_field(ProtoReader& in) {
  if (in.rest.empty()) return std::nullopt;
  const auto tag = read_varint(in);
  if (!tag) return std::nullopt;
  ProtoField field{.number = static_cast<std::uint32_t>(*tag >> 3)};
  const auto type = static_cast<unsigned>(*tag & 7U);
  if (type == 0) {
    const auto value = read_varint(in);
    if (!value) return std::nullopt;
    field.value = *value;
    return field;
  }
  std::uint64_t n_bytes = type == 1 ? 8 : 4;
  if (type == 2) {
    const auto length = read_varint(in);
    if (!length) return std::nullopt;
    n_bytes = *length;
    field.has_bytes = true;
  }
  if ((type != 1 && type != 2 && type != 5) || n_bytes > in.rest.size()) {
    in.damaged = true;
    return std::nullopt;
  }
  field.bytes = in.rest.substr(0, n_bytes);
  in.rest.remove_prefix(n_bytes);
  for (std::size_t i = 0; !field.has_bytes && i < n_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(field.bytes[i]);
    field.value |= static_cast<std::uint64_t>(byte) << (8 * i);
  }
  return field;
}

}  // namespace mr::text
