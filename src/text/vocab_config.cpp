#include <algorithm>
#include <array>
#include <charconv>

#include "base/quote.h"
#include "text/vocab_json.h"
#include "text/vocab_read.h"

namespace mr::text {
namespace {

/// The text of `bos_token` and its like: a string, or an object with a content.
Expected<std::string_view> token_text(const json::value& config, const char* name) {
  const json::value* token = member(config, name);
  if (token != nullptr && token->is_object()) return get_text(*token, "content");
  return get_text(config, name);
}

/// The id of a token by its text; `fallback` where there is no such token.
Id id_of(const Vocab& vocab, std::string_view text, Id fallback) {
  if (text.empty()) return fallback;
  const auto added = std::ranges::find(vocab.added, text, &AddedToken::text);
  if (added != vocab.added.end()) return added->id;
  for (Id id = 0; id < vocab.kinds.size(); ++id) {
    if (view(vocab.pieces, id) == text) return id;
  }
  return fallback;
}

/// Puts a token into a list that has none of it, or takes it out.
void set_wanted(std::vector<Id>& ids, Id id, bool wanted) {
  if (id == kNoId) return;
  std::erase(ids, id);
  if (wanted) ids.insert(ids.begin(), id);
}

struct Family {
  std::string_view type;  // of config.json, "model_type", or tokenizer_config.json
  std::string_view pre;
};

constexpr std::array<Family, 36> kFamilies{{
    {"gpt2", "gpt-2"},
    {"GPT2Tokenizer", "gpt-2"},
    {"gpt_neox", "gpt-2"},
    {"GPTNeoXTokenizer", "gpt-2"},
    {"opt", "gpt-2"},
    {"phi", "gpt-2"},
    {"olmo", "gpt-2"},
    {"qwen", "qwen2"},
    {"qwen2", "qwen2"},
    {"qwen2_moe", "qwen2"},
    {"qwen2_vl", "qwen2"},
    {"qwen3", "qwen2"},
    {"qwen3_moe", "qwen2"},
    {"Qwen2Tokenizer", "qwen2"},
    {"qwen3_5", "qwen35"},
    {"llama", "llama3"},
    {"mllama", "llama3"},
    {"smollm3", "llama3"},
    {"llama4", "llama4"},
    {"llama4_text", "llama4"},
    {"gpt_oss", "gpt-oss"},
    {"phi3", "gpt-oss"},
    {"kimi_k2", "kimi"},
    {"kimi_k25", "kimi"},
    {"TikTokenTokenizer", "kimi"},
    {"deepseek_v2", "deepseek-v3"},
    {"deepseek_v3", "deepseek-v3"},
    {"deepseek_v32", "deepseek-v3"},
    {"falcon", "falcon"},
    {"gpt_bigcode", "starcoder"},
    {"starcoder2", "starcoder"},
    {"granite", "starcoder"},
    {"cohere", "command-r"},
    {"mistral", "tekken"},
    {"glm4", "glm4"},
    {"dbrx", "dbrx"},
}};

}  // namespace

Expected<AddedToken> read_added_token(const json::value& item) {
  AddedToken token;
  MR_TRY(token.text, get_text(item, "content"));
  MR_TRY(token.special, get_flag(item, "special", false));
  MR_TRY(token.strip_left, get_flag(item, "lstrip", false));
  MR_TRY(token.strip_right, get_flag(item, "rstrip", false));
  MR_TRY(token.single_word, get_flag(item, "single_word", false));
  MR_TRY(token.normalized, get_flag(item, "normalized", !token.special));
  return token;
}

Expected<void> apply_tokenizer_config(Vocab& vocab, std::string_view text) {
  MR_TRY(const JsonFile file, parse_json(text));
  if (const json::value* added = member(file.root, "added_tokens_decoder")) {
    if (!added->is_object()) return fail(Fault::bad_model, "added_tokens_decoder is no object");
    for (const auto& [key, item] : added->get_object()) {
      MR_TRY(AddedToken token, read_added_token(item));
      const auto parsed = std::from_chars(key.data(), key.data() + key.size(), token.id);
      if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size()) {
        return fail(Fault::bad_model,
                    "added_tokens_decoder has the id " + quote({key.data(), key.size()}));
      }
      MR_TRY_VOID(add_token(vocab, std::move(token)));
    }
  }
  MR_TRY(const auto bos, token_text(file.root, "bos_token"));
  MR_TRY(const auto eos, token_text(file.root, "eos_token"));
  vocab.bos = id_of(vocab, bos, vocab.bos);
  vocab.eos = id_of(vocab, eos, vocab.eos);
  if (member(file.root, "add_bos_token") != nullptr) {
    MR_TRY(const bool wanted, get_flag(file.root, "add_bos_token", false));
    set_wanted(vocab.prefix, vocab.bos, wanted);
  }
  if (member(file.root, "add_eos_token") != nullptr) {
    MR_TRY(const bool wanted, get_flag(file.root, "add_eos_token", false));
    set_wanted(vocab.suffix, vocab.eos, wanted);
  }
  return {};
}

Expected<std::string_view> pre_of_config(std::string_view text) {
  MR_TRY(const JsonFile file, parse_json(text));
  for (const char* name : {"model_type", "tokenizer_class"}) {
    MR_TRY(const auto type, get_text(file.root, name));
    for (const Family& family : kFamilies) {
      if (family.type == type) return family.pre;
    }
  }
  return {};
}

}  // namespace mr::text
