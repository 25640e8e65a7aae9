#include "app/model_ends.h"

#include <algorithm>

#include "io/gguf.h"
#include "io/json.h"
#include "text/end_tokens.h"

namespace mr::app {
namespace {

Expected<void> add_config(const std::string& path, std::vector<std::int64_t>& ends) {
  if (path.empty()) return {};
  MR_TRY(const json::Document document, json::read_file(path));
  MR_TRY(const boost::json::object* config, json::root_object(document));
  const auto* field = config->if_contains("eos_token_id");
  if (field == nullptr || field->is_null()) return {};
  const auto wrong = [&] {
    return fail(Fault::bad_model, path + ": eos_token_id: wanted a token id or a list of them");
  };
  const auto* list = field->if_array();
  for (std::size_t i = 0; i < (list != nullptr ? list->size() : 1); ++i) {
    const std::int64_t* id = (list != nullptr ? (*list)[i] : *field).if_int64();
    if (id == nullptr) return wrong();
    ends.push_back(*id);
  }
  return {};
}

Expected<void> add_gguf(const gguf::File& file, std::vector<std::int64_t>& ends) {
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    MR_TRY(const auto id, gguf::get_optional<std::uint32_t>(file, key));
    if (id) ends.push_back(*id);
  }
  return {};
}

}  // namespace

Expected<std::vector<std::int32_t>> model_ends(const io::ModelFiles& files,
                                               const model::Source& source,
                                               const text::Tokenizer& tokenizer) {
  std::vector<std::int64_t> found;
  if (source.gguf != nullptr) {
    MR_TRY_VOID(add_gguf(*source.gguf, found));
  } else {
    MR_TRY_VOID(add_config(files.generation_config, found));
  }
  std::vector<std::int32_t> ends = text::end_tokens(tokenizer);
  const auto n_tokens = static_cast<std::int64_t>(text::n_tokens(tokenizer));
  for (const std::int64_t id : found) {
    if (id >= 0 && id < n_tokens) ends.push_back(static_cast<std::int32_t>(id));
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

}  // namespace mr::app
