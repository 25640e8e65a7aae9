#include <cstring>

#include "base/quote.h"
#include "sys/mapped_file.h"
#include "text/vocab_read.h"

namespace mr::text {

Expected<Vocab> read_vocab(const std::string& path, std::string_view) {
  MR_TRY(const auto file, sys::map_file(path));
  const std::string_view bytes(reinterpret_cast<const char*>(file.data), file.bytes);
  if (bytes.starts_with("GGUF")) {
    MR_TRY(const auto gguf, gguf::open(path));
    return vocab_from_gguf(gguf);
  }
  return fail(Fault::bad_model, path + ": no tokenizer is recognised in it");
}

}  // namespace mr::text
