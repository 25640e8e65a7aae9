#include "text/jinja/links.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

/// A character as Python compares it without case. Letters of which the small form is not their own
/// are the four that Python's [a-z] takes besides ASCII.
char32_t folded(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + ('a' - 'A');
  if (c == 0x130 || c == 0x131) return 'i';
  if (c == 0x17F) return 's';
  return c == 0x212A ? 'k' : c;
}

std::u32string fold(std::string_view text) {
  std::u32string chars;
  for (std::size_t at = 0; at < text.size();) chars += folded(next_char(text, at));
  return chars;
}

bool is_label(char32_t c) {
  return is_word(c) || c == '%' || c == '-';
}

/// Where the run of characters for which `is_part` holds ends.
template <typename IsPart>
std::size_t end_of_run(std::u32string_view text, std::size_t at, IsPart is_part) {
  while (at < text.size() && is_part(text[at])) ++at;
  return at;
}

/// Whether what follows a host is a port, a path, both or nothing.
bool ends_address(std::u32string_view text, std::size_t at) {
  if (at < text.size() && text[at] == ':') {
    const std::size_t end = end_of_run(text, at + 1, is_decimal);
    if (end == at + 1 || end - at > 6) return false;
    at = end;
  }
  return at == text.size() || text[at] == '/' || text[at] == '?' || text[at] == '#';
}

/// Whether the last label of a host name, and so the name, ends an address.
bool is_top_label(std::u32string_view text, std::size_t at) {
  const std::size_t end = end_of_run(text, at, [](char32_t c) { return c >= 'a' && c <= 'z'; });
  if (end - at >= 2 && end - at <= 63 && ends_address(text, end)) return true;
  if (!text.substr(at).starts_with(U"xn--")) return false;
  const std::size_t name = at + 4;
  const std::size_t stop =
      end_of_run(text, name, [](char32_t c) { return is_word(c) || c == '%'; });
  return stop - name >= 2 && stop - name <= 59 && ends_address(text, stop);
}

/// Whether a host name of any kind is behind the scheme.
bool is_named(std::u32string_view text, std::size_t at) {
  while (!is_top_label(text, at)) {
    const std::size_t end = end_of_run(text, at, is_label);
    if (end == at || end == text.size() || text[end] != '.') return false;
    at = end + 1;
  }
  return true;
}

/// Whether it is a name under one of the old top domains, which needs no scheme.
bool is_bare_name(std::u32string_view text) {
  static constexpr std::u32string_view kTops[] = {U"com", U"net", U"int",  U"edu",
                                                  U"gov", U"org", U"info", U"mil"};
  std::size_t at = 0;
  while (true) {
    const std::size_t end = end_of_run(text, at, is_label);
    if (end - at < 2 || end - at > 63 || end == text.size() || text[end] != '.') return false;
    at = end + 1;
    for (const std::u32string_view top : kTops) {
      if (text.substr(at).starts_with(top) && ends_address(text, at + top.size())) return true;
    }
  }
}

bool is_ipv4(std::u32string_view text, std::size_t at) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == text.size() || text[at++] != '.')) return false;
    const std::size_t end = end_of_run(text, at, is_decimal);
    if (end == at || end - at > 3) return false;
    at = end;
  }
  return ends_address(text, at);
}

/// Whether up to eight groups in brackets follow, of which the first two end in a colon. A group is
/// four digits at most, or none, so that more digits in a row are several groups.
bool is_ipv6(std::u32string_view text, std::size_t at) {
  if (at == text.size() || text[at++] != '[') return false;
  std::size_t n_groups = 0;
  while (true) {
    const std::size_t end =
        end_of_run(text, at, [](char32_t c) { return is_decimal(c) || (c >= 'a' && c <= 'f'); });
    const std::size_t n_digits = end - at;
    const bool colon = end < text.size() && text[end] == ':';
    if (n_groups < 2 && (!colon || n_digits > 4)) return false;
    n_groups += colon ? std::max<std::size_t>(1, (n_digits + 3) / 4) : (n_digits + 3) / 4;
    at = end + (colon ? 1 : 0);
    if (!colon) break;
  }
  return n_groups <= 8 && at < text.size() && text[at] == ']' && ends_address(text, at + 1);
}

bool is_web_address(std::u32string_view text) {
  const bool numbered = text.starts_with(U"http://") || text.starts_with(U"https://");
  const std::size_t host = numbered ? text.find(U'/') + 2 : text.starts_with(U"www.") ? 4 : 0;
  if (host > 0 && is_named(text, host)) return true;
  return is_bare_name(text) || (numbered && (is_ipv4(text, host) || is_ipv6(text, host)));
}

/// Something, an at sign, and a host name: a word, more with dots and hyphens, a dot, a word.
bool is_mail_address(std::u32string_view text) {
  const std::size_t sign = text.rfind(U'@');
  if (sign == std::u32string_view::npos || sign == 0) return false;
  const std::u32string_view host = text.substr(sign + 1);
  const std::size_t dot = host.rfind(U'.');
  if (dot == std::u32string_view::npos || dot == 0 || dot + 1 == host.size()) return false;
  const auto is_part = [](char32_t c) { return is_word(c) || c == '.' || c == '-'; };
  return is_word(host[0]) && end_of_run(host, 0, is_part) >= dot &&
         end_of_run(host, dot + 1, is_word) == host.size();
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++n;
  }
  return n;
}

