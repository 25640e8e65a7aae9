#include "text/jinja/escape.h"

#include "text/jinja/print.h"

namespace mr::text::jinja {

void append_escaped(Marked& out, const Str& str) {
  MarkCursor cursor{str.input};
  std::size_t begin = 0;  // of what needs no escape
  for (std::size_t at = 0; at < str.text.size() && !out.too_long; ++at) {
    std::string_view entity;
    switch (str.text[at]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '\'':
        entity = "&#39;";
        break;
      case '"':
        entity = "&#34;";
        break;
      default:
        continue;
    }
    append(out, str, begin, at);
    append(out, entity, is_input(cursor, at));
    begin = at + 1;
  }
  append(out, str, begin, str.text.size());
}

Expected<Value> escaped(Run& run, Value value) {
  if (is_string(value) && value.str->markup) return value;
  MR_TRY(const Value text, to_str(run, value));
  Marked out = marked(run);
  append_escaped(out, *text.str);
  return finish(run, out, true);
}

}  // namespace mr::text::jinja
