#include "app/show.h"

#include <boost/json.hpp>
#include <charconv>
#include <cstdio>

#include "app/columns.h"
#include "app/default_model.h"
#include "app/exit.h"
#include "app/shown_model.h"
#include "base/quote.h"
#include "base/size_text.h"
#include "base/utf8.h"

namespace mr::app {
namespace {

namespace bj = boost::json;

std::string value_text(const bj::value& value) {
  if (value.is_string()) return quote(value.get_string());
  if (value.is_object() && value.get_object().contains("first")) {
    const bj::object& array = value.get_object();
    std::string text =
        bj::serialize(array.at("n")) + " x " + std::string(array.at("item").get_string()) + ":";
    for (const bj::value& item : array.at("first").get_array()) text += " " + value_text(item);
    return text;
  }
  if (value.is_double()) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, value.get_double()).ptr};
  }
  const std::string text = bj::serialize(value);  // of config.json: text in it may be anything
  return value.is_structured() ? quote(text) : text;
}

std::string shape_text(const ShownTensor& tensor) {
  std::string text;
  for (const std::uint64_t dim : tensor.shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(dim);
  }
  return text;
}

std::string as_text(const ShownModel& model) {
  std::string out = bare(model.path) + ": " + model.format + ", " + size_text(model.file_bytes) +
                    " in " + std::to_string(model.n_files) +
                    (model.n_files == 1 ? " file\n" : " files\n");
  out += "\nmetadata (" + std::to_string(model.metadata.size()) + ")\n";
  for (const ShownValue& entry : model.metadata) {
    out += "  " + padded(bare(entry.key), 44) + " " + padded(entry.type, 6) + "  " +
           value_text(entry.value) + "\n";
  }
  out += "\ntensors (" + std::to_string(model.tensors.size()) + ")\n";
  for (const ShownTensor& tensor : model.tensors) {
    out += "  " + padded(bare(tensor.name), 44) + " " + padded(traits(tensor.type).name, 8) + " " +
           padded(shape_text(tensor), 20) + " " + size_text(tensor.n_bytes) + "\n";
  }
  out += "\nsizes by type\n";
  std::uint64_t n_elements = 0;
  for (const TypeSum& sum : sums_by_type(model)) {
    out += "  " + padded(traits(sum.type).name, 8) + " " +
           padded(std::to_string(sum.n_tensors) + " tensors", 14) + " " + size_text(sum.n_bytes) +
           "\n";
    n_elements += sum.n_elements;
  }
  return out + "  " + std::to_string(n_elements) + " weights in all\n";
}

bj::array types_json(const ShownModel& model) {
  bj::array types;
  for (const TypeSum& sum : sums_by_type(model)) {
    types.push_back(bj::object{{"type", traits(sum.type).name},
                               {"tensors", sum.n_tensors},
                               {"elements", sum.n_elements},
                               {"bytes", sum.n_bytes}});
  }
  return types;
}

std::string as_json(const ShownModel& model) {
  bj::object metadata;
  for (const ShownValue& entry : model.metadata) metadata[to_utf8(entry.key)] = entry.value;
  bj::array tensors;
  for (const ShownTensor& tensor : model.tensors) {
    tensors.push_back(bj::object{{"name", to_utf8(tensor.name)},
                                 {"type", traits(tensor.type).name},
                                 {"shape", bj::array(tensor.shape.begin(), tensor.shape.end())},
                                 {"bytes", tensor.n_bytes}});
  }
  const bj::object root{{"path", to_utf8(model.path)},     {"format", model.format},
                        {"files", model.n_files},          {"file_bytes", model.file_bytes},
                        {"metadata", std::move(metadata)}, {"tensors", std::move(tensors)},
                        {"types", types_json(model)}};
  return bj::serialize(root) + "\n";
}

}  // namespace

Expected<std::string> show_model(const ShowArgs& args) {
  std::string name = args.model;
  if (name.empty()) {
    MR_TRY(name, default_model());
  }
  MR_TRY(const auto model, read_shown(name));
  return args.json ? as_json(model) : as_text(model);
}

int run_show(const ShowArgs& args) {
  const auto text = show_model(args);
  if (!text) return report(text.error());
  if (std::fputs(text->c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return kOk;
  return report({Fault::failed, "cannot write to standard output"});
}

}  // namespace mr::app
