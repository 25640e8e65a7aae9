#include <array>
#include <filesystem>

#include "base/quote.h"
#include "io/gguf.h"
#include "io/json.h"
#include "io/resolve.h"
#include "sys/text_file.h"
#include "text/chat_template.h"
#include "text/template_tokens.h"

namespace mr::text {
namespace {

/// The tokens that transformers hands to templates.
constexpr std::array<std::string_view, 7> kTokenNames = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

/// A chat_template field: text, or a list of named ones of which `default` and `tool_use` count.
Expected<ChatTemplate> from_field(const boost::json::value& field) {
  if (const auto* text = field.if_string()) return make_chat_template({text->data(), text->size()});
  std::string_view usual;
  std::string_view with_tools;
  const auto* list = field.if_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* entry = (*list)[i].if_object();
    if (entry == nullptr) continue;
    MR_TRY(const std::string name, json::get<std::string>(*entry, "name"));
    const auto* source = entry->if_contains("template");
    const auto* text = source != nullptr ? source->if_string() : nullptr;
    if (text == nullptr) continue;
    if (name == "default") usual = {text->data(), text->size()};
    if (name == "tool_use") with_tools = {text->data(), text->size()};
  }
  if (usual.empty() && with_tools.empty()) {
    return fail(Fault::bad_model,
                "chat_template: wanted text or a list with one named default or tool_use");
  }
  MR_TRY(ChatTemplate chat, make_chat_template(usual.empty() ? with_tools : usual));
  if (!with_tools.empty()) {
    MR_TRY(chat.with_tools, jinja::parse_template(with_tools));
  }
  return chat;
}

/// bos_token and its like of a tokenizer_config.json: text, or an object with its content.
void add_tokens(TemplateTokens& tokens, const boost::json::object& config) {
  for (const std::string_view name : kTokenNames) {
    const auto* token = config.if_contains(name);
    if (token != nullptr && token->is_object()) token = token->get_object().if_contains("content");
    if (token == nullptr || !token->is_string()) continue;
    const auto& text = token->get_string();  // it lies in the file's memory: copied as plain text
    tokens.emplace_back(name, std::string_view(text.data(), text.size()));
  }
}

/// The same of a GGUF file.
Expected<void> add_tokens(TemplateTokens& tokens, const gguf::File& file) {
  if (gguf::find(file, "tokenizer.ggml.tokens") == nullptr) return {};
  MR_TRY(const auto pieces, gguf::get_array<std::string_view>(file, "tokenizer.ggml.tokens"));
  for (const std::string_view name : kTokenNames) {
    // GGUF names them bos_token_id, but unknown_token_id, padding_token_id and seperator_token_id.
    const std::string_view key = name == "unk_token"   ? "unknown_token"
                                 : name == "pad_token" ? "padding_token"
                                 : name == "sep_token" ? "seperator_token"
                                                       : name;
    MR_TRY(const auto id,
           gguf::get_optional<std::uint32_t>(file, "tokenizer.ggml." + std::string(key) + "_id"));
    if (id && *id < pieces.size()) tokens.emplace_back(name, pieces[*id]);
  }
  return {};
}

Expected<ChatTemplate> from_folder(const std::filesystem::path& folder) {
  const auto exists = [&](const char* name) { return std::filesystem::exists(folder / name); };
  std::optional<ChatTemplate> chat;
  if (exists("chat_template.jinja")) {
    MR_TRY(const std::string source, sys::read_text((folder / "chat_template.jinja").string()));
    MR_TRY(chat, make_chat_template(source));
  } else if (exists("chat_template.json")) {
    MR_TRY(const json::Document file, json::read_file((folder / "chat_template.json").string()));
    MR_TRY(const auto* object, json::root_object(file));
    const auto* field = object->if_contains("chat_template");
    if (field != nullptr) {
      MR_TRY(chat, from_field(*field));
    }
  }
  if (exists("tokenizer_config.json")) {
    MR_TRY(const json::Document file, json::read_file((folder / "tokenizer_config.json").string()));
    MR_TRY(const auto* fields, json::root_object(file));
    const auto* field = fields->if_contains("chat_template");
    if (!chat && field != nullptr && !field->is_null()) {
      MR_TRY(chat, from_field(*field));
    }
    if (chat) add_tokens(chat->tokens, *fields);
  }
  if (!chat) {
    return fail(Fault::bad_model, quote(folder.string()) + ": no chat template: no chat_template." +
                                      "jinja, and none in tokenizer_config.json");
  }
  return *std::move(chat);
}

Expected<ChatTemplate> from_gguf(const std::string& path) {
  MR_TRY(const gguf::File file, gguf::open(path));
  constexpr std::string_view kKey = "tokenizer.chat_template";
  MR_TRY(const auto source, gguf::get_optional<std::string_view>(file, kKey));
  if (!source) return fail(Fault::bad_model, quote(path) + ": the model has no chat template");
  MR_TRY(ChatTemplate chat, make_chat_template(*source));
  MR_TRY(const auto with_tools,
         gguf::get_optional<std::string_view>(file, std::string(kKey) + ".tool_use"));
  if (with_tools) {
    MR_TRY(chat.with_tools, jinja::parse_template(*with_tools));
  }
  MR_TRY_VOID(add_tokens(chat.tokens, file));
  return chat;
}

}  // namespace

Expected<ChatTemplate> load_chat_template(const std::string& model) {
  if (std::filesystem::is_directory(model)) return from_folder(model);
  MR_TRY(const io::ModelFiles files, io::resolve_model(model));
  if (files.format == io::Format::gguf) return from_gguf(files.weights);
  return from_folder(std::filesystem::path(files.weights).parent_path());
}

Expected<TemplateTokens> template_tokens(const std::string& model) {
  TemplateTokens tokens;
  MR_TRY(const io::ModelFiles files, io::resolve_model(model));
  if (files.format == io::Format::gguf) {
    MR_TRY(const gguf::File file, gguf::open(files.weights));
    MR_TRY_VOID(add_tokens(tokens, file));
  } else if (!files.tokenizer_config.empty()) {
    MR_TRY(const json::Document file, json::read_file(files.tokenizer_config));
    MR_TRY(const auto* fields, json::root_object(file));
    add_tokens(tokens, *fields);
  }
  return tokens;
}

}  // namespace mr::text
