#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/quote.h"
#include "sys/mapped_file.h"
#include "text/base64.h"
#include "text/json.h"
#include "text/scan.h"
#include "text/vocab_read.h"

namespace mr::text {
namespace {

namespace fs = std::filesystem;

std::string_view text_of(const sys::MappedFile& file) {
  return {reinterpret_cast<const char*>(file.data), static_cast<std::size_t>(file.bytes)};
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// The file of a folder that holds the tokenizer.
Expected<fs::path> find_in_folder(const fs::path& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json"}) {
    if (is_file(folder / name)) return folder / name;
  }
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto extension = entry->path().extension();
    if (extension == ".gguf" || extension == ".tiktoken" || extension == ".model") {
      found.push_back(entry->path());
    }
  }
  if (found.empty()) {
    return fail(Fault::bad_model, folder.string() + ": no tokenizer in this folder; looked for " +
                                      "tokenizer.json, tokenizer.model, vocab.json, *.gguf, " +
                                      "*.tiktoken and *.model");
  }
  return *std::ranges::min_element(found);
}

/// The split rules of a file that does not say them: those asked for, those of the model's
/// config.json or tokenizer_config.json beside the file, or those that its name stands for.
Expected<std::string> find_pre(const fs::path& path, std::string_view asked) {
  if (!asked.empty()) return std::string(asked);
  for (const char* name : {"config.json", "tokenizer_config.json"}) {
    const fs::path beside = path.parent_path() / name;
    if (!is_file(beside)) continue;
    MR_TRY(const auto file, sys::map_file(beside.string()));
    auto pre = pre_of_config(text_of(file));
    if (!pre) return fail_at(beside.string(), std::move(pre.error()));
    if (!pre->empty()) return std::string(*pre);
  }
  for (const std::string& name : {path.stem().string(), path.parent_path().filename().string()}) {
    if (!scanners_of_pre(name).empty()) return name;
  }
  return std::string();
}

/// Whether an object has a member "model" that is an object; in a vocab.json a piece of that name
/// has a number.
bool is_tokenizer_json(std::string_view text) {
  constexpr std::string_view kName = "\"model\"";
  constexpr std::string_view kSpaces = " \t\r\n";
  for (std::size_t at = 0; (at = text.find(kName, at)) != std::string_view::npos;) {
    at += kName.size();
    const std::size_t colon = text.find_first_not_of(kSpaces, at);
    if (colon == std::string_view::npos || text[colon] != ':') continue;
    const std::size_t value = text.find_first_not_of(kSpaces, colon + 1);
    if (value != std::string_view::npos && text[value] == '{') return true;
  }
  return false;
}

bool is_rank_line(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::size_t space = line.find(' ');
  std::string bytes;
  return space != 0 && space != std::string_view::npos && space + 1 < line.size() &&
         line[space + 1] >= '0' && line[space + 1] <= '9' &&
         append_base64(bytes, line.substr(0, space));
}

Expected<Vocab> read_merges_pair(const fs::path& folder, std::string_view asked) {
  MR_TRY(const auto vocab, sys::map_file((folder / "vocab.json").string()));
  MR_TRY(const auto merges, sys::map_file((folder / "merges.txt").string()));
  MR_TRY(const auto pre, find_pre(folder / "vocab.json", asked));
  return vocab_from_merges(text_of(vocab), text_of(merges), pre.empty() ? "gpt-2" : pre);
}

Expected<Vocab> read_ranks(const fs::path& path, std::string_view text, std::string_view asked) {
  MR_TRY(const auto pre, find_pre(path, asked));
  if (pre.empty()) {
    return fail(Fault::bad_request,
                "a rank file does not say how to split text, and neither does a config.json beside "
                "it: name the rules with --pre (gpt-2, cl100k_base, o200k_base, llama3, llama4, "
                "qwen2, tekken, kimi, ...)");
  }
  return vocab_from_ranks(text, pre);
}

/// Reads one file by what is in it.
Expected<Vocab> read_content(const fs::path& path, std::string_view asked, bool& whole) {
  MR_TRY(const auto file, sys::map_file(path.string()));
  const std::string_view text = text_of(file);
  if (text.starts_with("GGUF")) {
    whole = true;
    MR_TRY(const auto gguf, gguf::open(path.string()));
    return vocab_from_gguf(gguf);
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    if (is_tokenizer_json(text)) return vocab_from_tokenizer_json(text);
    return read_merges_pair(path.parent_path(), asked);
  }
  if (text.starts_with("#version")) return read_merges_pair(path.parent_path(), asked);
  if (is_rank_line(text)) return read_ranks(path, text, asked);
  if (text.starts_with('\n')) return vocab_from_sentencepiece(text);
  return fail(Fault::bad_model,
              "this is no tokenizer: wanted GGUF, tokenizer.json, vocab.json, a "
              "SentencePiece model or ranks, found " +
                  quote(text.substr(0, 16)));
}

}  // namespace

Expected<Vocab> read_vocab(const std::string& name, std::string_view asked) {
  fs::path path(name);
  std::error_code error;
  if (fs::is_directory(path, error)) {
    MR_TRY(path, find_in_folder(path));
  }
  bool whole = false;  // the file says everything
  auto vocab = read_content(path, asked, whole);
  if (!vocab) return fail_at(path.string(), std::move(vocab.error()));
  const fs::path config = path.parent_path() / "tokenizer_config.json";
  if (!whole && is_file(config)) {
    MR_TRY(const auto file, sys::map_file(config.string()));
    auto applied = apply_tokenizer_config(*vocab, text_of(file));
    if (!applied) return fail_at(config.string(), std::move(applied.error()));
  }
  return vocab;
}

}  // namespace mr::text
