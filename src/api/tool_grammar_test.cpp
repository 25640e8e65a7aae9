#include "api/tool_grammar.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/grammar_cache.h"
#include "api/tool_stream.h"
#include "base/rng.h"
#include "text/grammar/matcher.h"
#include "text/vocab.h"

namespace mr::api {
namespace {

namespace grammar = text::grammar;

text::Tokenizer shipped() {
  auto vocab = text::read_vocab(MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf");
  EXPECT_TRUE(vocab) << vocab.error().message;
  auto tok = text::make_tokenizer(std::move(*vocab));
  EXPECT_TRUE(tok) << tok.error().message;
  return std::move(*tok);
}

ToolRules rules_of(ToolFormat format) {
  const boost::json::value schema = boost::json::parse(
      R"({"properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"type": "integer",
          "minimum": 1, "maximum": 9}}, "required": ["city"], "additionalProperties": false})");
  ToolRules rules{.format = format, .choice = ToolChoice::required, .parallel = true};
  rules.tools = {{.name = "weather", .schema = schema, .strict = true, .where = "tools[0]"},
                 {.name = "clock", .schema = schema, .where = "tools[1]"}};
  return rules;
}

std::shared_ptr<grammar::Matcher> matcher_of(const ToolRules& rules, const text::Tokenizer& tok) {
  grammar::Meter meter;
  grammar::Network net{.meter = &meter};
  const auto root = add_tools(net, rules, grammar::kNothing, tok);
  EXPECT_TRUE(root) << root.error().message;
  net.root = *root;
  auto program = grammar::finish(std::move(net));
  EXPECT_TRUE(program) << program.error().message;
  return grammar::make_matcher(
      std::make_shared<const grammar::Program>(std::move(*program)),
      std::make_shared<const grammar::Vocabulary>(grammar::make_vocabulary(tok)));
}

/// An answer that begins so and goes on with tokens drawn at random among those that may come; it
/// ends as soon as it may.
std::string random_answer(grammar::Matcher& matcher, const text::Tokenizer& tok, Rng& rng,
                          std::string text) {
  grammar::Place place = grammar::after_text(matcher, grammar::kStart, text);
  for (int step = 0; step < 4000 && !grammar::is_complete(matcher, place); ++step) {
    std::vector<std::int32_t> tokens;
    const auto mask = grammar::allowed(matcher, place);
    for (std::size_t id = 0; id < text::n_tokens(tok); ++id) {
      if (((mask[id / 64] >> (id % 64)) & 1U) != 0) tokens.push_back(static_cast<std::int32_t>(id));
    }
    if (tokens.empty()) break;
    const std::int32_t token = tokens[below(rng, tokens.size())];
    text += text::piece_bytes(tok, static_cast<text::Id>(token), false);
    place = grammar::after_token(matcher, place, token);
  }
  EXPECT_TRUE(grammar::is_complete(matcher, place)) << text;
  return text;
}

TEST(ToolGrammar, TheParserReadsWhatItLetsThrough) {
  const text::Tokenizer tok = shipped();
  for (const ToolFormat format : {ToolFormat::hermes, ToolFormat::llama3, ToolFormat::mistral,
                                  ToolFormat::deepseek, ToolFormat::harmony}) {
    ToolRules rules = rules_of(format);
    for (const bool fence : {false, true}) {
      rules.with_fence = fence;
      const auto matcher = matcher_of(rules, tok);
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        Rng rng{seed};
        // A thought would go on at random for ever.
        const std::string begin =
            format == ToolFormat::harmony
                ? "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary "
                  "to="
                : "";
        const std::string text = random_answer(*matcher, tok, rng, begin);
        ToolStream stream{.format = format};
        std::vector<ToolCall> calls = push(stream, text).calls;
        const ToolDelta rest = finish(stream);
        calls.insert(calls.end(), rest.calls.begin(), rest.calls.end());
        ASSERT_FALSE(calls.empty()) << text;
        for (const ToolCall& call : calls) {
          EXPECT_TRUE(call.name == "weather" || call.name == "clock") << text;
          EXPECT_TRUE(boost::json::parse(call.arguments).as_object().contains("city")) << text;
        }
      }
    }
  }
}

TEST(ToolGrammar, TextIsFreeUntilACallBegins) {
  const text::Tokenizer tok = shipped();
  ToolRules rules = rules_of(ToolFormat::hermes);
  rules.choice = ToolChoice::free;
  const auto matcher = matcher_of(rules, tok);
  const auto ends = [&](std::string_view text) {
    return grammar::is_complete(*matcher, grammar::after_text(*matcher, grammar::kStart, text));
  };
  const std::string call =
      "<tool_call>\n{\"name\": \"clock\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>";
  EXPECT_TRUE(ends(""));
  EXPECT_TRUE(ends("Anything < <tool_ at all.\n"));
  EXPECT_TRUE(ends("Well. " + call));
  EXPECT_TRUE(ends(call + "\n" + call + " Done."));
  EXPECT_FALSE(ends("<tool_call>"));
  EXPECT_FALSE(ends("<tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call>"));
  rules.parallel = false;
  const auto single = matcher_of(rules, tok);
  EXPECT_EQ(grammar::kRefused, grammar::after_text(*single, grammar::kStart, call + "\n" + call));
}

TEST(GrammarCache, ForgetsWhatWasNotUsedForLongest) {
  const text::Tokenizer tok = shipped();
  GrammarCache cache;
  const auto first = matcher_of(rules_of(ToolFormat::hermes), tok);
  const auto second = matcher_of(rules_of(ToolFormat::llama3), tok);
  keep(cache, "a", first, std::size_t{1} << 30);
  const std::size_t one = bytes_of(cache);
  keep(cache, "b", second, std::size_t{1} << 30);
  const std::size_t both = bytes_of(cache);
  EXPECT_GT(both, one);
  EXPECT_EQ(first, find(cache, "a", both));
  keep(cache, "c", second, both);
  EXPECT_LE(bytes_of(cache), both);
  EXPECT_EQ(nullptr, find(cache, "b", both));
  EXPECT_NE(nullptr, find(cache, "a", both * 8));
  keep(cache, "d", second, 1);
  EXPECT_EQ(0U, bytes_of(cache));
}

}  // namespace
}  // namespace mr::api
