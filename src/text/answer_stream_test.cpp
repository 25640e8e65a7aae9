#include "text/answer_stream.h"

#include <gtest/gtest.h>

#include <functional>

#include "text/vocab_read.h"

namespace mr::text {
namespace {

/// What comes out of a text in these pieces, and whether it was stopped.
std::pair<std::string, bool> stopped_text(const std::vector<std::string>& strings, bool include,
                                          const std::vector<std::string>& pieces) {
  StopStrings stops = make_stop_strings(strings, include);
  std::string out;
  for (const std::string& piece : pieces) out += push(stops, piece);
  out += finish(stops);
  return {out, stops.found.has_value()};
}

/// Every way to cut a short text.
void each_cut(const std::string& text,
              const std::function<void(const std::vector<std::string>&)>& with) {
  for (std::size_t cuts = 0; cuts < (std::size_t{1} << (text.size() - 1)); ++cuts) {
    std::vector<std::string> pieces{""};
    for (std::size_t i = 0; i < text.size(); ++i) {
      pieces.back() += text[i];
      if (((cuts >> i) & 1U) != 0) pieces.emplace_back();
    }
    with(pieces);
  }
}

struct Case {
  std::vector<std::string> stop;
  std::string text;
  std::string wanted;
  std::string with_stop;
  bool stops = true;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {{"END"}, "some ENDing", "some ", "some END"},
      {{"END"}, "EEENDE", "EE", "EEEND"},
      {{"abab", "abc"}, "xabababc", "x", "xabab"},
      {{"aab"}, "aaaaab", "aaa", "aaaaab"},
      {{"bc", "abcd"}, "xabcd", "xa", "xabc"},  // the one that is complete first
      {{"c", "bc", "abc"}, "xabcd", "x", "xabc"},
      {{"\xC3\xA4\xC3\xB6"}, "o\xC3\xA4\xC3\xA4\xC3\xB6", "o\xC3\xA4", "o\xC3\xA4\xC3\xA4\xC3\xB6"},
      {{"END", ""}, "no EN", "no EN", "no EN", false},
      {{}, "anything", "anything", "anything", false},
      {{"xyz"}, "xyxyxy", "xyxyxy", "xyxyxy", false},
  };
  return all;
}

TEST(StopStrings, AreFoundHoweverTheTextIsCut) {
  for (const Case& c : cases()) {
    each_cut(c.text, [&](const std::vector<std::string>& pieces) {
      EXPECT_EQ(std::pair(c.wanted, c.stops), stopped_text(c.stop, false, pieces));
      EXPECT_EQ(std::pair(c.with_stop, c.stops), stopped_text(c.stop, true, pieces));
    });
  }
}

TEST(StopStrings, GiveOutWhatCanNoLongerBecomeOne) {
  StopStrings stops = make_stop_strings({"hello", "low"}, false);
  EXPECT_EQ("a ", push(stops, "a hel"));
  EXPECT_EQ("", push(stops, "lo")) << stops.held;
  EXPECT_TRUE(stops.found);
  stops = make_stop_strings({"hello!", "low"}, false);
  EXPECT_EQ("a ", push(stops, "a hello"));
  EXPECT_EQ("hello", push(stops, "?").substr(0, 5));
  EXPECT_EQ("", push(stops, "hel"));
  EXPECT_EQ("hel", finish(stops));
}

TEST(StopStrings, OneThatMayNotStopIsText) {
  StopStrings stops = make_stop_strings({"aba"}, false);
  EXPECT_EQ("ab", push(stops, "aba", false));
  EXPECT_EQ("", push(stops, "b"));
  EXPECT_EQ("", push(stops, "a"));  // from the third letter on
  EXPECT_TRUE(stops.found);
}

/// A vocabulary of the 256 bytes, three control tokens and two of thoughts.
constexpr Id kEnd = 256;
constexpr Id kOpen = 257;
constexpr Id kClose = 258;

Tokenizer bytes_and_marks() {
  std::string vocab;
  int next = 256;
  for (int i = 0; i < 256; ++i) {
    // The characters of GPT-2's byte alphabet.
    const bool plain = (i >= 33 && i <= 126) || (i >= 161 && i <= 172) || i >= 174;
    const int code = plain ? i : next++;
    vocab += "\"\\u0";
    for (int shift = 8; shift >= 0; shift -= 4) vocab += "0123456789abcdef"[(code >> shift) & 15];
    vocab += "\":" + std::to_string(i) + ",";
  }
  vocab.pop_back();
  auto read =
      vocab_from_tokenizer_json(R"({"model":{"type":"BPE","vocab":{)" + vocab + R"(},"merges":[]},
          "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
          "added_tokens":[{"id":256,"content":"<|im_end|>","special":true},
                          {"id":257,"content":"<think>","special":false},
                          {"id":258,"content":"</think>","special":false}]})");
  EXPECT_TRUE(read) << read.error().message;
  auto tok = make_tokenizer(std::move(*read));
  EXPECT_TRUE(tok) << tok.error().message;
  return std::move(*tok);
}

std::vector<Id> special_ids_of(const Tokenizer& tok, std::string_view text) {
  return encode(tok, text, {.parse_special = true}).value();
}

/// All that an answer comes to.
AnswerDelta whole(const Tokenizer& tok, const AnswerOptions& options, std::string_view text) {
  AnswerStream stream = make_answer_stream(tok, options);
  AnswerDelta all;
  const auto add = [&all](const AnswerDelta& delta) {
    all.reasoning += delta.reasoning;
    all.text += delta.text;
  };
  for (const Id id : special_ids_of(tok, text)) add(push(stream, id));
  add(finish(stream));
  return all;
}

