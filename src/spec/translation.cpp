#include "spec/translation.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "spec/rest_index.h"

namespace mr::spec {
namespace {

/// The tokens of a vocabulary by what they stand for.
struct Lexicon {
  std::unordered_map<std::string, std::int32_t> text;     ///< by their bytes
  std::unordered_map<std::string, std::int32_t> control;  ///< by their spelling
  std::size_t longest = 0;                                ///< bytes of a text
};

std::int32_t n_shared(const text::Tokenizer& tok, std::int32_t n_logits) {
  return std::min(static_cast<std::int32_t>(text::n_tokens(tok)), n_logits);
}

Lexicon make_lexicon(const text::Tokenizer& tok, std::int32_t n_logits) {
  Lexicon lexicon;
  for (std::int32_t id = 0; id < n_shared(tok, n_logits); ++id) {
    const auto at = static_cast<text::Id>(id);
    std::string bytes = text::piece_bytes(tok, at, false);
    if (bytes.empty()) continue;
    if (text::is_control(tok, at)) {
      lexicon.control.emplace(std::move(bytes), id);
    } else {
      lexicon.longest = std::max(lexicon.longest, bytes.size());
      lexicon.text.emplace(std::move(bytes), id);
    }
  }
  return lexicon;
}

/// The longest piece at each place. Bytes that no piece has are left out.
void spell_text(const Lexicon& lexicon, std::string_view bytes, std::vector<std::int32_t>& out) {
  while (!bytes.empty()) {
    std::size_t n = std::min(lexicon.longest, bytes.size());
    auto found = lexicon.text.end();
    for (; n > 0 && found == lexicon.text.end(); --n) {
      found = lexicon.text.find(std::string(bytes.substr(0, n)));
    }
    if (found != lexicon.text.end()) out.push_back(found->second);
    bytes.remove_prefix(n + 1);
  }
}

/// What both begin, or end, a text with.
std::int32_t same_mark(const text::Vocab& target, const text::Vocab& draft, text::Id id) {
  const text::Id mark = id == target.bos ? draft.bos : id == target.eos ? draft.eos : text::kNoId;
  return mark == text::kNoId ? -1 : static_cast<std::int32_t>(mark);
}

}  // namespace

Expected<Translation> translate(const text::Tokenizer& target, std::int32_t n_target,
                                const text::Tokenizer& draft, std::int32_t n_draft) {
  Translation made{.n_target = n_target, .n_draft = n_draft};
  if (fingerprint(target) == fingerprint(draft)) return made;
  made.same = false;
  made.to_target.assign(static_cast<std::size_t>(n_draft), -1);
  made.spell_begin.push_back(0);
  const Lexicon lexicon = make_lexicon(draft, n_draft);
  std::int32_t n_alike = 0;
  for (std::int32_t id = 0; id < n_target; ++id) {
    const auto at = static_cast<text::Id>(id);
    const std::string bytes = text::piece_bytes(target, at, false);
    if (text::is_control(target, at)) {
      const auto found = lexicon.control.find(bytes);
      const std::int32_t like =
          found != lexicon.control.end() ? found->second : same_mark(target.vocab, draft.vocab, at);
      if (like >= 0 && like < n_draft) made.spelling.push_back(like);
    } else {
      spell_text(lexicon, bytes, made.spelling);
    }
    made.spell_begin.push_back(static_cast<std::int32_t>(made.spelling.size()));
    const std::int32_t alone = to_draft(made, id);
    if (alone < 0 || made.to_target[static_cast<std::size_t>(alone)] >= 0) continue;
    made.to_target[static_cast<std::size_t>(alone)] = id;
    ++n_alike;
  }
  const std::int32_t n_least = std::min(n_shared(target, n_target), n_shared(draft, n_draft));
  if (n_alike >= (n_least + 1) / 2) return made;
  return fail(Fault::bad_model, "vocabulary: wanted half of " + std::to_string(n_least) +
                                    " tokens to have their like in the target's, found " +
                                    std::to_string(n_alike));
}

std::vector<std::int32_t> spell(const Translation& t, std::span<const std::int32_t> tokens) {
  std::vector<std::int32_t> out;
  out.reserve(tokens.size());
  for (const std::int32_t token : tokens) {
    if (t.same) {
      if (token < t.n_draft) out.push_back(token);
      continue;
    }
    const auto at = static_cast<std::size_t>(token);
    out.insert(out.end(), t.spelling.begin() + t.spell_begin[at],
               t.spelling.begin() + t.spell_begin[at + 1]);
  }
  return out;
}

std::int32_t to_draft(const Translation& t, std::int32_t token) {
  if (t.same) return token < t.n_draft ? token : -1;
  const auto at = static_cast<std::size_t>(token);
  const std::int32_t begin = t.spell_begin[at];
  return t.spell_begin[at + 1] - begin == 1 ? t.spelling[static_cast<std::size_t>(begin)] : -1;
}

sample::LogitRow to_target(const Translation& t, const sample::LogitRow& row,
                           std::vector<float>& scratch) {
  if (t.same && t.n_target == t.n_draft) return row;
  scratch.assign(static_cast<std::size_t>(t.n_target), sample::kNever);
  if (t.same) {
    std::copy_n(row.logits.begin(), std::min(t.n_target, t.n_draft), scratch.begin());
    return {.logits = scratch};
  }
  for (std::size_t i = 0; i < t.to_target.size(); ++i) {
    if (t.to_target[i] < 0) continue;
    scratch[static_cast<std::size_t>(t.to_target[i])] = row.logits[i];
  }
  return {.logits = scratch};
}

}  // namespace mr::spec
