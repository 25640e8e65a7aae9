#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/jinja/template.h"

/// Any bytes as a template, rendered with a small talk: no crash, and no limit exceeded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mr::text::jinja;
  static const boost::json::value messages = boost::json::parse(
      R"([{"role": "user", "content": "a <s> \u00e9 \ud83e\udd99", "n": [1, 2.5, null, true]}])");
  const Limits limits{.source_bytes = 1 << 16,
                      .steps = 20'000,
                      .output_bytes = 1 << 16,
                      .memory_bytes = 1 << 24,
                      .seconds = 1};
  const auto parsed = parse_template({reinterpret_cast<const char*>(data), size}, limits);
  if (!parsed) return 0;
  const Variable variables[] = {{"messages", &messages}, {"m", &messages.at(0).at("content")}};
  const auto rendered = render(*parsed, variables, {.limits = limits});
  if (!rendered) return 0;
  if (rendered->text.size() > limits.output_bytes) std::abort();
  std::size_t at = 0;
  for (const Segment& segment : rendered->segments) {
    if (segment.begin != at || segment.end <= at) std::abort();
    at = segment.end;
  }
  if (at != rendered->text.size()) std::abort();
  return 0;
}
