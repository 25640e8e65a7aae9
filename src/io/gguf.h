#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "sys/mapped_file.h"
#include "tensor/view.h"

/// GGUF model files, versions 2 and 3, in one piece or split. What comes from the file is hostile:
/// every size is checked against the file before its first use.
/// Source: the format description in ggml-org/ggml, docs/gguf.md.
namespace mr::gguf {

constexpr std::uint64_t kMaxKeys = 65536;
constexpr std::uint64_t kMaxTensors = 65536;
constexpr std::uint64_t kMaxKeyBytes = 65535;
constexpr std::uint64_t kMaxNameBytes = 64;
constexpr std::uint64_t kMaxStringBytes = 64ULL << 20;
constexpr std::uint64_t kMaxArrayItems = 16ULL << 20;
constexpr std::uint64_t kMaxHeaderBytes = 256ULL << 20;
constexpr std::uint64_t kMaxElements = 1ULL << 44;
constexpr std::uint32_t kMinAlignment = 8;
constexpr std::uint32_t kMaxAlignment = 4096;
constexpr std::uint32_t kDefaultAlignment = 32;
constexpr int kMaxArrayDepth = 4;
constexpr std::uint32_t kMaxShards = 512;

/// The types of metadata values, by their numbers in the file.
enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

/// As a person reads it: "u32", "string".
const char* name(ValueType type);

/// Bytes of a value in the file; 0 for strings and arrays, which say their own length.
std::uint32_t value_bytes(ValueType type);

/// An array of the metadata: checked once, and read by `get_array` or `items`.
struct Array {
  ValueType item = ValueType::u8;
  std::uint64_t n = 0;
  std::span<const std::byte> raw;  // the items as they stand in the file
};

/// One metadata value. Integers and floats are widened, `type` keeps what the file had; text and
/// arrays point into the mapping.
struct Value {
  ValueType type = ValueType::u8;
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, Array> data;
};

struct KeyValue {
  std::string key;
  Value value;
};

struct Tensor {
  std::string name;
  TensorView view;
  std::uint32_t shard = 0;
};

/// An open model. All views point into `shards`; strings of the metadata may change under a reader
/// when somebody rewrites the file, never their lengths.
struct File {
  std::string path;
  std::uint32_t version = 0;
  std::uint32_t alignment = kDefaultAlignment;
  std::vector<KeyValue> metadata;           // in file order
  std::vector<Tensor> tensors;              // in file order, shard after shard
  std::vector<std::uint32_t> keys_by_name;  // indices into metadata, sorted by key
  std::vector<std::uint32_t> tensors_by_name;
  std::vector<sys::MappedFile> shards;
};

/// Opens a model from its only file or from the first of its shards (`-00001-of-00003.gguf`).
/// Errors: bad_model, one line with the path and the field.
Expected<File> open(const std::string& path);

/// Reads one GGUF file held in memory, which outlives the result; shards are not looked for.
Expected<File> parse(std::span<const std::byte> bytes);

/// Whether a part of the model could not be read since it was opened (see sys::MappedFile).
bool failed(const File& file);

const Value* find(const File& file, std::string_view key);
const Tensor* find_tensor(const File& file, std::string_view name);

/// The value of a key. T is bool, std::uint32_t, std::int32_t, std::uint64_t, std::int64_t, float,
/// double, std::string or std::string_view; whatever integer type the file uses, the number must
/// fit. Errors: bad_model, naming key, wanted and found.
template <typename T>
Expected<T> get(const File& file, std::string_view key);

/// The same, but nothing where the key is absent. A value of a wrong type stays an error.
template <typename T>
Expected<std::optional<T>> get_optional(const File& file, std::string_view key) {
  if (find(file, key) == nullptr) return std::optional<T>();
  return get<T>(file, key).map([](T value) { return std::optional<T>(std::move(value)); });
}

/// The same, but `fallback` where the key is absent.
template <typename T>
Expected<T> get_or(const File& file, std::string_view key, T fallback) {
  if (find(file, key) == nullptr) return fallback;
  return get<T>(file, key);
}

/// The items of an array (T as for `get`), at most `max_items` of them.
template <typename T>
Expected<std::vector<T>> get_array(const File& file, std::string_view key,
                                   std::uint64_t max_items = 1ULL << 20);

/// A value given once for all of `n` layers, or as an array with one item for each.
template <typename T>
Expected<std::vector<T>> get_each(const File& file, std::string_view key, std::uint32_t n);

/// The first items of an array, of whatever type, at most `max_items`. They may be arrays in turn.
Expected<std::vector<Value>> items(const Array& array, std::uint64_t max_items);

}  // namespace mr::gguf
