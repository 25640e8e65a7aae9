#include "app/shown_model.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/utf8.h"
#include "io/gguf.h"
#include "io/json.h"
#include "io/resolve.h"
#include "io/safetensors.h"

namespace mr::app {
namespace {

namespace bj = boost::json;

constexpr std::uint64_t kShownItems = 8;
constexpr std::size_t kShownText = 4096;  // bytes

bj::value text_value(std::string_view text) {
  return bj::string(to_utf8(text.substr(0, kShownText)));
}

// The shortest number that reads back as the same value of its width; NaN and infinity as text.
bj::value float_value(gguf::ValueType type, double value) {
  char digits[64];
  const auto end = type == gguf::ValueType::f32
                       ? std::to_chars(digits, digits + 63, static_cast<float>(value))
                       : std::to_chars(digits, digits + 63, value);
  *end.ptr = '\0';
  if (!std::isfinite(value)) return bj::string(digits);
  return std::strtod(digits, nullptr);
}

bj::value gguf_value(const gguf::Value& value);

bj::value array_value(const gguf::Array& array) {
  bj::array first;
  for (const gguf::Value& item :
       gguf::items(array, kShownItems).value_or(std::vector<gguf::Value>())) {
    first.push_back(gguf_value(item));
  }
  return bj::object{{"item", gguf::name(array.item)}, {"n", array.n}, {"first", std::move(first)}};
}

bj::value gguf_value(const gguf::Value& value) {
  return std::visit(
      [&](const auto& held) -> bj::value {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string_view>) {
          return text_value(held);
        } else if constexpr (std::is_same_v<Held, gguf::Array>) {
          return array_value(held);
        } else if constexpr (std::is_same_v<Held, double>) {
          return float_value(value.type, held);
        } else {
          return held;
        }
      },
      value.data);
}

ShownTensor shown_tensor(const std::string& name, const TensorView& view) {
  return {.name = name,
          .type = view.type,
          .shape = {view.dim, view.dim + view.n_dims},
          .n_bytes = view.bytes,
          .n_elements = elements(view)};
}

Expected<ShownModel> read_gguf(const std::string& path) {
  MR_TRY(const auto file, gguf::open(path));
  ShownModel shown;
  shown.path = path;
  shown.format = "GGUF v" + std::to_string(file.version);
  for (const gguf::KeyValue& entry : file.metadata) {
    shown.metadata.push_back({entry.key, gguf::name(entry.value.type), gguf_value(entry.value)});
  }
  for (const gguf::Tensor& tensor : file.tensors) {
    shown.tensors.push_back(shown_tensor(tensor.name, tensor.view));
  }
  shown.n_files = file.shards.size();
  for (const auto& shard : file.shards) shown.file_bytes += shard.bytes;
  return shown;
}

// The fields of config.json, as far as they are small.
Expected<void> add_config(const std::string& path, ShownModel& shown) {
  if (path.empty()) return {};
  MR_TRY(const auto document, json::read_file(path));
  MR_TRY(const auto* root, json::root_object(document));
  for (const auto& [key, value] : *root) {
    const std::string key_text = "config." + std::string(key);
    if (value.is_string()) {
      shown.metadata.push_back({key_text, "string", text_value(value.get_string())});
    } else if (value.is_array() && value.get_array().size() > kShownItems) {
      const bj::array& all = value.get_array();
      bj::array first(all.begin(), all.begin() + kShownItems);
      shown.metadata.push_back(
          {key_text, "array",
           bj::object{{"item", "any"}, {"n", all.size()}, {"first", std::move(first)}}});
    } else {
      const bj::value own(value, bj::storage_ptr());  // a plain copy would lie in the document
      shown.metadata.push_back({key_text, "json", own});
    }
  }
  return {};
}

Expected<ShownModel> read_safetensors(const io::ModelFiles& files) {
  MR_TRY(const auto file, safetensors::open(files.weights));
  ShownModel shown;
  shown.path = files.weights;
  shown.format = "safetensors";
  for (const auto& [key, text] : file.metadata) {
    shown.metadata.push_back({key, "string", text_value(text)});
  }
  MR_TRY_VOID(add_config(files.config, shown));
  for (const safetensors::Tensor& tensor : file.tensors) {
    shown.tensors.push_back(shown_tensor(tensor.name, tensor.view));
  }
  shown.n_files = file.shards.size();
  for (const auto& shard : file.shards) shown.file_bytes += shard.bytes;
  return shown;
}

}  // namespace

Expected<ShownModel> read_shown(const std::string& model) {
  MR_TRY(const auto files, io::resolve_model(model));
  return files.format == io::Format::gguf ? read_gguf(files.weights) : read_safetensors(files);
}

std::vector<TypeSum> sums_by_type(const ShownModel& model) {
  std::vector<TypeSum> sums;
  for (const ShownTensor& tensor : model.tensors) {
    auto sum = std::ranges::find(sums, tensor.type, &TypeSum::type);
    if (sum == sums.end()) sum = sums.insert(sums.end(), {.type = tensor.type});
    sum->n_tensors += 1;
    sum->n_elements += tensor.n_elements;
    sum->n_bytes += tensor.n_bytes;
  }
  std::ranges::sort(sums, std::ranges::greater(), &TypeSum::n_bytes);
  return sums;
}

}  // namespace mr::app
