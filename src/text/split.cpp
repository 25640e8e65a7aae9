#include "text/split.h"

#include <algorithm>

#include "base/quote.h"

namespace mr::text {
namespace {

/// Appends what matches and what lies between, in order.
Expected<void> match_parts(const SplitStage& stage, std::string_view text,
                           std::vector<Part>& parts) {
  std::size_t gap = 0;
  const auto add = [&](std::size_t begin, std::size_t end) {
    if (gap < begin) parts.push_back({gap, begin, false});
    parts.push_back({begin, end, true});
    gap = end;
  };
  const std::string& wanted = stage.step.text;
  if (stage.scan != nullptr) {
    for (std::size_t at = 0; at < text.size();) {
      const Cut cut = stage.scan(text.data() + at, text.data() + text.size());
      at += cut.skip;
      if (cut.take != 0) add(at, at + cut.take);
      at += cut.take;
    }
  } else if (stage.regex.code) {
    RegexSearch state(stage.regex);
    for (;;) {
      MR_TRY(const Match match, next_match(state, text));
      if (!match.found) break;
      add(match.begin, match.end);
    }
  } else {
    for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string_view::npos;) {
      add(at, at + wanted.size());
      at += wanted.size();
    }
  }
  if (gap < text.size()) parts.push_back({gap, text.size(), false});
  return {};
}

/// Joins or drops the parts as Hugging Face's SplitDelimiterBehavior says.
void behave(SplitBehaviour behaviour, std::vector<Part>& parts) {
  std::vector<Part> out;
  bool before = false;
  switch (behaviour) {
    case SplitBehaviour::isolated:
      return;
    case SplitBehaviour::removed:
      std::erase_if(parts, [](const Part& part) { return part.matched; });
      return;
    case SplitBehaviour::contiguous:
      for (const Part& part : parts) {
        if (!out.empty() && out.back().matched == part.matched) {
          out.back().end = part.end;
        } else {
          out.push_back(part);
        }
      }
      break;
    case SplitBehaviour::merged_with_previous:
      for (const Part& part : parts) {
        if (part.matched && !before && !out.empty()) {
          out.back().end = part.end;
        } else {
          out.push_back(part);
        }
        before = part.matched;
      }
      break;
    case SplitBehaviour::merged_with_next:
      std::ranges::reverse(parts);
      for (const Part& part : parts) {
        if (part.matched && !before && !out.empty()) {
          out.back().begin = part.begin;
        } else {
          out.push_back(part);
        }
        before = part.matched;
      }
      std::ranges::reverse(out);
      break;
  }
  parts = std::move(out);
}

/// Writes spaces as marks, with one before the text where the scheme says so.
void mark_spaces(const SplitStep& step, std::string_view text, bool first, std::string& changed) {
  const bool marked = text.starts_with(' ') || text.starts_with(kSpaceMark);
  const bool wanted = step.prefix == SplitStep::Prefix::always ||
                      (step.prefix == SplitStep::Prefix::first && first);
  if (wanted && !marked) changed += kSpaceMark;
  for (const char c : text) {
    if (c == ' ') {
      changed += kSpaceMark;
    } else {
      changed += c;
    }
  }
}

}  // namespace

Expected<Splitter> make_splitter(std::vector<SplitStep> steps) {
  Splitter splitter;
  for (SplitStep& step : steps) {
    SplitStage stage;
    if (step.kind == SplitStep::Kind::scanner) {
      stage.scan = scanner_by_name(step.text);
      if (stage.scan == nullptr) {
        return fail(Fault::bad_model, "no split rule is named " + quote(step.text));
      }
    } else if (step.kind == SplitStep::Kind::regex) {
      MR_TRY(stage.regex, make_regex(step.text));
    } else if (step.kind == SplitStep::Kind::literal && step.text.empty()) {
      return fail(Fault::bad_model, "a split rule has an empty pattern");
    }
    const bool changes = step.kind == SplitStep::Kind::prefix_space ||
                         step.kind == SplitStep::Kind::metaspace ||
                         step.behaviour != SplitBehaviour::isolated;
    stage.step = std::move(step);
    splitter.stages.push_back(std::move(stage));
    if (changes) splitter.cuts_from = splitter.stages.size();
  }
  return splitter;
}

Expected<void> cut_parts(const SplitStage& stage, std::string_view& text, bool first,
                         std::string& changed, std::vector<Part>& parts) {
  const SplitStep& step = stage.step;
  if (step.kind == SplitStep::Kind::prefix_space) {
    if (!text.starts_with(' ')) {
      changed.append(1, ' ').append(text);
      text = changed;
    }
    parts.push_back({0, text.size(), false});
    return {};
  }
  if (step.kind == SplitStep::Kind::metaspace) {
    mark_spaces(step, text, first, changed);
    text = changed;
    if (!step.split) {
      parts.push_back({0, text.size(), false});
      return {};
    }
    SplitStage marks;
    marks.step = {.kind = SplitStep::Kind::literal, .text = std::string(kSpaceMark)};
    MR_TRY_VOID(match_parts(marks, text, parts));
    behave(SplitBehaviour::merged_with_next, parts);
    return {};
  }
  MR_TRY_VOID(match_parts(stage, text, parts));
  if (step.invert) {
    for (Part& part : parts) part.matched = !part.matched;
  }
  behave(step.behaviour, parts);
  return {};
}

}  // namespace mr::text
