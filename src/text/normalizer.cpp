#include "text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "text/unicode.h"

namespace mr::text {
namespace {

std::string_view strip(std::string_view text, bool left, bool right) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  while (left && begin < end) {
    const CodePoint c = decode(begin, end);
    if ((classify(c.value) & kAnySpace) == 0) break;
    begin += c.bytes;
  }
  while (right && begin < end) {
    const char* last = end - 1;
    while (last > begin && end - last < 4 && (static_cast<unsigned char>(*last) & 0xC0U) == 0x80) {
      --last;
    }
    if ((classify(decode(last, end).value) & kAnySpace) == 0) break;
    end = last;
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

void strip_accents(std::string& out, std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const CodePoint c = decode(p, end);
    const bool accent = (classify(c.value) & kMark) != 0;
    if (!accent) out.append(p, c.bytes);
    p += c.bytes;
  }
}

/// Replaces a single character, counted first so that the text is written once: a text of nothing
/// else took twice the time otherwise.
void replace_character(std::string& out, std::string_view text, char from, std::string_view to) {
  const auto n = static_cast<std::size_t>(std::ranges::count(text, from));
  std::size_t write = out.size();
  out.resize(write + text.size() - n + n * to.size());
  for (const char c : text) {
    if (c == from) {
      std::memcpy(out.data() + write, to.data(), to.size());
      write += to.size();
    } else {
      out[write++] = c;
    }
  }
}

void replace(std::string& out, std::string_view text, std::string_view from, std::string_view to) {
  if (from.size() == 1) return replace_character(out, text, from[0], to);
  std::size_t at = 0;
  for (std::size_t hit; (hit = text.find(from, at)) != std::string_view::npos;) {
    out.append(text.substr(at, hit - at)).append(to);
    at = hit + from.size();
  }
  out.append(text.substr(at));
}

Expected<void> replace_regex(std::string& out, std::string_view text, const Regex& regex,
                             std::string_view to) {
  RegexSearch state(regex);
  std::size_t at = 0;
  for (;;) {
    MR_TRY(const Match match, next_match(state, text));
    if (!match.found) break;
    out.append(text.substr(at, match.begin - at)).append(to);
    at = match.end;
  }
  out.append(text.substr(at));
  return {};
}

/// The end of the grapheme that begins at p.
const char* grapheme_end(const char* p, const char* end) {
  CodePoint c = decode(p, end);
  std::int32_t state = 0;
  for (p += c.bytes; p < end; p += c.bytes) {
    const CodePoint next = decode(p, end);
    if (c.value == kInvalidCodePoint || next.value == kInvalidCodePoint ||
        utf8proc_grapheme_break_stateful(static_cast<std::int32_t>(c.value),
                                         static_cast<std::int32_t>(next.value), &state)) {
      break;
    }
    c = next;
  }
  return p;
}

/// The map as Hugging Face's spm_precompiled applies it: to short graphemes as a whole, else to
/// each character; and what matches first, not longest.
void apply_graphemes(std::string& out, std::string_view text, const Charsmap& map) {
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const char* const next = grapheme_end(p, end);
    const std::string_view grapheme(p, static_cast<std::size_t>(next - p));
    const Replacement whole = shortest_match(map, grapheme);
    if (grapheme.size() < 6 && whole.bytes != 0) {
      out.append(whole.text);
      p = next;
      continue;
    }
    while (p < next) {
      const std::string_view character(p, decode(p, next).bytes);
      const Replacement one = shortest_match(map, character);
      out.append(one.bytes != 0 ? one.text : character);
      p += character.size();
    }
  }
}

/// The bytes of the longest entry of `kept` that begins the text.
std::size_t kept_prefix(const Trie& kept, std::string_view text) {
  std::size_t longest = 0;
  std::uint32_t node = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = child(kept, node, text[i]);
    if (node == 0) break;
    if (kept.nodes[node].value != kNoId) longest = i + 1;
  }
  return longest;
}

/// What the next characters become, and how many bytes they are.
Replacement normal_prefix(const Charsmap& map, std::string_view text, const Trie& kept) {
  if (const std::size_t n = kept_prefix(kept, text)) return {n, text.substr(0, n)};
  if (const Replacement found = longest_match(map, text); found.bytes != 0) return found;
  const std::size_t n = decode(text.data(), text.data() + text.size()).bytes;
  return {n, text.substr(0, n)};
}

