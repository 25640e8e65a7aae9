#include "app/exit.h"

#include <cstdio>
#include <string>

#include "base/log.h"
#include "base/utf8.h"

namespace mr::app {
namespace {

/// On one line, and nothing that steers a terminal: control characters as \xHH. Messages may hold
/// text of files.
std::string harmless(const std::string& message) {
  const std::string text = to_utf8(message);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto second = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : ' ');
    if (byte >= 0x20 && byte != 0x7F && !(byte == 0xC2 && second < 0xA0)) {
      out += text[i];
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte == 0xC2 ? second : byte);
    out += escaped;
    if (byte == 0xC2) ++i;
  }
  return out;
}

}  // namespace

int report(const Error& error) {
  const std::string line = "millrace: " + harmless(error.message) + "\n";
  std::fputs(line.c_str(), stderr);
  if (log::settings.file != nullptr) std::fputs(line.c_str(), log::settings.file);
  switch (error.fault) {
    case Fault::failed:
      return kFailed;
    case Fault::bad_request:
      return kUsage;
    case Fault::bad_model:
      return kBadModel;
    case Fault::does_not_fit:
      return kDoesNotFit;
    case Fault::cancelled:
      return kInterrupted;
  }
  return kFailed;
}

}  // namespace mr::app
