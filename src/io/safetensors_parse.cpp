#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "base/quote.h"
#include "io/cursor.h"
#include "io/foreign.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "io/safetensors_index.h"

namespace mr::safetensors {
namespace {

namespace bj = boost::json;

struct TypeName {
  std::string_view name;
  DType type;
};

constexpr TypeName kTypes[] = {
    {"F32", DType::f32},         {"F16", DType::f16},         {"BF16", DType::bf16},
    {"F8_E4M3", DType::f8_e4m3}, {"F8_E5M2", DType::f8_e5m2}, {"F64", DType::f64},
    {"BOOL", DType::boolean},    {"U8", DType::u8},           {"I8", DType::i8},
    {"U16", DType::u16},         {"I16", DType::i16},         {"U32", DType::u32},
    {"I32", DType::i32},         {"U64", DType::u64},         {"I64", DType::i64},
};

tl::unexpected<Error> bad(std::string what) {
  return fail(Fault::bad_model, std::move(what));
}

Expected<DType> read_type(const bj::object& entry) {
  MR_TRY(const auto name, json::get<std::string>(entry, "dtype"));
  for (const TypeName& known : kTypes) {
    if (known.name == name) return known.type;
  }
  return bad("dtype: " + quote(name) + " is not supported");
}

Expected<std::uint64_t> read_unsigned(const bj::value& value, const std::string& field) {
  if (value.is_int64() && value.get_int64() >= 0) {
    return static_cast<std::uint64_t>(value.get_int64());
  }
  return bad(field + ": wanted an integer from 0 to 2^63 - 1");
}

Expected<const bj::array*> read_array(const bj::object& entry, std::string_view key) {
  const bj::value* value = entry.if_contains({key.data(), key.size()});
  if (value != nullptr && value->is_array()) return &value->get_array();
  return bad(std::string(key) + ": wanted an array");
}

Expected<void> read_shape(const bj::object& entry, TensorView& view) {
  MR_TRY(const auto* shape, read_array(entry, "shape"));
  if (shape->size() > 4) {
    return bad("shape: wanted at most 4 dimensions, found " + std::to_string(shape->size()));
  }
  view.n_dims = static_cast<std::uint32_t>(shape->size());
  std::uint64_t n_elements = 1;
  for (std::uint32_t i = 0; i < view.n_dims; ++i) {
    MR_TRY(const auto dim, read_unsigned((*shape)[i], "shape"));
    const auto product = checked::mul(n_elements, std::max<std::uint64_t>(dim, 1));
    if (!product || *product > kMaxElements) {
      return bad("shape: wanted at most 2^44 elements, found dimension " + std::to_string(dim));
    }
    n_elements = *product;
    view.dim[view.n_dims - 1 - i] = dim;
  }
  return {};
}

// The place of a tensor, whose type and shape are known, in `data`.
Expected<void> read_place(const bj::object& entry, std::span<const std::byte> data,
                          TensorView& view) {
  MR_TRY(const auto* offsets, read_array(entry, "data_offsets"));
  if (offsets->size() != 2) return bad("data_offsets: wanted two numbers");
  MR_TRY(const auto begin, read_unsigned((*offsets)[0], "data_offsets"));
  MR_TRY(const auto end, read_unsigned((*offsets)[1], "data_offsets"));
  view.bytes = row_bytes(view.type, elements(view));
  if (begin > end || end > data.size() || end - begin != view.bytes) {
    return bad("data_offsets: wanted " + std::to_string(view.bytes) + " bytes within " +
               std::to_string(data.size()) + " of data, found [" + std::to_string(begin) + ", " +
               std::to_string(end) + "]");
  }
  view.data = data.data() + begin;
  return {};
}

Expected<TensorView> read_tensor(const bj::value& value, std::span<const std::byte> data) {
  if (!value.is_object()) return bad("wanted an object");
  TensorView view;
  MR_TRY(view.type, read_type(value.get_object()));
  MR_TRY_VOID(read_shape(value.get_object(), view));
  MR_TRY_VOID(read_place(value.get_object(), data, view));
  return view;
}

Expected<void> read_metadata(const bj::value& value, File& file) {
  if (!value.is_object()) return bad("'__metadata__': wanted an object");
  for (const auto& [key, text] : value.get_object()) {
    if (!text.is_string()) return bad("'__metadata__': wanted strings in " + quote(key));
    file.metadata.emplace_back(key, text.get_string());
  }
  return {};
}

// Puts the tensors in the order of their data, which they must cover without gaps or overlaps.
Expected<void> check_cover(std::span<const std::byte> data, std::vector<Tensor>& tensors) {
  std::ranges::sort(tensors, {}, [](const Tensor& tensor) {
    return std::pair(tensor.view.data, tensor.view.bytes);
  });
  std::uint64_t end = 0;
  for (const Tensor& tensor : tensors) {
    const auto begin = static_cast<std::uint64_t>(tensor.view.data - data.data());
    if (begin != end) {
      return bad("tensor " + quote(tensor.name) + ": data_offsets: wanted a begin at " +
                 std::to_string(end) + ", where the tensor before it ends, found " +
                 std::to_string(begin));
    }
    end += tensor.view.bytes;
  }
  if (end == data.size()) return {};
  return bad("wanted " + std::to_string(end) + " bytes of data, as the tensors say, found " +
             std::to_string(data.size()));
}

Expected<std::string_view> read_header_text(io::Cursor& cursor) {
  MR_TRY(const auto n, io::read<std::uint64_t>(cursor, "header size"));
  const auto rest = cursor.bytes.subspan(cursor.at);
  if (n > kMaxHeaderBytes || !io::starts_with(rest, "{")) {
    const std::string limit = std::to_string(kMaxHeaderBytes);
    if (io::starts_with(rest, "{")) {
      return bad("header size: wanted at most " + limit + ", found " + std::to_string(n));
    }
    return bad("wanted a safetensors file, found " + io::describe_foreign(cursor.bytes));
  }
  MR_TRY(const auto text, io::take(cursor, n, "header"));
  return std::string_view(reinterpret_cast<const char*>(text.data()), text.size());
}

}  // namespace

Expected<void> index_names(File& file) {
  const auto name_of = [&](std::uint32_t i) { return std::string_view(file.tensors[i].name); };
  file.by_name.resize(file.tensors.size());
  std::iota(file.by_name.begin(), file.by_name.end(), 0U);
  std::ranges::sort(file.by_name, {}, name_of);
  const auto twice = std::ranges::adjacent_find(file.by_name, {}, name_of);
  if (twice == file.by_name.end()) return {};
  return bad("tensor " + quote(name_of(*twice)) + ": the name is there twice");
}

Expected<File> parse(std::span<const std::byte> bytes) {
  io::Cursor cursor{bytes};
  MR_TRY(const auto text, read_header_text(cursor));
  const auto data = bytes.subspan(cursor.at);
  MR_TRY(const auto document, json::parse(text, {.max_bytes = kMaxHeaderBytes}));
  MR_TRY(const auto* root, json::root_object(document));
  if (root->size() > kMaxTensors) return bad("wanted at most 262144 tensors in the header");
  File file;
  for (const auto& [key, value] : *root) {
    if (key == "__metadata__") {
      MR_TRY_VOID(read_metadata(value, file));
      continue;
    }
    if (key.empty() || key.size() > kMaxNameBytes) {
      return bad("tensor name: wanted 1 to 256 bytes, found " + std::to_string(key.size()));
    }
    auto view = read_tensor(value, data);
    if (!view) return fail_at("tensor " + quote(key), std::move(view).error());
    file.tensors.push_back({.name = std::string(key), .view = *view});
  }
  MR_TRY_VOID(check_cover(data, file.tensors));
  MR_TRY_VOID(index_names(file));
  return file;
}

}  // namespace mr::safetensors
