#include "text/jinja/marked.h"

#include <algorithm>

namespace mr::text::jinja {
namespace {

void mark(Marked& out, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!out.input.empty() && out.input.back().end == begin) {
    out.input.back().end = end;
  } else {
    out.input.push_back({begin, end});
  }
}

bool put(Marked& out, std::string_view text) {
  if (out.too_long || text.size() > out.max_bytes - out.text.size()) {
    out.too_long = true;
    return false;
  }
  out.text += text;
  return true;
}

}  // namespace

void append(Marked& out, std::string_view text, bool input) {
  const std::size_t begin = out.text.size();
  if (put(out, text) && input) mark(out, begin, out.text.size());
}

void append(Marked& out, const Str& str, std::size_t begin, std::size_t end) {
  const std::size_t base = out.text.size();
  if (!put(out, str.text.substr(begin, end - begin))) return;
  auto range = std::partition_point(str.input.begin(), str.input.end(),
                                    [&](const Range& r) { return r.end <= begin; });
  for (; range != str.input.end() && range->begin < end; ++range) {
    mark(out, base + std::max(range->begin, begin) - begin,
         base + std::min(range->end, end) - begin);
  }
}

void append(Marked& out, const Str& str) {
  append(out, str, 0, str.text.size());
}

void append(Marked& out, const Marked& more) {
  append(out, Str{more.text, more.input});
  out.too_long = out.too_long || more.too_long;
}

bool is_input(MarkCursor& cursor, std::size_t position) {
  while (cursor.next < cursor.input.size() && cursor.input[cursor.next].end <= position) {
    ++cursor.next;
  }
  return cursor.next < cursor.input.size() && cursor.input[cursor.next].begin <= position;
}

}  // namespace mr::text::jinja