/// Source: SentencePiece, Normalizer::Normalize. Invalid bytes stay, so that bytes can stand for
/// them.
void apply_sentencepiece(std::string& out, std::string_view text, const NormalStage& stage,
                         const Trie& kept) {
  const NormalStep& step = stage.step;
  const auto next = [&] { return normal_prefix(stage.map, text, kept); };
  if (step.remove_extra_spaces) {
    while (!text.empty()) {
      const Replacement part = next();
      if (part.text != " ") break;
      text.remove_prefix(part.bytes);
    }
  }
  if (text.empty()) return;
  const std::size_t start = out.size();
  if (step.dummy_prefix && !step.space_as_suffix) out += kSpaceMark;
  if (stage.map.units.empty() && !step.remove_extra_spaces) {  // nothing but spaces changes
    replace(out, text, " ", kSpaceMark);
    text = {};
  }
  bool after_space = step.remove_extra_spaces;
  while (!text.empty()) {
    const Replacement part = next();
    std::string_view rest = part.text;
    while (after_space && rest.starts_with(' ')) rest.remove_prefix(1);
    for (const char c : rest) {
      if (c == ' ') {
        out += kSpaceMark;
      } else {
        out += c;
      }
    }
    if (!rest.empty()) after_space = rest.ends_with(' ');
    after_space = after_space && step.remove_extra_spaces;
    text.remove_prefix(part.bytes);
  }
  while (step.remove_extra_spaces && out.size() - start >= kSpaceMark.size() &&
         std::string_view(out).ends_with(kSpaceMark)) {
    out.resize(out.size() - kSpaceMark.size());
  }
  if (step.dummy_prefix && step.space_as_suffix) out += kSpaceMark;
}

Expected<void> apply(const NormalStage& stage, std::string_view text, const Trie& kept,
                     std::string& out) {
  const NormalStep& step = stage.step;
  switch (step.kind) {
    case NormalStep::Kind::form:
      normalize(out, text, step.form);
      break;
    case NormalStep::Kind::lower:
      lower(out, text);
      break;
    case NormalStep::Kind::strip:
      out = strip(text, step.strip_left, step.strip_right);
      break;
    case NormalStep::Kind::strip_accents:
      strip_accents(out, text);
      break;
    case NormalStep::Kind::prepend:
      if (!text.empty()) out.append(step.to).append(text);
      break;
    case NormalStep::Kind::replace:
      replace(out, text, step.from, step.to);
      break;
    case NormalStep::Kind::replace_regex:
      return replace_regex(out, text, stage.regex, step.to);
    case NormalStep::Kind::charsmap_hf:
      apply_graphemes(out, text, stage.map);
      break;
    case NormalStep::Kind::sentencepiece:
      apply_sentencepiece(out, text, stage, kept);
      break;
  }
  return {};
}

}  // namespace

Expected<Normalizer> make_normalizer(std::vector<NormalStep> steps) {
  Normalizer normalizer;
  for (NormalStep& step : steps) {
    NormalStage stage;
    const bool mapped = step.kind == NormalStep::Kind::charsmap_hf ||
                        (step.kind == NormalStep::Kind::sentencepiece && !step.from.empty());
    if (mapped) {
      MR_TRY(stage.map, make_charsmap(step.from));
    } else if (step.kind == NormalStep::Kind::replace_regex) {
      MR_TRY(stage.regex, make_regex(step.from));
    }
    if (step.kind == NormalStep::Kind::replace && step.from.empty()) {
      return fail(Fault::bad_model, "a replacement in the normalizer has an empty pattern");
    }
    stage.step = std::move(step);
    normalizer.stages.push_back(std::move(stage));
  }
  return normalizer;
}

Expected<void> normalize(const Normalizer& normalizer, std::string_view text, const Trie& kept,
                         std::string& out) {
  std::string before;
  for (const NormalStage& stage : normalizer.stages) {
    out.clear();
    MR_TRY_VOID(apply(stage, text, kept, out));
    if (&stage != &normalizer.stages.back()) {
      before.swap(out);
      text = before;
    }
  }
  return {};
}

}  // namespace mr::text