TEST(AnswerStream, SplitsThoughtFromAnswerByTokens) {
  const Tokenizer tok = bytes_and_marks();
  const auto marks = think_marks(tok);
  ASSERT_TRUE(marks);
  EXPECT_EQ(kOpen, marks->open);
  EXPECT_EQ(kClose, marks->close);
  AnswerDelta all = whole(tok, {.marks = marks}, "<think>\none\n\ntwo\n</think>\n\nAnswer.\n");
  EXPECT_EQ("one\n\ntwo", all.reasoning);
  EXPECT_EQ("Answer.\n", all.text);
  all = whole(tok, {.marks = marks, .begins_in_thought = true}, "one</think>two<|im_end|>");
  EXPECT_EQ("one", all.reasoning);
  EXPECT_EQ("two", all.text);
  all = whole(tok, {.marks = marks}, "<think>cut of");
  EXPECT_EQ("cut of", all.reasoning);
  EXPECT_EQ("", all.text);
  all = whole(tok, {.show_special = true}, "<think>a</think>b<|im_end|>");
  EXPECT_EQ("", all.reasoning);
  EXPECT_EQ("<think>a</think>b<|im_end|>", all.text);
}

TEST(AnswerStream, AThoughtMayStayInTheText) {
  const Tokenizer tok = bytes_and_marks();
  AnswerOptions options{.stop = {"STOP"}, .marks = think_marks(tok), .shows_thought = true};
  const std::string text = "a<think>\n\nSTOP it\n</think>\n\nAnswer. ST";
  AnswerDelta all = whole(tok, options, text + "OP here<|im_end|>");
  EXPECT_EQ("", all.reasoning);
  EXPECT_EQ(text.substr(0, text.size() - 2), all.text);
  EXPECT_EQ("ST<think>x", whole(tok, options, "ST<think>x").text);
  options.begins_in_thought = true;
  EXPECT_EQ("\none</think>two", whole(tok, options, "\none</think>two<|im_end|>").text);
}

TEST(AnswerStream, MarksThatAreSpelledInBytesAreText) {
  const Tokenizer tok = bytes_and_marks();
  AnswerStream stream = make_answer_stream(tok, {.marks = think_marks(tok)});
  std::string text;
  for (const char c : std::string("<think>no</think>")) {
    text += push(stream, static_cast<unsigned char>(c)).text;
  }
  EXPECT_EQ("<think>no</think>", text);
}

TEST(AnswerStream, CountsTokensOfThought) {
  const Tokenizer tok = bytes_and_marks();
  AnswerStream stream = make_answer_stream(tok, {.marks = think_marks(tok)});
  for (const Id id : special_ids_of(tok, "<think>abc</think>defg")) push(stream, id);
  EXPECT_EQ(9, stream.n_tokens);
  EXPECT_EQ(3, stream.n_reasoning);
}

TEST(AnswerStream, StopStringsAreLookedForInTheAnswerAlone) {
  const Tokenizer tok = bytes_and_marks();
  const AnswerOptions options{.stop = {"STOP"}, .marks = think_marks(tok)};
  const AnswerDelta all = whole(tok, options, "<think>STOP it</think>We STill STOP here");
  EXPECT_EQ("STOP it", all.reasoning);
  EXPECT_EQ("We STill ", all.text);
}

TEST(AnswerStream, AStopStringCountsAfterMinTokens) {
  const Tokenizer tok = bytes_and_marks();
  for (std::int32_t min = 0; min < 9; ++min) {
    const std::string wanted = min < 3 ? "a" : min < 8 ? "a..bcd" : "a..bcd..e";
    EXPECT_EQ(wanted, whole(tok, {.stop = {".."}, .min_tokens = min}, "a..bcd..e").text) << min;
  }
}

TEST(AnswerStream, TextIsValidAndEndsBetweenCharacters) {
  const Tokenizer tok = bytes_and_marks();
  AnswerStream stream = make_answer_stream(tok, {.marks = think_marks(tok)});
  const std::string text = "\xF0\x9F\x8C\xB3 tree";
  std::vector<std::string> deltas;
  for (const char c : text) deltas.push_back(push(stream, static_cast<unsigned char>(c)).text);
  EXPECT_EQ((std::vector<std::string>{"", "", "", "\xF0\x9F\x8C\xB3", " ", "t", "r", "e", "e"}),
            deltas);
  EXPECT_EQ("\xEF\xBF\xBD", push(stream, 0xFF).text);
  push(stream, 0xF0);
  push(stream, kOpen);  // a thought begins within a character
  EXPECT_EQ("x", push(stream, 'x').reasoning);
  push(stream, 0xF0);
  EXPECT_EQ("\xEF\xBF\xBD", finish(stream).reasoning);
}

TEST(ThinkMarks, APromptMayEndInAThought) {
  const Tokenizer tok = bytes_and_marks();
  const ThinkMarks marks = *think_marks(tok);
  const auto ends = [&](std::string_view text) {
    const auto ids = special_ids_of(tok, text);
    return ends_in_thought(tok, marks, std::vector<std::int32_t>(ids.begin(), ids.end()));
  };
  EXPECT_TRUE(ends("user<|im_end|><think>\n"));
  EXPECT_TRUE(ends("<think>"));
  EXPECT_FALSE(ends("<think>\n\n</think>\n\n"));
  EXPECT_FALSE(ends("<think> what"));
  EXPECT_FALSE(ends(""));
}

}  // namespace
}  // namespace mr::text
