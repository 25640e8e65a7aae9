#include "app/rest_index_command.h"

#include <algorithm>
#include <string_view>

#include "app/exit.h"
#include "base/log.h"
#include "spec/rest_index.h"
#include "sys/text_file.h"

namespace mr::app {
namespace {

constexpr std::size_t kMaxCorpusBytes = std::size_t{1} << 32;
constexpr std::size_t kCorpusChunkBytes = 1U << 16;

/// The tokens of a text, chunk by chunk, which end at ends of lines where there are any.
Expected<std::vector<std::int32_t>> encode_corpus(const text::Tokenizer& tok,
                                                  std::string_view text) {
  std::vector<std::int32_t> tokens;
  while (!text.empty()) {
    std::size_t n = std::min(kCorpusChunkBytes, text.size());
    const std::size_t line = n < text.size() ? text.substr(0, n).rfind('\n') : std::string::npos;
    if (line != std::string_view::npos) n = line + 1;
    MR_TRY(const auto ids, text::encode(tok, text.substr(0, n)));
    tokens.insert(tokens.end(), ids.begin(), ids.end());
    text.remove_prefix(n);
  }
  return tokens;
}

Expected<void> write_index(const RestIndexArgs& args) {
  MR_TRY(const Opened opened, open(args.load));
  MR_TRY(const text::Tokenizer tokenizer, load_tokenizer(opened.files));
  MR_TRY(const std::string text, sys::read_text(args.corpus, kMaxCorpusBytes));
  MR_TRY(const auto tokens, encode_corpus(tokenizer, text));
  if (tokens.empty()) {
    return fail(Fault::bad_request, args.corpus + ": wanted a text, found an empty file");
  }
  const std::string out = args.out.empty() ? args.corpus + ".rest" : args.out;
  MR_TRY_VOID(spec::write_rest_index(out, tokens, opened.sketch.model.config.n_vocab,
                                     spec::fingerprint(tokenizer)));
  log::say(log::Level::info, "%zu tokens of %zu bytes in %s", tokens.size(), text.size(),
           out.c_str());
  return {};
}

}  // namespace

int run_rest_index(const RestIndexArgs& args) {
  const auto written = write_index(args);
  return written ? kOk : report(written.error());
}

}  // namespace mr::app
