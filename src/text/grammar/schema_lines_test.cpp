#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>

#include "text/grammar/gbnf.h"
#include "text/grammar/matcher.h"
#include "text/grammar/schema.h"
#include "text/vocab.h"

/// What tools/structured_check.py drives: grammars and texts, a line of JSON each, from one file to
/// another.
namespace mr::text::grammar {
namespace {

namespace json = boost::json;

bool matches_bytes(Matcher& matcher, std::string_view text) {
  return is_complete(matcher, after_text(matcher, kStart, text));
}

/// The same text as the tokenizer cuts it, with a look at the mask before each token.
bool matches_tokens(Matcher& matcher, const Tokenizer& tok, std::string_view text) {
  Place place = kStart;
  const auto ids = encode(tok, text);
  for (const Id id : *ids) {
    const auto token = static_cast<std::size_t>(id);
    const bool open = ((allowed(matcher, place)[token / 64] >> (token % 64)) & 1U) != 0;
    place = after_token(matcher, place, static_cast<std::int32_t>(id));
    EXPECT_EQ(open, place != kRefused);
    if (place == kRefused) return false;
  }
  return is_complete(matcher, place);
}

json::object check(const json::object& line, const Tokenizer& tok,
                   const std::shared_ptr<const Vocabulary>& vocabulary) {
  Meter meter{.limits = {.compile_s = 60}};  // a busy machine refuses no less
  Network net{.meter = &meter};
  const auto* source = line.if_contains("gbnf");
  const auto root = source != nullptr ? add_gbnf(net, source->as_string().c_str(), tok)
                                      : add_schema(net, line.at("schema"));
  if (!root) return {{"refused", root.error().message}};
  net.root = *root;
  auto program = finish(std::move(net));
  json::object out;
  if (!program && program.error().message == "nothing can match it") {
    out["accepts"] = json::array(line.at("texts").as_array().size(), false);
    return out;
  }
  if (!program) return {{"refused", program.error().message}};
  const auto matcher =
      make_matcher(std::make_shared<const Program>(std::move(*program)), vocabulary);
  json::array accepts;
  for (const json::value& text : line.at("texts").as_array()) {
    const bool own = matches_bytes(*matcher, text.as_string().c_str());
    EXPECT_EQ(own, matches_tokens(*matcher, tok, text.as_string().c_str())) << text;
    accepts.push_back(own);
  }
  out["accepts"] = std::move(accepts);
  return out;
}

TEST(SchemaLines, AreChecked) {
  const char* in = std::getenv("MILLRACE_SCHEMA_LINES");
  const char* out = std::getenv("MILLRACE_SCHEMA_RESULTS");
  const char* model = std::getenv("MILLRACE_SCHEMA_TOKENIZER");
  if (in == nullptr || out == nullptr || model == nullptr) {
    GTEST_SKIP() << "tools/structured_check.py runs this";
  }
  const auto vocab = read_vocab(model);
  ASSERT_TRUE(vocab) << vocab.error().message;
  const auto tok = make_tokenizer(*vocab);
  ASSERT_TRUE(tok) << tok.error().message;
  const auto vocabulary = std::make_shared<const Vocabulary>(make_vocabulary(*tok));
  std::ifstream lines(in);
  std::ofstream results(out);
  json::parse_options options;
  options.max_depth = 4096;
  for (std::string line; std::getline(lines, line);) {
    const json::value value = json::parse(line, {}, options);
    results << json::serialize(check(value.as_object(), *tok, vocabulary)) << '\n' << std::flush;
  }
}

}  // namespace
}  // namespace mr::text::grammar
