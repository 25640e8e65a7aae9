#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "text/grammar/gbnf.h"
#include "text/grammar/matcher.h"
#include "text/grammar/pattern.h"
#include "text/grammar/schema.h"
#include "text/vocab.h"

namespace mr::text::grammar {
namespace {

namespace json = boost::json;

Tokenizer shipped() {
  auto vocab = read_vocab(MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf");
  EXPECT_TRUE(vocab) << vocab.error().message;
  auto tok = make_tokenizer(std::move(*vocab));
  EXPECT_TRUE(tok) << tok.error().message;
  return std::move(*tok);
}

/// A matcher, or why there is none.
Expected<std::shared_ptr<Matcher>> schema_matcher(
    std::string_view schema, const Limits& limits = {},
    std::shared_ptr<const Vocabulary> vocabulary = std::make_shared<const Vocabulary>()) {
  Meter meter{.limits = limits};
  Network net{.meter = &meter};
  json::parse_options options;
  options.max_depth = 1000;
  MR_TRY(net.root, add_schema(net, json::parse(schema, {}, options)));
  MR_TRY(Program program, finish(std::move(net)));
  return make_matcher(std::make_shared<const Program>(std::move(program)), std::move(vocabulary));
}

Expected<std::shared_ptr<Matcher>> gbnf_matcher(std::string_view text, const Tokenizer& tok,
                                                const Limits& limits = {}) {
  Meter meter{.limits = limits};
  Network net{.meter = &meter};
  MR_TRY(net.root, add_gbnf(net, text, tok));
  MR_TRY(Program program, finish(std::move(net)));
  return make_matcher(std::make_shared<const Program>(std::move(program)),
                      std::make_shared<const Vocabulary>(make_vocabulary(tok)));
}

bool matches(Matcher& matcher, std::string_view text) {
  return is_complete(matcher, after_text(matcher, kStart, text));
}

std::string refusal(std::string_view schema, const Limits& limits = {}) {
  const auto matcher = schema_matcher(schema, limits);
  return matcher ? "" : matcher.error().message;
}

TEST(Schema, TakesWhatItSays) {
  const auto matcher = schema_matcher(
      R"({"type": "object", "properties": {"a": {"type": "integer", "minimum": -3, "maximum": 120},
          "b": {"type": "string", "pattern": "^x+$", "maxLength": 3},
          "c": {"enum": [1, "é", null]}}, "required": ["a"], "additionalProperties": false})");
  ASSERT_TRUE(matcher) << matcher.error().message;
  for (const char* text :
       {R"({"a": 1})", R"({"a":-3,"b":"xxx","c":1.0})", "{\n  \"a\": 120\n}", R"({"a":0,"c":"é"})",
        R"({"a":0,"c":"\u00e9"})", R"({"a": 7, "c": null})"}) {
    EXPECT_TRUE(matches(**matcher, text)) << text;
  }
  for (const char* text : {"{}", R"({"a": -4})", R"({"a": 121})", R"({"a": 01})", R"({"a":1,})",
                           R"({"b":"x","a":1})", R"({"a":1,"b":"xxxx"})", R"({"a":1,"b":"y"})",
                           R"({"a":1,"d":1})", R"({"a":1,"c":2})", R"({"a": 1)", R"({"a":1.5})"}) {
    EXPECT_FALSE(matches(**matcher, text)) << text;
  }
}

TEST(Schema, MayReferToItself) {
  const auto matcher = schema_matcher(
      R"({"$defs": {"n": {"type": "object", "properties": {"v": {"type": "boolean"},
          "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}},
          "required": ["v", "next"], "additionalProperties": false}}, "$ref": "#/$defs/n"})");
  ASSERT_TRUE(matcher) << matcher.error().message;
  EXPECT_TRUE(matches(**matcher, R"({"v":true,"next":{"v":false,"next":null}})"));
  EXPECT_FALSE(matches(**matcher, R"({"v":true,"next":{"v":false}})"));
}

