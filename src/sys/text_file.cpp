#include "sys/text_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace mr::sys {

Expected<std::string> read_text(const std::string& path, std::size_t most_bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return fail(Fault::failed, path + ": " + std::strerror(errno));
  std::string text;
  std::array<char, 4096> part;
  while (std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
    const std::size_t n = std::fread(part.data(), 1, part.size(), file.get());
    text.append(part.data(), n);
    if (text.size() > most_bytes) {
      return fail(Fault::failed, path + ": more than " + std::to_string(most_bytes) + " bytes");
    }
  }
  if (std::ferror(file.get()) != 0) return fail(Fault::failed, path + ": " + std::strerror(errno));
  return text;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace mr::sys
