#include "text/terminal_text.h"

namespace mr::text {

std::string terminal_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool has_next = at + 1 < text.size();
    if (byte == 0x7F) {
      out += "\u2421";
    } else if (byte < ' ' && byte != '\n' && byte != '\t') {
      out += {'\xE2', '\x90', static_cast<char>(0x80 + byte)};  // U+2400 and on
    } else if (byte == 0xC2 && has_next && static_cast<unsigned char>(text[at + 1]) < 0xA0) {
      out += "\uFFFD";  // U+0080 to U+009F
      ++at;
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace mr::text
