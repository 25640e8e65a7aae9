#include <algorithm>
#include <array>

#include "base/quote.h"
#include "text/scan.h"
#include "text/vocab_read.h"

namespace mr::text {

Expected<void> set_pre(Vocab& vocab, std::string_view pre) {
  constexpr std::array<std::string_view, 5> kFromTiktoken{"cl100k", "llama3", "o200k", "tekken",
                                                          "kimi"};
  const auto names = scanners_of_pre(pre);
  if (names.empty()) {
    return fail(Fault::bad_model, "no pre-tokenizer is named " + quote(pre));
  }
  for (const std::string_view name : names) {
    vocab.splits.push_back({.kind = SplitStep::Kind::scanner, .text = std::string(name)});
  }
  vocab.whole_word_first = std::ranges::find(kFromTiktoken, names[0]) != kFromTiktoken.end();
  return {};
}

}  // namespace mr::text
