#include "text/stop_strings.h"

#include <algorithm>
#include <utility>

namespace mr::text {
namespace {

/// Takes one more byte of the text; whether the pattern is complete with it.
bool advance(StopStrings::Pattern& pattern, char byte) {
  std::size_t& n = pattern.n_matched;
  if (n == pattern.text.size()) n = pattern.border[n - 1];
  while (n > 0 && pattern.text[n] != byte) n = pattern.border[n - 1];
  if (pattern.text[n] == byte) ++n;
  return n == pattern.text.size();
}

StopStrings::Pattern make_pattern(const std::string& text) {
  StopStrings::Pattern pattern{.text = text, .border = {0}, .n_matched = 0};
  for (std::size_t i = 1; i < text.size(); ++i) {
    advance(pattern, text[i]);
    pattern.border.push_back(pattern.n_matched);
  }
  pattern.n_matched = 0;
  return pattern;
}

}  // namespace

StopStrings make_stop_strings(const std::vector<std::string>& strings, bool include) {
  StopStrings stops{.patterns = {}, .include = include};
  for (const std::string& text : strings) {
    if (!text.empty()) stops.patterns.push_back(make_pattern(text));
  }
  return stops;
}

std::string push(StopStrings& stops, std::string_view piece, bool may_stop) {
  if (stops.found) return {};
  if (stops.patterns.empty()) return std::string(piece);
  for (const char byte : piece) {
    stops.held += byte;
    for (std::size_t i = 0; i < stops.patterns.size(); ++i) {
      if (!advance(stops.patterns[i], byte) || !may_stop) continue;
      const bool longer =
          !stops.found || stops.patterns[i].text.size() > stops.patterns[*stops.found].text.size();
      if (longer) stops.found = i;
    }
    if (!stops.found) continue;
    if (!stops.include) {
      stops.held.resize(stops.held.size() - stops.patterns[*stops.found].text.size());
    }
    return std::exchange(stops.held, {});
  }
  std::size_t n_kept = 0;
  for (const StopStrings::Pattern& pattern : stops.patterns) {
    const bool complete = pattern.n_matched == pattern.text.size();  // and did not count
    n_kept = std::max(n_kept, complete ? pattern.border.back() : pattern.n_matched);
  }
  std::string out = stops.held.substr(0, stops.held.size() - n_kept);
  stops.held.erase(0, out.size());
  return out;
}

std::string finish(StopStrings& stops) {
  return std::exchange(stops.held, {});
}

}  // namespace mr::text