/// The part of a word that may be an address: without brackets before it and punctuation behind it,
/// but with the closing brackets that those within it need.
Range address_part(std::string_view word) {
  Range part{0, word.size()};
  while (part.begin < part.end) {
    const std::string_view rest = word.substr(part.begin);
    if (rest[0] != '(' && rest[0] != '<' && !rest.starts_with("&lt;")) break;
    part.begin += rest[0] == '&' ? 4U : 1U;
  }
  while (part.begin < part.end) {
    const std::string_view rest = word.substr(part.begin, part.end - part.begin);
    const bool single = std::string_view(")>.,\n").find(rest.back()) != std::string_view::npos;
    if (!single && !rest.ends_with("&gt;")) break;
    part.end -= single ? 1U : 4U;
  }
  static constexpr std::pair<std::string_view, std::string_view> kBrackets[] = {
      {"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
  for (const auto& [open, close] : kBrackets) {
    const std::string_view middle = word.substr(part.begin, part.end - part.begin);
    const std::size_t n_open = count(middle, open);
    if (n_open <= count(middle, close)) continue;
    for (std::size_t i = 0; i < n_open; ++i) {
      const std::size_t found = word.find(close, part.end);
      if (found == std::string_view::npos) break;
      part.end = found + close.size();
    }
  }
  return part;
}

/// The end of the address as it is shown.
std::size_t shown_end(std::string_view address, const LinkStyle& style) {
  if (!style.max_chars) return address.size();
  const auto n = static_cast<std::int64_t>(n_chars(address));
  if (n <= *style.max_chars) return address.size();
  const std::int64_t kept = *style.max_chars < 0 ? n + *style.max_chars : *style.max_chars;
  return char_offset(address, static_cast<std::size_t>(std::max<std::int64_t>(kept, 0)));
}

struct Link {
  std::string_view scheme = {};  ///< put before the address
  std::size_t n_hidden = 0;      ///< bytes of the address that are not shown
  bool is_mail = false;          ///< shown whole and without attributes
  bool is_cut = false;           ///< where the style says so
};

void append_link(Marked& out, const Str& word, Range part, const Link& link,
                 const LinkStyle& style) {
  append(out, "<a href=\"", false);
  append(out, link.scheme, false);
  append(out, word, part.begin, part.end);
  append(out, "\"", false);
  if (!link.is_mail) append(out, *style.attributes);
  append(out, ">", false);
  const std::string_view address = word.text.substr(part.begin, part.end - part.begin);
  const std::size_t end = link.is_cut ? shown_end(address, style) : address.size();
  append(out, word, part.begin + link.n_hidden, part.begin + end);
  if (end < address.size()) append(out, "...", false);
  append(out, "</a>", false);
}

/// The kind of link that an address makes, if any.
Expected<std::optional<Link>> link_of(Run& run, std::string_view address, const LinkStyle& style) {
  const std::u32string chars = fold(address);
  if (is_web_address(chars)) {
    const bool whole = address.starts_with("https://") || address.starts_with("http://");
    return Link{.scheme = whole ? "" : "https://", .is_cut = true};
  }
  constexpr std::string_view kMail = "mailto:";
  if (address.starts_with(kMail) && is_mail_address(fold(address.substr(kMail.size())))) {
    return Link{.n_hidden = kMail.size(), .is_mail = true};
  }
  if (!address.starts_with("www.") && !address.starts_with('@') &&
      address.find(':') == std::string_view::npos && is_mail_address(chars)) {
    return Link{.scheme = kMail, .is_mail = true};
  }
  for (const Str* scheme : style.schemes) {
    MR_TRY_VOID(charge_bytes(run, 32));
    if (address != scheme->text && address.starts_with(scheme->text)) return Link{};
  }
  return std::nullopt;
}

}  // namespace

bool is_scheme(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view slashes = text.substr(colon + 1);
  std::size_t n = 0;
  for (std::size_t at = 0; at < colon; ++n) {
    const char32_t c = next_char(text, at);
    if (!is_word(c) && c != '.' && c != '+' && c != '-') return false;
  }
  return n >= 2 && (slashes.empty() || slashes == "/" || slashes == "//");
}

Expected<Value> link_addresses(Run& run, const Str& escaped, const LinkStyle& style) {
  const std::string_view text = escaped.text;
  Marked out = marked(run);
  for (std::size_t at = 0; at < text.size() && !out.too_long;) {
    std::size_t begin = at;
    for (std::size_t next = at; next < text.size() && is_space(next_char(text, next));)
      begin = next;
    std::size_t end = begin;
    for (std::size_t next = begin; next < text.size() && !is_space(next_char(text, next));) {
      end = next;
    }
    append(out, escaped, at, begin);
    MR_TRY_VOID(charge_bytes(run, 64 + 16 * (end - begin)));
    const Value word = slice(run.heap, escaped, begin, end);
    const Range part = address_part(word.str->text);
    MR_TRY(const auto link,
           link_of(run, word.str->text.substr(part.begin, part.end - part.begin), style));
    append(out, *word.str, 0, part.begin);
    if (link) {
      append_link(out, *word.str, part, *link, style);
    } else {
      append(out, *word.str, part.begin, part.end);
    }
    append(out, *word.str, part.end, end - begin);
    at = end;
  }
  return finish(run, out);
}

}  // namespace mr::text::jinja
