#include <cstdint>
#include <string_view>

#include "text/tokenizer.h"
#include "text/vocab_read.h"

/// Tokenizer files of every format that is not GGUF: an error, or a tokenizer that encodes.
namespace mr::text {
namespace {

Expected<Vocab> read(std::uint8_t kind, std::string_view bytes) {
  const std::size_t middle = bytes.size() / 2;
  switch (kind % 4) {
    case 0:
      return vocab_from_tokenizer_json(bytes);
    case 1:
      return vocab_from_sentencepiece(bytes);
    case 2:
      return vocab_from_ranks(bytes, "llama3");
    default:
      return vocab_from_merges(bytes.substr(0, middle), bytes.substr(middle), "gpt-2");
  }
}

}  // namespace
}  // namespace mr::text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto vocab = mr::text::read(data[0], bytes);
  if (!vocab) return 0;
  const auto tok = mr::text::make_tokenizer(std::move(*vocab));
  if (!tok) return 0;
  const auto ids = mr::text::encode(*tok, "Hello <s> \xc3\xa9\xcc\x81 \xff 12  x\n", {true, true});
  if (ids) mr::text::decode(*tok, *ids);
  return 0;
}
