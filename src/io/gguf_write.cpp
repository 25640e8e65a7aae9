#include "io/gguf_write.h"

#include <set>

#include "base/quote.h"
#include "io/gguf_types.h"
#include "sys/out_file.h"

namespace mr::gguf {
namespace {

constexpr std::size_t kMaxWrittenNameBytes = 63;

void put_bytes(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

template <typename T>
void put_raw(std::vector<std::byte>& to, T value) {
  put_bytes(to, std::as_bytes(std::span(&value, 1)));
}

void put_raw(std::vector<std::byte>& to, std::string_view text) {
  put_raw(to, std::uint64_t{text.size()});
  put_bytes(to, std::as_bytes(std::span(text)));
}

template <typename T>
constexpr ValueType kTypeOf = ValueType::string;
template <>
constexpr ValueType kTypeOf<std::uint8_t> = ValueType::u8;
template <>
constexpr ValueType kTypeOf<std::int8_t> = ValueType::i8;
template <>
constexpr ValueType kTypeOf<std::uint16_t> = ValueType::u16;
template <>
constexpr ValueType kTypeOf<std::int16_t> = ValueType::i16;
template <>
constexpr ValueType kTypeOf<std::uint32_t> = ValueType::u32;
template <>
constexpr ValueType kTypeOf<std::int32_t> = ValueType::i32;
template <>
constexpr ValueType kTypeOf<std::uint64_t> = ValueType::u64;
template <>
constexpr ValueType kTypeOf<std::int64_t> = ValueType::i64;
template <>
constexpr ValueType kTypeOf<float> = ValueType::f32;
template <>
constexpr ValueType kTypeOf<double> = ValueType::f64;
template <>
constexpr ValueType kTypeOf<bool> = ValueType::boolean;

void put_key(Draft& draft, std::string_view key, ValueType type) {
  put_raw(draft.metadata, key);
  put_raw(draft.metadata, type);
  ++draft.n_keys;
}

void put_array_head(Draft& draft, std::string_view key, ValueType item, std::uint64_t n) {
  put_key(draft, key, ValueType::array);
  put_raw(draft.metadata, item);
  put_raw(draft.metadata, n);
}

std::size_t padding(std::uint64_t n_bytes, std::uint32_t alignment) {
  return static_cast<std::size_t>(-n_bytes & (alignment - 1));
}

// A value read from a file, in the width it had there.
void put_scalar(std::vector<std::byte>& to, const Value& value) {
  std::visit(
      [&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string_view>) {
          put_raw(to, held);
        } else if constexpr (std::is_same_v<Held, double>) {
          value.type == ValueType::f32 ? put_raw(to, static_cast<float>(held)) : put_raw(to, held);
        } else if constexpr (std::is_same_v<Held, bool>) {
          put_raw(to, static_cast<std::uint8_t>(held));
        } else if constexpr (!std::is_same_v<Held, Array>) {
          const std::size_t n_bytes = value_bytes(value.type);
          put_bytes(to, std::as_bytes(std::span(&held, 1)).first(n_bytes));
        }
      },
      value.data);
}

Expected<std::uint32_t> check_tensor(const DraftTensor& tensor, std::set<std::string_view>& names) {
  const std::string where = "cannot write tensor " + quote(tensor.name) + ": ";
  if (tensor.name.empty() || tensor.name.size() > kMaxWrittenNameBytes) {
    return fail(Fault::failed, where + "wanted a name of 1 to 63 bytes");
  }
  if (!names.insert(tensor.name).second) {
    return fail(Fault::failed, where + "the name is there twice");
  }
  const auto number = ggml_type_of(tensor.view.type);
  if (!number) {
    return fail(Fault::failed, where + "GGUF has no type " + traits(tensor.view.type).name);
  }
  return *number;
}

Expected<void> append_padded(sys::OutFile& file, const TensorView& view, std::uint32_t alignment) {
  constexpr std::byte kZeros[kMaxAlignment] = {};
  MR_TRY_VOID(append(file, {view.data, static_cast<std::size_t>(view.bytes)}));
  return append(file, std::span(kZeros).first(padding(view.bytes, alignment)));
}

}  // namespace

template <typename T>
void put(Draft& draft, std::string_view key, T value) {
  put_key(draft, key, kTypeOf<T>);
  put_raw(draft.metadata, value);
}

template <typename T>
void put_array(Draft& draft, std::string_view key, std::span<const T> items) {
  put_array_head(draft, key, kTypeOf<T>, items.size());
  for (const T& item : items) put_raw(draft.metadata, item);
}

void put_value(Draft& draft, std::string_view key, const Value& value) {
  if (const auto* array = std::get_if<Array>(&value.data)) {
    put_array_head(draft, key, array->item, array->n);
    put_bytes(draft.metadata, array->raw);
    return;
  }
  put_key(draft, key, value.type);
  put_scalar(draft.metadata, value);
}

Expected<std::vector<std::byte>> header(const Draft& draft) {
  const bool says_alignment = draft.alignment != kDefaultAlignment;
  std::vector<std::byte> bytes;
  put_bytes(bytes, std::as_bytes(std::span("GGUF", 4)));
  put_raw(bytes, std::uint32_t{3});
  put_raw(bytes, std::uint64_t{draft.tensors.size()});
  put_raw(bytes, draft.n_keys + (says_alignment ? 1 : 0));
  if (says_alignment) {
    Draft alignment;
    put(alignment, "general.alignment", draft.alignment);
    put_bytes(bytes, alignment.metadata);
  }
  put_bytes(bytes, draft.metadata);
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const DraftTensor& tensor : draft.tensors) {
    MR_TRY(const auto number, check_tensor(tensor, names));
    put_raw(bytes, std::string_view(tensor.name));
    put_raw(bytes, tensor.view.n_dims);
    for (std::uint32_t i = 0; i < tensor.view.n_dims; ++i) put_raw(bytes, tensor.view.dim[i]);
    put_raw(bytes, number);
    put_raw(bytes, offset);
    offset += tensor.view.bytes + padding(tensor.view.bytes, draft.alignment);
  }
  bytes.resize(bytes.size() + padding(bytes.size(), draft.alignment));
  return bytes;
}

Expected<void> write(const Draft& draft, const std::string& path) {
  MR_TRY(const auto head, header(draft));
  MR_TRY(auto file, sys::create(path));
  MR_TRY_VOID(append(file, head));
  for (const DraftTensor& tensor : draft.tensors) {
    MR_TRY_VOID(append_padded(file, tensor.view, draft.alignment));
  }
  return commit(file);
}

#define MR_GGUF_PUT(T)                               \
  template void put<T>(Draft&, std::string_view, T); \
  template void put_array<T>(Draft&, std::string_view, std::span<const T>);
MR_GGUF_PUT(bool)
MR_GGUF_PUT(std::uint8_t)
MR_GGUF_PUT(std::int8_t)
MR_GGUF_PUT(std::uint16_t)
MR_GGUF_PUT(std::int16_t)
MR_GGUF_PUT(std::uint32_t)
MR_GGUF_PUT(std::int32_t)
MR_GGUF_PUT(std::uint64_t)
MR_GGUF_PUT(std::int64_t)
MR_GGUF_PUT(float)
MR_GGUF_PUT(double)
MR_GGUF_PUT(std::string_view)
#undef MR_GGUF_PUT

}  // namespace mr::gguf
