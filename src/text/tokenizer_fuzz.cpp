#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "text/stream_decoder.h"
#include "text/tokenizer.h"

/// Any bytes are encoded, and the tokens give them back: as a whole, token by token, and from
/// segments of a message, which hold no control token.
namespace mr::text {
namespace {

Tokenizer load(const char* file, const char* pre) {
  auto vocab = read_vocab(std::string(MILLRACE_SOURCE_DIR "/tests/data/tokenizers/") + file, pre);
  MR_CHECK(vocab);
  auto tok = make_tokenizer(std::move(*vocab));
  MR_CHECK(tok);
  return std::move(*tok);
}

/// Those whose normalizer changes nothing.
const std::vector<Tokenizer>& tokenizers() {
  static const std::vector<Tokenizer> all = [] {
    std::vector<Tokenizer> made;
    made.push_back(load("generic.json", ""));
    made.push_back(load("deepseek-v3.json", ""));
    made.push_back(load("starcoder.json", ""));
    made.push_back(load("o200k.tiktoken", "gpt-oss"));
    made.push_back(load("kimi.tiktoken", "kimi"));
    made.push_back(load("gemma.model", ""));
    return made;
  }();
  return all;
}

void check(const Tokenizer& tok, std::string_view text) {
  if (tok.vocab.space_marks && text.find("\u2581") != std::string_view::npos) return;  // a space
  const auto ids = encode(tok, text);
  if (!ids) {
    MR_CHECK(ids.error().fault == Fault::does_not_fit);
    return;
  }
  MR_CHECK(decode(tok, *ids) == text);
  StreamDecoder stream{.tok = &tok};
  std::string all;
  for (const Id id : *ids) all += push(stream, id);
  MR_CHECK(all + finish(stream) == text);
  const std::size_t half = text.size() / 2;
  const Segment segments[] = {{text.substr(0, half), false}, {text.substr(half), false}};
  const auto marked = encode_marked(tok, segments, false);
  MR_CHECK(marked);
  for (const Id id : *marked) MR_CHECK(!is_control(tok, id));
  MR_CHECK(decode(tok, *marked) == text);
}

}  // namespace
}  // namespace mr::text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& all = mr::text::tokenizers();
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  mr::text::check(all[data[0] % all.size()], text);
  return 0;
}
