#include <algorithm>
#include <array>
#include <string>

#include "text/grammar/schema_terms.h"

/// The formats of strings as patterns of the whole text.
namespace mr::text::grammar {
namespace {

struct Format {
  std::string_view name;
  std::string_view pattern;  ///< none: not enforced
};

// Dates have the days that their months have, and 29 February in leap years only.
#define MR_DATE                                                                               \
  "(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|" \
  "30)|02-(?:0[1-9]|1\\d|2[0-8]))|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]" \
  "|[13579][26])00)-02-29)"
#define MR_TIME \
  "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)"
#define MR_BYTE "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define MR_IPV4 "(?:" MR_BYTE "\\.){3}" MR_BYTE
#define MR_HEX "[0-9a-fA-F]{1,4}"
#define MR_LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define MR_IPV6                                                                                    \
  "(?:" MR_HEX ":){7}" MR_HEX "|(?:" MR_HEX ":){1,7}:|(?:" MR_HEX ":){1,6}:" MR_HEX "|(?:" MR_HEX  \
  ":){1,5}(?::" MR_HEX "){1,2}|(?:" MR_HEX ":){1,4}(?::" MR_HEX "){1,3}|(?:" MR_HEX                \
  ":){1,3}(?::" MR_HEX "){1,4}|(?:" MR_HEX ":){1,2}(?::" MR_HEX "){1,5}|" MR_HEX ":(?::" MR_HEX    \
  "){1,6}|:(?:(?::" MR_HEX "){1,7}|:)|(?:" MR_HEX ":){6}" MR_IPV4 "|(?:" MR_HEX ":){0,5}:" MR_IPV4 \
  "|(?:" MR_HEX ":){1,4}:(?:" MR_HEX ":)" MR_IPV4 "|::(?:" MR_HEX ":){1,5}" MR_IPV4 "|(?:" MR_HEX  \
  ":){1,3}:(?:" MR_HEX ":){2}" MR_IPV4 "|(?:" MR_HEX ":){1,2}:(?:" MR_HEX ":){3}" MR_IPV4          \
  "|" MR_HEX "::(?:" MR_HEX ":){4}" MR_IPV4
#define MR_PCHAR "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
#define MR_NCHAR "(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})"
#define MR_TAIL "(?:\\?(?:" MR_PCHAR "|[/?])*)?(?:#(?:" MR_PCHAR "|[/?])*)?"
#define MR_PATHS "(?:/" MR_PCHAR "*)*"
#define MR_AUTHORITY                                                                      \
  "//(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?(?:\\[(?:" MR_IPV6             \
  "|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[" \
  "0-9A-Fa-f]{2})*)(?::\\d*)?" MR_PATHS
#define MR_URI                                                                            \
  "[A-Za-z][A-Za-z0-9+.-]*:(?:" MR_AUTHORITY "|/(?:" MR_PCHAR "+" MR_PATHS ")?|" MR_PCHAR \
  "+" MR_PATHS ")?" MR_TAIL

constexpr std::array kFormats{
    Format{"date", MR_DATE},
    Format{"time", MR_TIME},
    Format{"date-time", MR_DATE "[Tt]" MR_TIME},
    Format{"uuid", "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"},
    Format{"ipv4", MR_IPV4},
    Format{"ipv6", MR_IPV6},
    Format{"email",
           "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:" MR_LABEL
           "\\.)*" MR_LABEL},
    Format{"hostname", "(?:" MR_LABEL "\\.)*" MR_LABEL},
    Format{"duration",
           "P(?:\\d+W|(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)(?:T(?:\\d+H(?:\\d+M("
           "?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S))?|T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)"
           "?|\\d+S))"},
    Format{"json-pointer", "(?:/(?:[^~/]|~[01])*)*"},
    Format{"uri", MR_URI},
    Format{"uri-reference", MR_URI "|(?:" MR_AUTHORITY "|/(?:" MR_PCHAR "+" MR_PATHS ")?|" MR_NCHAR
                                   "+" MR_PATHS ")?" MR_TAIL},
    Format{"uri-template", ""},
    Format{"iri", ""},
    Format{"iri-reference", ""},
    Format{"idn-email", ""},
    Format{"idn-hostname", ""},
    Format{"relative-json-pointer", ""},
    Format{"regex", ""},
};

/// Times of leap seconds: 23:59:60 in UTC, told with offsets of whole and half hours.
std::string leap_seconds() {
  std::string pattern = "23:59:60(?:\\.\\d+)?[Zz]";
  const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  const auto add = [&](int minute, char sign, int hours, int minutes) {
    const int there = 23 * 60 + 59 + (sign == '+' ? 1 : -1) * (hours * 60 + minutes);
    const int hour = (there + 24 * 60) / 60 % 24;
    pattern += "|" + two(hour) + ":" + two(minute) + ":60(?:\\.\\d+)?\\" + sign + two(hours) + ":" +
               two(minutes);
  };
  for (int hours = 0; hours < 24; ++hours) {
    for (const char sign : {'+', '-'}) {
      add(59, sign, hours, 0);
      add(29, sign, hours, 30);
    }
  }
  return "(?:" + pattern + ")";
}

}  // namespace

std::optional<std::string> format_pattern(std::string_view format) {
  const auto* found = std::ranges::find(kFormats, format, &Format::name);
  if (found == kFormats.end() || found->pattern.empty()) return {};
  if (format == "time") return MR_TIME "|" + leap_seconds();
  if (format == "date-time") return MR_DATE "[Tt](?:" MR_TIME "|" + leap_seconds() + ")";
  return std::string(found->pattern);
}

bool is_format(std::string_view format) {
  return std::ranges::find(kFormats, format, &Format::name) != kFormats.end();
}

}  // namespace mr::text::grammar
