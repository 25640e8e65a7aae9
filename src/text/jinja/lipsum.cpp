#include "text/jinja/lipsum.h"

#include <cctype>
#include <iterator>
#include <string>
#include <string_view>

#include "text/jinja/arguments.h"
#include "text/jinja/ops.h"

namespace mr::text::jinja {
namespace {

// From the passage that printers have always used; jinja2 draws from a longer list of such words.
constexpr std::string_view kWords[] = {
    "ac",     "ad",      "adipiscing", "aliquam", "amet",   "ante",  "arcu",  "at",
    "auctor", "augue",   "commodo",    "dictum",  "diam",   "dolor", "donec", "dui",
    "elit",   "enim",    "erat",       "est",     "et",     "felis", "id",    "in",
    "ipsum",  "justo",   "lacus",      "laoreet", "lectus", "leo",   "lorem", "magna",
    "mauris", "mi",      "nec",        "non",     "nulla",  "nunc",  "odio",  "orci",
    "porta",  "pretium", "purus",      "quam",    "risus",  "sed",   "sem",   "sit",
    "tellus", "tempor",  "tortor",     "turpis",  "ut",     "velit", "vitae", "volutpat",
};

/// A number in [low, high).
std::int64_t between(Run& run, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(
                   draw(run, static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low)));
}

/// A paragraph of `n` words: commas every few of them, sentences of ten to twenty and more.
Expected<void> append_paragraph(Run& run, Marked& out, std::int64_t n) {
  bool starts_sentence = true;
  std::int64_t last_comma = 0;
  std::int64_t last_stop = 0;
  std::size_t previous = std::size(kWords);
  char end = ' ';  // the last character
  for (std::int64_t i = 0; i < n && !out.too_long; ++i) {
    MR_TRY_VOID(charge(run));
    std::size_t chosen = previous;
    while (chosen == previous) chosen = draw(run, std::size(kWords));
    previous = chosen;
    std::string word = i > 0 ? " " : "";
    word += kWords[chosen];
    if (starts_sentence) {
      char& first = word[i > 0 ? 1 : 0];
      first = static_cast<char>(std::toupper(static_cast<unsigned char>(first)));
    }
    starts_sentence = false;
    if (i - between(run, 3, 8) > last_comma) {
      last_comma = i;
      last_stop += 2;
      word += ',';
    }
    if (i - between(run, 10, 20) > last_stop) {
      last_comma = last_stop = i;
      word += '.';
      starts_sentence = true;
    }
    end = word.back();
    if (i + 1 == n && end == ',') word.back() = end = '.';
    append(out, word, false);
  }
  if (end != '.') append(out, ".", false);
  return {};
}

}  // namespace

Expected<Value> lipsum(Run& run, Value, const Args& args) {
  MR_TRY(const auto p, bind("lipsum", args, {"n", "html", "min", "max"}));
  MR_TRY(const std::int64_t n, to_integer_or(p[0], 5));
  const bool html = p[1].kind == Kind::missing || is_true(p[1]);
  MR_TRY(const std::int64_t least, to_integer_or(p[2], 20));
  MR_TRY(const std::int64_t limit, to_integer_or(p[3], 100));
  if (n > 0 && least >= limit) {
    return fail_run("empty range for randrange() (" + std::to_string(least) + ", " +
                    std::to_string(limit) + ")");
  }
  Marked out = marked(run);
  for (std::int64_t i = 0; i < n && !out.too_long; ++i) {
    MR_TRY_VOID(charge(run));
    if (i > 0) append(out, html ? "\n" : "\n\n", false);
    if (html) append(out, "<p>", false);
    MR_TRY_VOID(append_paragraph(run, out, between(run, least, limit)));
    if (html) append(out, "</p>", false);
  }
  return finish(run, out, html);
}

}  // namespace mr::text::jinja
