#include "text/jinja/clock.h"

#include <array>
#include <charconv>
#include <ctime>

namespace mr::text::jinja {

Clock local_clock() {
  const std::time_t now = std::time(nullptr);
  std::tm civil{};
  localtime_r(&now, &civil);
  return {timegm(&civil)};
}

Expected<Clock> parse_clock(std::string_view text) {
  static constexpr std::string_view kPattern = "dddd-dd-dd dd:dd:dd";
  const auto refuse = [&] {
    return fail(Fault::bad_request,
                "wanted a time such as 2025-07-26T12:00:00, got '" + std::string(text) + "'");
  };
  if (text.size() != 10 && text.size() != 16 && text.size() != 19) return refuse();
  std::array<int, 6> fields = {};
  std::size_t field = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kPattern[i] == 'd' ? !is_digit : text[i] != kPattern[i] && !(i == 10 && text[i] == 'T')) {
      return refuse();
    }
    if (is_digit) {
      fields[field] = fields[field] * 10 + (text[i] - '0');
    } else {
      ++field;
    }
  }
  std::tm civil{};
  civil.tm_year = fields[0] - 1900;
  civil.tm_mon = fields[1] - 1;
  civil.tm_mday = fields[2];
  civil.tm_hour = fields[3];
  civil.tm_min = fields[4];
  civil.tm_sec = fields[5];
  const Clock clock{timegm(&civil)};  // also brings fields in their ranges: they must not change
  if (civil.tm_mon != fields[1] - 1 || civil.tm_mday != fields[2] || civil.tm_hour != fields[3] ||
      civil.tm_min != fields[4]) {
    return refuse();
  }
  return clock;
}

Expected<std::string> format_time(Clock clock, std::string_view format) {
  constexpr std::size_t kMaxFormat = 1024;
  if (format.size() > kMaxFormat) return fail(Fault::bad_request, "strftime_now: format too long");
  std::string pattern;  // without what a time of no zone leaves empty, and with microseconds
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char next = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : ' ';
    if (format[i] != '%' || next == ' ') {
      pattern += format[i] == '%' ? "%%" : std::string(1, format[i]);
      continue;
    }
    ++i;
    if (next == 'f') pattern += "000000";
    if (next == 'f' || next == 'z' || next == 'Z') continue;
    pattern += {'%', next};
  }
  pattern += '.';  // so that an empty result can be told from a failure
  const std::time_t seconds = clock.seconds;
  std::tm civil{};
  gmtime_r(&seconds, &civil);
  std::string text(16 * kMaxFormat, '\0');
  const std::size_t n = strftime(text.data(), text.size(), pattern.c_str(), &civil);
  if (n == 0) return fail(Fault::bad_request, "strftime_now: result too long");
  text.resize(n - 1);
  return text;
}

}  // namespace mr::text::jinja
