#include "io/gguf_value.h"

#include <iterator>

#include "base/checked.h"

namespace mr::gguf {
namespace {

struct TypeEntry {
  const char* name;
  std::uint32_t n_bytes;  // 0: of its own length
};

constexpr TypeEntry kValueTypes[] = {
    {"u8", 1},   {"i8", 1},     {"u16", 2},   {"i16", 2}, {"u32", 4}, {"i32", 4}, {"f32", 4},
    {"bool", 1}, {"string", 0}, {"array", 0}, {"u64", 8}, {"i64", 8}, {"f64", 8},
};

template <typename T, typename Wide>
Expected<Value> read_wide(io::Cursor& cursor, ValueType type) {
  return io::read<T>(cursor, "value").map([type](T value) {
    return Value{type, static_cast<Wide>(value)};
  });
}

Expected<Value> read_bool(io::Cursor& cursor) {
  MR_TRY(const auto byte, io::read<std::uint8_t>(cursor, "value"));
  if (byte > 1)
    return fail(Fault::bad_model, "wanted a bool (0 or 1), found " + std::to_string(byte));
  return Value{ValueType::boolean, byte == 1};
}

// Moves the cursor behind `n` items, each of which has been looked at as far as its extent needs.
Expected<void> skip_items(io::Cursor& cursor, ValueType item, std::uint64_t n, int depth) {
  const std::uint64_t item_bytes = value_bytes(item);
  if (item_bytes != 0) {
    MR_TRY_VOID(io::take(cursor, n * item_bytes, "array of " + std::to_string(n) + " items"));
    return {};
  }
  for (std::uint64_t i = 0; i < n; ++i) {
    MR_TRY_VOID(read_value(cursor, item, depth));
  }
  return {};
}

Expected<Value> read_array(io::Cursor& cursor, int depth) {
  if (depth >= kMaxArrayDepth) {
    return fail(Fault::bad_model,
                "arrays nested deeper than " + std::to_string(kMaxArrayDepth) + " levels");
  }
  Array array;
  MR_TRY(array.item, read_type(cursor, "array item type"));
  MR_TRY(array.n, io::read<std::uint64_t>(cursor, "array length"));
  if (array.n > kMaxArrayItems) {
    return fail(Fault::bad_model, "array length: wanted at most " + std::to_string(kMaxArrayItems) +
                                      ", found " + std::to_string(array.n));
  }
  const std::size_t begin = cursor.at;
  MR_TRY_VOID(skip_items(cursor, array.item, array.n, depth + 1));
  array.raw = cursor.bytes.subspan(begin, cursor.at - begin);
  return Value{ValueType::array, array};
}

}  // namespace

const char* name(ValueType type) {
  return kValueTypes[static_cast<std::uint32_t>(type)].name;
}

std::uint32_t value_bytes(ValueType type) {
  return kValueTypes[static_cast<std::uint32_t>(type)].n_bytes;
}

Expected<std::string_view> read_string(io::Cursor& cursor, std::uint64_t max_bytes,
                                       std::string_view field) {
  MR_TRY(const auto n, io::read<std::uint64_t>(cursor, field));
  if (n > max_bytes) {
    return fail(Fault::bad_model, std::string(field) + ": wanted at most " +
                                      std::to_string(max_bytes) + " bytes of text, found " +
                                      std::to_string(n));
  }
  MR_TRY(const auto text, io::take(cursor, n, field));
  return std::string_view(reinterpret_cast<const char*>(text.data()), text.size());
}

Expected<ValueType> read_type(io::Cursor& cursor, std::string_view field) {
  MR_TRY(const auto number, io::read<std::uint32_t>(cursor, field));
  if (number >= std::size(kValueTypes)) {
    return fail(Fault::bad_model, std::string(field) + ": wanted 0 to " +
                                      std::to_string(std::size(kValueTypes) - 1) + ", found " +
                                      std::to_string(number));
  }
  return static_cast<ValueType>(number);
}

Expected<Value> read_value(io::Cursor& cursor, ValueType type, int depth) {
  switch (type) {
    case ValueType::u8:
      return read_wide<std::uint8_t, std::uint64_t>(cursor, type);
    case ValueType::i8:
      return read_wide<std::int8_t, std::int64_t>(cursor, type);
    case ValueType::u16:
      return read_wide<std::uint16_t, std::uint64_t>(cursor, type);
    case ValueType::i16:
      return read_wide<std::int16_t, std::int64_t>(cursor, type);
    case ValueType::u32:
      return read_wide<std::uint32_t, std::uint64_t>(cursor, type);
    case ValueType::i32:
      return read_wide<std::int32_t, std::int64_t>(cursor, type);
    case ValueType::u64:
      return read_wide<std::uint64_t, std::uint64_t>(cursor, type);
    case ValueType::i64:
      return read_wide<std::int64_t, std::int64_t>(cursor, type);
    case ValueType::f32:
      return read_wide<float, double>(cursor, type);
    case ValueType::f64:
      return read_wide<double, double>(cursor, type);
    case ValueType::boolean:
      return read_bool(cursor);
    case ValueType::array:
      return read_array(cursor, depth);
    case ValueType::string: {
      MR_TRY(const auto text, read_string(cursor, kMaxStringBytes, "value"));
      return Value{type, text};
    }
  }
  return fail(Fault::bad_model, "unknown value type");
}

}  // namespace mr::gguf
