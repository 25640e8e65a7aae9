#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/regex.h"
#include "text/scan.h"
#include "text/vocab.h"

/// Pre-tokenization: a text is cut into words, each of which the model encodes on its own.
namespace mr::text {

struct SplitStage {
  SplitStep step;
  Scan scan = nullptr;  // of a scanner
  Regex regex;          // of a regex
};

struct Splitter {
  std::vector<SplitStage> stages;
  std::size_t cuts_from = 0;  // from this stage on they only cut, so that a byte passes as it is
};

/// Errors: bad_model for a scanner that does not exist or a pattern that does not compile.
Expected<Splitter> make_splitter(std::vector<SplitStep> steps);

/// A part of a text: what a rule matched, or what lies between matches.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool matched = false;
};

/// The parts that a stage makes of a text, which `metaspace` and `prefix_space` change: then `text`
/// points into `changed` afterwards. `first`: the text stands at the beginning of the input.
/// Errors: does_not_fit from a pattern that takes too long.
Expected<void> cut_parts(const SplitStage& stage, std::string_view& text, bool first,
                         std::string& changed, std::vector<Part>& parts);

/// Calls `word(std::string_view)` for every word of the text, from left to right.
template <typename Word>
Expected<void> split(const Splitter& splitter, std::size_t stage, std::string_view text, bool first,
                     const Word& word) {
  if (text.empty()) return {};
  if (stage == splitter.stages.size() || (text.size() == 1 && stage >= splitter.cuts_from)) {
    word(text);
    return {};
  }
  const SplitStage& now = splitter.stages[stage];
  const bool last = stage + 1 == splitter.stages.size();
  const auto pass = [&](std::size_t begin, std::size_t end) -> Expected<void> {
    if (last) {
      if (begin < end) word(text.substr(begin, end - begin));
      return {};
    }
    return split(splitter, stage + 1, text.substr(begin, end - begin), first && begin == 0, word);
  };
  if (now.scan != nullptr && now.step.behaviour == SplitBehaviour::isolated) {
    std::size_t gap = 0;  // begin of what is not matched
    for (std::size_t at = 0; at < text.size();) {
      const Cut cut = now.scan(text.data() + at, text.data() + text.size());
      at += cut.skip;
      if (cut.take == 0 && at < text.size()) continue;
      if (gap < at) MR_TRY_VOID(pass(gap, at));
      if (cut.take != 0) MR_TRY_VOID(pass(at, at + cut.take));
      gap = at += cut.take;
    }
    return {};
  }
  std::string changed;
  std::vector<Part> parts;
  MR_TRY_VOID(cut_parts(now, text, first, changed, parts));
  for (const Part& part : parts) MR_TRY_VOID(pass(part.begin, part.end));
  return {};
}

}  // namespace mr::text
