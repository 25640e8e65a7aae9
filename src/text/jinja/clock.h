#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mr::text::jinja {

/// A civil time, as seconds since 1970 as if it were UTC: what strftime_now shows.
struct Clock {
  std::int64_t seconds = 0;
};

/// The local time now.
Clock local_clock();

/// A time as `2025-07-26`, `2025-07-26 12:00` or `2025-07-26T12:00:30`. Errors: bad_request.
Expected<Clock> parse_clock(std::string_view text);

/// The time in the way of Python's datetime.strftime. Errors: bad_request for a result that is
/// far too long.
Expected<std::string> format_time(Clock clock, std::string_view format);

}  // namespace mr::text::jinja