TEST(Schema, RefusalsNameTheirPath) {
  const std::pair<const char*, const char*> cases[]{
      {R"({"properties": {"a": {"items": {"uniqueItems": true}}}})",
       "$.properties.a.items.uniqueItems: cannot be enforced"},
      {R"({"not": {"properties": {}}})", "$.not: cannot be enforced"},
      {R"({"$ref": "http://x/y"})", "$.$ref: only references within the schema are followed"},
      {R"({"type": "strin"})", "$.type: no type 'strin'"},
      {R"({"oneOf": [{"minLength": 1}, {"maxLength": 3}]})",
       "$.oneOf: that no value holds for both 0 and 1 cannot be enforced; use anyOf"},
      {R"({"anyOf": [{"type": "string", "format": "idn-email"}]})",
       "$.anyOf[0].format: 'idn-email' cannot be enforced"},
      {R"({"items": 3})", "$.items: wanted a schema"},
      {R"({"properties": {"p": {"pattern": "(?=a)b"}}})",
       "$.properties.p: pattern: looks ahead and behind cannot be enforced, before '=a)b'"}};
  for (const auto& [schema, message] : cases) EXPECT_EQ(message, refusal(schema)) << schema;
}

TEST(Schema, LimitsHoldAtTheirEdges) {
  const auto nested = [](int depth) {  // each level is an object and the map in it
    std::string schema = "{}";
    for (int i = 1; i < depth; ++i) schema = R"({"items":)" + schema + "}";
    return schema;
  };
  EXPECT_EQ("", refusal(nested(64)));
  EXPECT_EQ("$: wanted a schema of at most 64 levels, found 65", refusal(nested(65)));
  const auto listed = [](int n) {
    std::string schema = R"({"enum":[0)";
    for (int i = 1; i < n; ++i) schema += "," + std::to_string(i);
    return schema + "]}";
  };
  EXPECT_EQ("", refusal(listed(3), {.enums = 3}));
  EXPECT_EQ("$.enum: wanted at most 3 values, found 4", refusal(listed(4), {.enums = 3}));
  const auto chain = [](int n) {
    std::string schema = R"({"$ref":"#/$defs/0","$defs":{)";
    for (int i = 0; i + 1 < n; ++i) {
      schema +=
          "\"" + std::to_string(i) + R"(":{"$ref":"#/$defs/)" + std::to_string(i + 1) + "\"},";
    }
    return schema + "\"" + std::to_string(n - 1) + "\":{}}}";
  };
  EXPECT_EQ("", refusal(chain(256)));
  EXPECT_NE(std::string::npos, refusal(chain(257)).find("more than 256 references in a row"));
  EXPECT_EQ("", refusal(R"({"pattern":"aaa"})", {.pattern_bytes = 3}));
  EXPECT_EQ("$: pattern: wanted at most 3 bytes, found 4",
            refusal(R"({"pattern":"aaaa"})", {.pattern_bytes = 3}));
  EXPECT_EQ("", refusal(R"({"pattern":"a{1000}"})", {.compile_s = 60}));
  EXPECT_EQ("$: pattern: wanted a quantifier of at most 1000, before '{1001}'",
            refusal(R"({"pattern":"a{1001}"})"));
  EXPECT_EQ("the grammar is too large: it takes more than 1 MiB",
            refusal(R"({"maxLength":100000})", {.compile_bytes = std::size_t{1} << 20}));
  EXPECT_NE("", refusal(R"({"pattern":"(a?){999}(a?){999}b[ab]{900}"})", {.compile_s = 0}));
}

TEST(Gbnf, LimitsAndMistakes) {
  const Tokenizer tok = shipped();
  const auto refused = [&](std::string_view text, const Limits& limits = {}) {
    const auto matcher = gbnf_matcher(text, tok, limits);
    return matcher ? std::string() : matcher.error().message;
  };
  EXPECT_EQ("", refused("root ::= \"a\" | root2\nroot2 ::= [0-9]{2,3} # two\n"));
  EXPECT_EQ("a rule begins with itself (left recursion)", refused("root ::= root \"a\" | \"b\""));
  EXPECT_EQ("a rule begins with itself (left recursion)",
            refused("root ::= x? root \"a\" | \"b\"\nx ::= \"x\""));
  EXPECT_EQ("grammar: there is no rule 'root'", refused("a ::= \"a\""));
  EXPECT_EQ("grammar: rule 'b' is not defined", refused("root ::= b"));
  EXPECT_EQ("grammar, line 2: 'root' is defined twice", refused("root ::= \"a\"\nroot ::= \"b\""));
  EXPECT_EQ("nothing can match it", refused("root ::= \"a\" root"));
  EXPECT_EQ("grammar: wanted at most 5 bytes, found 12",
            refused("root ::= \"a\"", {.source_bytes = 5}));
  EXPECT_EQ("", refused("root ::= \"a\"", {.source_bytes = 12}));
  EXPECT_NE("", refused("root ::= \"a\"{1001}"));
  EXPECT_EQ("", refused("root ::= \"a\"{1000}"));
  EXPECT_NE("", refused("root ::= (\"a\"{1000}){1000}", {.compile_bytes = 1000}));
}

TEST(Matcher, MasksAreWhatEachTokenDoesAlone) {
  const Tokenizer tok = shipped();
  const auto matcher = gbnf_matcher(
      "root ::= \"[\" (item (\", \" item)*)? \"]\"\nitem ::= root | word | \"é\"+\nword ::= "
      "[a-z]{1,9}",
      tok);
  ASSERT_TRUE(matcher) << matcher.error().message;
  Matcher& m = **matcher;
  for (const char* text : {"", "[", "[a", "[[[", "[ab, ", "[é", "[\xC3", "[[]", "[]"}) {
    const Place place = after_text(m, kStart, text);
    ASSERT_NE(kRefused, place) << text;
    const auto span = allowed(m, place);
    const std::vector<std::uint64_t> mask(span.begin(), span.end());
    for (std::size_t id = 0; id < n_tokens(tok); ++id) {
      const bool follows = after_token(m, place, static_cast<std::int32_t>(id)) != kRefused;
      EXPECT_EQ(follows, ((mask[id / 64] >> (id % 64)) & 1U) != 0) << text << " " << id;
    }
  }
  EXPECT_TRUE(is_complete(m, after_text(m, kStart, "[[], ab, éé]")));
  EXPECT_FALSE(is_complete(m, after_text(m, kStart, "[[], ab")));
}

TEST(Matcher, StaysWithinItsMemory) {
  const Tokenizer tok = shipped();
  Meter meter;
  Network net{.meter = &meter};
  const auto root = add_gbnf(net, "root ::= \"(\" root \")\" | \"(\" root \"]\" | \"x\"", tok);
  ASSERT_TRUE(root);
  net.root = *root;
  auto program = finish(std::move(net));
  ASSERT_TRUE(program);
  const auto matcher =
      make_matcher(std::make_shared<const Program>(std::move(*program)),
                   std::make_shared<const Vocabulary>(make_vocabulary(tok)), std::size_t{1} << 16);
  EXPECT_EQ(kRefused, after_text(*matcher, kStart, std::string(100000, '(')));
  EXPECT_LT(matcher->n_bytes.load(), std::size_t{1} << 17);
}

TEST(Pattern, AnchorsAndClasses) {
  Meter meter;
  const auto found = [&](const char* pattern, const char* text) {
    const auto automaton = read_pattern(pattern, Find::anywhere, meter);
    EXPECT_TRUE(automaton) << pattern;
    return automaton && accepts(*automaton, text);
  };
  EXPECT_TRUE(found("b", "abc"));
  EXPECT_FALSE(found("^b", "abc"));
  EXPECT_TRUE(found("^a|^b$", "b"));
  EXPECT_FALSE(found("^(a|b$)", "bc"));
  EXPECT_TRUE(found("^[^\\W_]{2,}?$", "a9"));
  EXPECT_FALSE(found("^.$", "\n"));
  EXPECT_TRUE(found("^\\u00e9\\/$", "é/"));
  for (const char* pattern : {"(", "a)", "[b-a]", "*a", "a{3,2}", "\\1", "(?<!a)b", "\\b", "[a"}) {
    EXPECT_FALSE(read_pattern(pattern, Find::anywhere, meter)) << pattern;
  }
}

}  // namespace
}  // namespace mr::text::grammar
