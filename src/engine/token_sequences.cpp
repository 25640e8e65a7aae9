#include "engine/token_sequences.h"

#include <algorithm>
#include <string>

namespace mr::engine {
namespace {

constexpr std::size_t kMaxText = 40;  // bytes of a breaker that count, as in llama.cpp
constexpr std::size_t kMaxTail = 20;  // tokens of its rest

Expected<std::vector<std::int32_t>> tokens_of(const text::Tokenizer& tok, std::string_view text) {
  MR_TRY(const auto ids, text::encode(tok, text));
  return std::vector<std::int32_t>(ids.begin(), ids.end());
}

void add(TokenSequences& sequences, std::vector<std::int32_t> sequence) {
  if (std::ranges::find(sequences, sequence) == sequences.end()) {
    sequences.push_back(std::move(sequence));
  }
}

}  // namespace

Expected<TokenSequences> sequences_across(const text::Tokenizer& tok, std::string_view text) {
  text = text.substr(0, kMaxText);
  TokenSequences all;
  if (text.empty()) return all;
  for (std::size_t token = 0; token < text::n_tokens(tok); ++token) {
    const auto id = static_cast<text::Id>(token);
    const std::string word = text::piece_bytes(tok, id, false);
    const auto head = static_cast<std::int32_t>(token);
    if (word.find(text) != std::string::npos) {
      all.push_back({head});
      continue;
    }
    TokenSequences own;
    for (std::size_t at = word.find(text[0]); at != std::string::npos;
         at = word.find(text[0], at + 1)) {
      const std::size_t n = word.size() - at;  // shorter than the text, or it would be in the word
      if (n >= text.size() || text.substr(0, n) != std::string_view(word).substr(at)) continue;
      MR_TRY(std::vector<std::int32_t> sequence, tokens_of(tok, text.substr(n)));
      sequence.resize(std::min(sequence.size(), kMaxTail));
      sequence.insert(sequence.begin(), head);
      add(own, std::move(sequence));
    }
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

Expected<TokenSequences> spellings(const text::Tokenizer& tok, std::string_view word) {
  TokenSequences all;
  for (const std::string& text : {std::string(word), " " + std::string(word)}) {
    MR_TRY(std::vector<std::int32_t> sequence, tokens_of(tok, text));
    if (!sequence.empty()) add(all, std::move(sequence));
  }
  return all;
}

}  // namespace mr::engine
