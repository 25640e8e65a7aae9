#include "text/valid_utf8.h"

#include "text/unicode.h"

namespace mr::text {

std::string valid_utf8(std::string_view text) {
  std::string out;
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const CodePoint c = decode(p, end);
    if (c.value == kInvalidCodePoint) {
      append_utf8(out, 0xFFFD);
    } else {
      out.append(p, c.bytes);
    }
    p += c.bytes;
  }
  return out;
}

}  // namespace mr::text
