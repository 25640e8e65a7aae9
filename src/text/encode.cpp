#include <algorithm>

#include "text/bpe.h"
#include "text/tokenizer.h"
#include "text/unigram.h"

namespace mr::text {
namespace {

/// A stretch of the text that special tokens may arise from.
struct Trusted {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What one call of `encode` works with.
struct Work {
  const Tokenizer& tok;
  std::span<const Trusted> trusted;  // in order
  bool marked = false;               // text that is not trusted is somebody's message
  std::vector<Id> symbols = {};
  std::vector<Id> out = {};
};

/// A message that spells an added token in the manner of markup (`<tool_call>`, `[INST]`) may mean
/// mischief even where the vocabulary does not call the token special. Names of HTML elements,
/// which some vocabularies have as tokens, are harmless.
bool looks_like_control(std::string_view text) {
  const bool angle = text.starts_with('<') && text.ends_with('>');
  const bool square = text.starts_with('[') && text.ends_with(']');
  if (text.size() < 3 || !(angle || square)) return false;
  text = text.substr(1, text.size() - 2);
  if (angle && text.starts_with('/')) text.remove_prefix(1);
  return square || !std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

bool is_guarded(const Work& work, const AddedToken& token) {
  if (token.special) return true;
  return work.marked && (is_control(work.tok, token.id) || looks_like_control(token.text));
}

bool is_trusted(const Work& work, std::size_t begin, std::size_t end) {
  const auto range = std::ranges::upper_bound(work.trusted, begin, std::less{}, &Trusted::begin);
  return range != work.trusted.begin() && std::prev(range)->end >= end;
}

/// Whether any of the text is trusted.
bool touches_trusted(const Work& work, std::size_t begin, std::size_t end) {
  const auto range = std::ranges::upper_bound(work.trusted, begin, std::less{}, &Trusted::end);
  return range != work.trusted.end() && range->begin < end;
}

std::size_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && text.size() - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) {
    --at;
  }
  return at;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  const char* const stop = text.data() + text.size();
  if (end < text.size() && is_word_character(decode(text.data() + end, stop).value)) return false;
  if (begin == 0) return true;
  const std::size_t before = last_character(text.substr(0, begin));
  return !is_word_character(decode(text.data() + before, text.data() + begin).value);
}

/// An added token found in a text, with the white space that it takes along.
struct Hit {
  std::size_t begin = 0;
  std::size_t end = 0;
  const AddedToken* token = nullptr;
  std::size_t text_end = 0;  // of its own text: the next may begin in the white space after it
};

/// How far a search has come in a text. `offset`: the place of the text in the input; kNoOffset
/// where it was normalized, so that it has none and nothing guarded is allowed unless everything
/// is.
constexpr std::size_t kNoOffset = ~std::size_t{0};

struct Progress {
  std::size_t from = 0;   // where the next may begin
  std::size_t taken = 0;  // by the tokens before
  std::size_t offset = 0;
  bool all_trusted = false;
};

/// Widens a hit by the white space its token takes, back to `from` at most.
void take_spaces(std::string_view text, std::size_t from, Hit& hit) {
  const char* const stop = text.data() + text.size();
  while (hit.token->strip_left && hit.begin > from) {
    const std::size_t at = last_character(text.substr(0, hit.begin));
    const CodePoint c = decode(text.data() + at, text.data() + hit.begin);
    if (at < from || (classify(c.value) & kAnySpace) == 0) break;
    hit.begin = at;
  }
  while (hit.token->strip_right && hit.end < text.size()) {
    const CodePoint c = decode(text.data() + hit.end, stop);
    if ((classify(c.value) & kAnySpace) == 0) break;
    hit.end += c.bytes;
  }
}

/// The next added token: the leftmost, and of these the longest that is allowed.
Hit find_added(const Work& work, const Trie& trie, std::string_view text,
               const Progress& progress) {
  const std::size_t offset = progress.offset;
  for (std::size_t at = progress.from; at < text.size();) {
    std::uint32_t node = child(trie, 0, text[at]);
    if (node == 0) {
      ++at;
      continue;
    }
    Hit longest;
    Hit allowed;
    for (std::size_t end = at + 1;; ++end) {
      if (const Id value = trie.nodes[node].value; value != kNoId) {
        longest = {at, end, &work.tok.vocab.added[value], end};
        const bool trusted = progress.all_trusted ||
                             (offset != kNoOffset && is_trusted(work, offset + at, offset + end));
        if (trusted || !is_guarded(work, *longest.token)) allowed = longest;
      }
      node = end < text.size() ? child(trie, node, text[end]) : 0;
      if (node == 0) break;
    }
    if (longest.token == nullptr) {
      ++at;
      continue;
    }
    // Hugging Face takes the longest token or, where that may not be, none up to its end. Where
    // trusted text is involved that would let a message hide a special token after it.
    const bool mixed =
        offset != kNoOffset && touches_trusted(work, offset + at, offset + longest.end);
    if (!mixed && allowed.token != longest.token) allowed = {};
    const bool alone = allowed.token != nullptr &&
                       (!allowed.token->single_word || stands_alone(text, at, allowed.end));
    if (alone) {
      take_spaces(text, progress.taken, allowed);
      return allowed;
    }
    at = mixed ? at + 1 : longest.end;
  }
  return {text.size(), text.size(), nullptr, text.size()};
}

/// Encodes text that holds no added token any more.
Expected<void> encode_plain(Work& work, std::string_view text, bool first) {
  const Tokenizer& tok = work.tok;
  switch (tok.vocab.algorithm) {
    case Algorithm::byte_bpe:
      return split(tok.splitter, 0, text, first,
                   [&](std::string_view word) { encode_bytes(tok, word, work.symbols, work.out); });
    case Algorithm::char_bpe:
      return split(tok.splitter, 0, text, first, [&](std::string_view word) {
        encode_characters(tok, word, work.symbols, work.out);
      });
    case Algorithm::unigram:
      return split(tok.splitter, 0, text, first,
                   [&](std::string_view word) { encode_unigram(tok, word, work.out); });
  }
  return {};
}

/// Puts out a hit's token and goes on after it.
void take(Work& work, const Hit& hit, Progress& progress) {
  if (hit.token != nullptr) work.out.push_back(hit.token->id);
  progress.taken = std::max(progress.taken, hit.end);
  progress.from = hit.text_end;
}

/// Encodes what lies between the added tokens of the raw text.
Expected<void> encode_between(Work& work, std::string_view text, std::size_t offset) {
  const Tokenizer& tok = work.tok;
  Progress progress{.offset = offset,
                    .all_trusted = is_trusted(work, offset, offset + text.size())};
  const bool first = offset == 0;
  std::string normal;
  if (!tok.normalizer.stages.empty()) {
    MR_TRY_VOID(normalize(tok.normalizer, text, tok.added_normalized, normal));
    text = normal;
    progress.offset = kNoOffset;
  }
  if (tok.added_normalized.nodes[0].base == 0) return encode_plain(work, text, first);
  while (progress.from < text.size()) {
    const Hit hit = find_added(work, tok.added_normalized, text, progress);
    const std::size_t at = progress.taken;
    if (at < hit.begin) {
      MR_TRY_VOID(encode_plain(work, text.substr(at, hit.begin - at), first && at == 0));
    }
    take(work, hit, progress);
  }
  return {};
}

Expected<std::vector<Id>> run(Work& work, std::string_view text, bool add_special) {
  const Tokenizer& tok = work.tok;
  if (text.size() > kMaxTextBytes) {
    return fail(Fault::does_not_fit, "a text of " + std::to_string(text.size()) +
                                         " bytes; the limit is " + std::to_string(kMaxTextBytes));
  }
  work.out.reserve(text.size() / 3 + 8);
  if (add_special) work.out = tok.vocab.prefix;
  for (Progress progress; progress.from < text.size();) {
    const Hit hit = find_added(work, tok.added, text, progress);
    const std::size_t at = progress.taken;
    if (at < hit.begin) MR_TRY_VOID(encode_between(work, text.substr(at, hit.begin - at), at));
    take(work, hit, progress);
  }
  if (add_special) {
    work.out.insert(work.out.end(), tok.vocab.suffix.begin(), tok.vocab.suffix.end());
  }
  return std::move(work.out);
}

}  // namespace

Expected<std::vector<Id>> encode(const Tokenizer& tok, std::string_view text,
                                 EncodeOptions options) {
  const Trusted all{0, text.size()};
  Work work{.tok = tok, .trusted = std::span(&all, options.parse_special ? 1 : 0)};
  return run(work, text, options.add_special);
}

Expected<std::vector<Id>> encode_marked(const Tokenizer& tok, std::span<const Segment> segments,
                                        bool add_special) {
  std::string text;
  std::vector<Trusted> trusted;
  for (const Segment& segment : segments) {
    const std::size_t begin = text.size();
    text += segment.text;
    if (!segment.trusted || segment.text.empty()) continue;
    if (!trusted.empty() && trusted.back().end == begin) {
      trusted.back().end = text.size();
    } else {
      trusted.push_back({begin, text.size()});
    }
  }
  Work work{.tok = tok, .trusted = trusted, .marked = true};
  return run(work, text, add_special);
}

}  // namespace mr::text
