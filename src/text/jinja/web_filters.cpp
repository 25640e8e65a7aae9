#include <algorithm>
#include <string>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/escape.h"
#include "text/jinja/filters.h"
#include "text/jinja/html.h"
#include "text/jinja/links.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/text_ops.h"

namespace mr::text::jinja {
namespace {

Expected<Value> strip_tags_filter(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("striptags", args, {}));
  MR_TRY(const Value text, to_str(run, value));
  return strip_tags(run, *text.str);
}

/// Text for an address: its bytes but letters, digits and a few others in hexadecimal. In a query a
/// space is a plus, and a slash is not left as it is.
Expected<void> append_quoted(Run& run, Marked& out, Value value, bool in_query) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  MR_TRY(const Value text, to_str(run, value));
  MR_TRY_VOID(charge_bytes(run, 4 * text.str->text.size()));
  MarkCursor cursor{text.str->input};
  for (std::size_t at = 0; at < text.str->text.size() && !out.too_long; ++at) {
    const auto c = static_cast<unsigned char>(text.str->text[at]);
    const bool is_plain = (c >= '0' && c <= '9') || ((c | 0x20U) >= 'a' && (c | 0x20U) <= 'z') ||
                          c == '_' || c == '.' || c == '-' || c == '~' || (c == '/' && !in_query);
    const char escape[] = {'%', kDigits[c >> 4U], kDigits[c & 15U]};
    const char plain[] = {c == ' ' ? '+' : static_cast<char>(c)};
    const bool is_one = is_plain || (c == ' ' && in_query);
    append(out, is_one ? std::string_view(plain, 1) : std::string_view(escape, 3),
           is_input(cursor, at));
  }
  return {};
}

Expected<Value> url_encode(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("urlencode", args, {}));
  Marked out = marked(run);
  if (is_string(value) || !is_iterable(value)) {
    MR_TRY_VOID(append_quoted(run, out, value, false));
    return finish(run, out);
  }
  std::vector<Value> pairs;
  if (value.kind == Kind::dict) {
    for (const Entry& entry : value.dict->entries) {
      MR_TRY_VOID(charge(run));
      const Value pair[] = {entry.key, entry.value};
      pairs.push_back(tuple(run.heap, pair));
    }
  } else {
    MR_TRY(const auto items, items_of(run, value));
    pairs.assign(items.begin(), items.end());
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    MR_TRY(const auto pair, items_of(run, pairs[i], "cannot unpack non-iterable ", " object"));
    if (pair.size() != 2) {
      return fail_run("expected 2 values to unpack, got " + std::to_string(pair.size()));
    }
    if (i > 0) append(out, "&", false);
    MR_TRY_VOID(append_quoted(run, out, pair[0], true));
    append(out, "=", false);
    MR_TRY_VOID(append_quoted(run, out, pair[1], true));
  }
  return finish(run, out);
}

/// What the attribute rel of links says: the words given, and jinja2's own, in order.
Expected<Value> relations(Run& run, Value given, bool nofollow) {
  std::vector<Value> words;
  if (given.kind != Kind::missing && is_true(given)) {
    MR_TRY(const Str* text, to_text(given));
    MR_TRY(words, split(run, *text, nullptr, -1));
  }
  words.push_back(string(run.heap, "noopener"));
  if (nofollow) words.push_back(string(run.heap, "nofollow"));
  MR_TRY_VOID(charge(run, words.size()));
  std::stable_sort(words.begin(), words.end(),
                   [](Value a, Value b) { return a.str->text < b.str->text; });
  words.erase(std::unique(words.begin(), words.end(),
                          [](Value a, Value b) { return a.str->text == b.str->text; }),
              words.end());
  return join(run, *string(run.heap, " ").str, words);
}

Expected<void> append_attribute(Run& run, Marked& out, std::string_view name, Value value) {
  MR_TRY(const Value text, escaped(run, value));
  append(out, name, false);
  append(out, "=\"", false);
  append(out, *text.str);
  append(out, "\"", false);
  return {};
}

Expected<std::vector<const Str*>> extra_schemes(Run& run, Value given) {
  std::vector<const Str*> schemes;
  if (!is_given(given)) return schemes;
  MR_TRY(const auto items, items_of(run, given));
  for (const Value item : items) {
    MR_TRY(const Str* scheme, to_text(item));
    if (!is_scheme(scheme->text)) {
      return fail_run("'" + std::string(scheme->text) + "' is not a valid URI scheme prefix.");
    }
    schemes.push_back(scheme);
  }
  if (given.kind == Kind::generator) schemes.clear();  // jinja2's check uses it up
  return schemes;
}

Expected<Value> urlize(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p,
         bind("urlize", args, {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"}));
  LinkStyle style;
  if (is_given(p[0])) {
    MR_TRY(style.max_chars, to_integer_or(p[0], 0));
  }
  MR_TRY(const Value rel, relations(run, p[3], is_true(p[1])));
  Marked attributes = marked(run);
  MR_TRY_VOID(append_attribute(run, attributes, " rel", rel));
  if (p[2].kind != Kind::missing && is_true(p[2])) {
    MR_TRY_VOID(append_attribute(run, attributes, " target", p[2]));
  }
  MR_TRY(const Value kept, finish(run, attributes));
  style.attributes = kept.str;
  MR_TRY(style.schemes, extra_schemes(run, p[4]));
  MR_TRY(const Value text, escaped(run, value));
  return link_addresses(run, *text.str, style);
}

Expected<Value> xml_attributes(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("xmlattr", args, {"autospace"}));
  if (is_undefined(value)) return fail_undefined(value);
  if (value.kind != Kind::dict) {
    return fail_run("'" + std::string(type_name(value)) + "' object has no attribute 'items'");
  }
  const bool spaced = p[0].kind == Kind::missing || is_true(p[0]);
  Marked out = marked(run);
  for (const Entry& entry : value.dict->entries) {
    MR_TRY_VOID(charge(run));
    if (entry.value.kind == Kind::none || is_undefined(entry.value)) continue;
    MR_TRY(const Str* key, to_text(entry.key));
    if (key->text.find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      return fail_run("Invalid character in attribute name: '" + std::string(key->text) + "'");
    }
    if (spaced || !out.text.empty()) append(out, " ", false);
    MR_TRY(const Value name, escaped(run, entry.key));
    append(out, *name.str);
    MR_TRY_VOID(append_attribute(run, out, "", entry.value));
  }
  return finish(run, out);
}

constexpr Filter kWebFilters[] = {
    {"striptags", strip_tags_filter},
    {"urlencode", url_encode},
    {"urlize", urlize},
    {"xmlattr", xml_attributes},
};

}  // namespace

std::span<const Filter> web_filters() {
  return kWebFilters;
}

}  // namespace mr::text::jinja
