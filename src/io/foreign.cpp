#include "io/foreign.h"

#include <algorithm>
#include <cstring>

#include "base/quote.h"

namespace mr::io {
namespace {

struct Kind {
  std::string_view magic;
  const char* what;
};

constexpr std::string_view kSafetensorsHeader = "{\"";

constexpr Kind kKinds[] = {
    {"GGUF", "a GGUF file"},
    {"FUGG", "a big-endian GGUF file"},
    {"ggml", "a GGML file of before GGUF"},
    {"lmgg", "a GGML file of before GGUF"},
    {"tjgg", "a GGML file of before GGUF"},
    {"fmgg", "a GGML file of before GGUF"},
    {"PK\x03\x04",
     "a zip archive (perhaps a PyTorch checkpoint: those can run code and are "
     "not read; wanted GGUF or safetensors)"},
    {"\x80\x02",
     "a Python pickle (those can run code and are not read; wanted GGUF or "
     "safetensors)"},
    {"\x80\x04",
     "a Python pickle (those can run code and are not read; wanted GGUF or "
     "safetensors)"},
    {"\x89PNG", "a PNG image"},
    {"\xff\xd8\xff", "a JPEG image"},
    {"\x7f"
     "ELF",
     "a program (ELF)"},
    {"%PDF", "a PDF document"},
    {"\x1f\x8b", "a gzip file"},
    {"\x28\xb5\x2f\xfd", "a Zstandard file"},
    {"\xfd"
     "7zXZ",
     "an xz file"},
    {"\x89HDF", "an HDF5 file"},
    {"version https://git-lfs", "a Git LFS pointer (the file itself was not downloaded)"},
};

bool is_text(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes.first(std::min<std::size_t>(bytes.size(), 256)),
                             [](std::byte b) {
                               const auto c = static_cast<unsigned char>(b);
                               return c >= ' ' || c == '\n' || c == '\r' || c == '\t';
                             });
}

}  // namespace

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::string describe_foreign(std::span<const std::byte> bytes) {
  for (const Kind& kind : kKinds) {
    if (starts_with(bytes, kind.magic)) return kind.what;
  }
  if (bytes.size() > 10 && starts_with(bytes.subspan(8), kSafetensorsHeader)) {
    return "a safetensors file";
  }
  if (is_text(bytes)) return "a text file";
  const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 4));
  return "a file that begins with " +
         quote({reinterpret_cast<const char*>(head.data()), head.size()});
}

}  // namespace mr::io
