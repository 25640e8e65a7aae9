#include "text/grammar/code_set.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"

namespace mr::text::grammar {
namespace {

constexpr CodeRange kSurrogates{0xD800, 0xDFFF};

}  // namespace

CodeSet in_order(std::vector<CodeRange> ranges) {
  std::vector<CodeRange> parts;
  for (const CodeRange& range : ranges) {
    if (range.first < kSurrogates.first) {
      parts.push_back({range.first, std::min(range.last, kSurrogates.first - 1)});
    }
    if (range.last > kSurrogates.last) {
      parts.push_back({std::max(range.first, kSurrogates.last + 1), range.last});
    }
  }
  std::ranges::sort(parts, {}, &CodeRange::first);
  CodeSet set;
  for (const CodeRange& part : parts) {
    if (part.first > part.last) continue;
    if (!set.empty() && part.first <= set.back().last + 1) {
      set.back().last = std::max(set.back().last, part.last);
    } else {
      set.push_back(part);
    }
  }
  return set;
}

CodeSet complement(const CodeSet& set) {
  std::vector<CodeRange> ranges;
  std::uint32_t next = 0;
  for (const CodeRange& range : set) {
    if (range.first > next) ranges.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCode) ranges.push_back({next, kLastCode});
  return in_order(std::move(ranges));
}

bool contains(const CodeSet& set, std::uint32_t code) {
  const auto after = std::ranges::upper_bound(set, code, {}, &CodeRange::first);
  return after != set.begin() && code <= (after - 1)->last;
}

CodeSet all_codes() {
  return complement({});
}

std::uint32_t take_code(std::string_view& text) {
  const std::size_t n = utf8_sequence(text);
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  std::uint32_t code = 0xFFFD;
  if (n == 1) code = byte(0);
  if (n == 2) code = ((byte(0) & 0x1F) << 6) | (byte(1) & 0x3F);
  if (n == 3) code = ((byte(0) & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
  if (n == 4) {
    code = ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) |
           (byte(3) & 0x3F);
  }
  text.remove_prefix(n == 0 ? 1 : n);
  return code;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      put(0xE0 | (code >> 12));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
    }
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

}  // namespace mr::text::grammar
