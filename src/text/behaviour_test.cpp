#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/rng.h"
#include "base/shared_data.h"
#include "text/files_test.h"
#include "text/merge.h"
#include "text/regex.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/vocab_read.h"

namespace mr::text {
namespace {

Tokenizer load(const std::string& file, std::string_view pre = {}) {
  auto vocab = read_vocab(tokenizers_folder() + file, pre);
  EXPECT_TRUE(vocab) << vocab.error().message;
  return std::move(*make_tokenizer(std::move(*vocab)));
}

std::string error_of(Expected<Vocab> vocab) {
  if (!vocab) return vocab.error().message;
  const auto tok = make_tokenizer(std::move(*vocab));
  return tok ? "" : tok.error().message;
}

/// A small byte-level tokenizer.json with some added tokens.
std::string small_json(const std::string& added) {
  return R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"Ġ":3,"c":4,"<":5,">":6,
             "x":7,"|":8,"!":13},"merges":["a b"]},
             "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
             "added_tokens":[)" +
         added + "]}";
}

Tokenizer small(const std::string& added) {
  auto vocab = vocab_from_tokenizer_json(small_json(added));
  EXPECT_TRUE(vocab) << vocab.error().message;
  auto tok = make_tokenizer(std::move(*vocab));
  EXPECT_TRUE(tok) << tok.error().message;
  return std::move(*tok);
}

using Ids = std::vector<Id>;

Ids ids_of(const Tokenizer& tok, std::string_view text, EncodeOptions options = {}) {
  const auto ids = encode(tok, text, options);
  EXPECT_TRUE(ids) << ids.error().message;
  return ids ? *ids : Ids{};
}

TEST(AddedTokens, ObeyTheirFlags) {
  const Tokenizer tok = small(
      R"({"id":9,"content":"<x>","special":true},
         {"id":10,"content":"xx","special":false,"normalized":false,"single_word":true},
         {"id":11,"content":"<a>","special":false,"normalized":false,"lstrip":true,"rstrip":true},
         {"id":12,"content":"<x>|","special":false,"normalized":false})");
  EXPECT_EQ(ids_of(tok, "a<x>b"), (Ids{0, 5, 7, 6, 1}));
  EXPECT_EQ(ids_of(tok, "a<x>b", {.parse_special = true}), (Ids{0, 9, 1}));
  EXPECT_EQ(ids_of(tok, "a<x>|b", {.parse_special = true}), (Ids{0, 12, 1}));
  EXPECT_EQ(ids_of(tok, "xx axx xx"), (Ids{10, 3, 0, 7, 7, 3, 10}));
  EXPECT_EQ(ids_of(tok, "b  <a>  c"), (Ids{1, 11, 4}));
}

TEST(AddedTokens, StandAloneAndOverlapAsHuggingFacesDo) {
  // Ids by tokenizers 0.23 for the same file.
  const Tokenizer tok = small(
      R"({"id":9,"content":"<x>","special":false,"normalized":false,"rstrip":true},
         {"id":10,"content":"xx","special":false,"normalized":false,"single_word":true},
         {"id":11,"content":"  ","special":false,"normalized":false})");
  EXPECT_EQ(ids_of(tok, "<x>  a"), (Ids{9, 11, 0}));
  EXPECT_EQ(ids_of(tok, "<x>   a"), (Ids{9, 11, 0}));
  EXPECT_EQ(ids_of(tok, "\u00bdxx\u00b2"), (Ids{10}));  // no letters, nor digits
  EXPECT_EQ(ids_of(tok, "\u2160xx"), (Ids{7, 7}));      // a letter number is one
  EXPECT_EQ(ids_of(tok, "\u200dxx"), (Ids{7, 7}));      // and a joiner
}

TEST(AddedTokens, AreNoPiecesOfTheModel) {
  auto vocab = vocab_from_tokenizer_json(R"({"model":{"type":"Unigram","unk_id":0,
      "vocab":[["<unk>",0],["a",-1],["b",-2]]},
      "added_tokens":[{"id":3,"content":"ab","single_word":true,"normalized":false}]})");
  ASSERT_TRUE(vocab) << vocab.error().message;
  const auto tok = make_tokenizer(std::move(*vocab));
  ASSERT_TRUE(tok) << tok.error().message;
  EXPECT_EQ(ids_of(*tok, "ab"), (Ids{3}));
  EXPECT_EQ(ids_of(*tok, "abb"), (Ids{1, 2, 2}));
}

TEST(AddedTokens, SpecialOnesAreNotMerged) {
  // "ab" and "!" are pieces of the model that somebody made special.
  const Tokenizer tok = small(R"({"id":2,"content":"ab","special":true},
                                 {"id":13,"content":"!","special":true})");
  EXPECT_EQ(ids_of(tok, "ab!"), (Ids{0, 1, 13}));
  EXPECT_EQ(ids_of(tok, "ab!", {.parse_special = true}), (Ids{2, 13}));
}

TEST(Encode, DropsWhatHasNoPieceAndMergesAroundIt) {
  auto vocab = vocab_from_tokenizer_json(R"({"model":{"type":"BPE",
      "vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})");
  ASSERT_TRUE(vocab) << vocab.error().message;
  const auto tok = make_tokenizer(std::move(*vocab));
  ASSERT_TRUE(tok) << tok.error().message;
  EXPECT_EQ(ids_of(*tok, "azb"), (Ids{2}));
}

TEST(Encode, AddsTheTokensOfRobertasPostProcessor) {
  for (const std::string type : {"RobertaProcessing", "BertProcessing"}) {
    auto vocab = vocab_from_tokenizer_json(R"({"model":{"type":"BPE","vocab":{"a":0,"[S]":1,
        "[C]":2},"merges":[]},"post_processor":{"type":")" +
                                           type + R"(","sep":["[S]",1],"cls":["[C]",2]}})");
    ASSERT_TRUE(vocab) << vocab.error().message;
    const auto tok = make_tokenizer(std::move(*vocab));
    ASSERT_TRUE(tok) << tok.error().message;
    EXPECT_EQ(ids_of(*tok, "a", {.add_special = true}), (Ids{2, 0, 1}));
  }
  EXPECT_NE(error_of(vocab_from_tokenizer_json(
                R"({"model":{"type":"BPE","vocab":{"a":0}},
                    "post_processor":{"type":"BertProcessing","sep":["a"],"cls":["a",0]}})")),
            "");
}

TEST(Marked, NothingUntrustedBecomesAControlToken) {
  const Tokenizer tok = small(
      R"({"id":9,"content":"<|x|>","special":true},
         {"id":10,"content":"<a_b>","special":false,"normalized":false},
         {"id":11,"content":"x|>a","special":false,"normalized":false},
         {"id":12,"content":"<a>","special":false,"normalized":false})");
  const auto marked = [&](std::vector<Segment> segments) {
    const auto ids = encode_marked(tok, segments, false);
    EXPECT_TRUE(ids);
    return *ids;
  };
  EXPECT_EQ(marked({{"<|x|>", true}, {"a", false}, {"b", true}}), (Ids{9, 2}));
  EXPECT_EQ(marked({{"<|x|>", false}}), (Ids{5, 8, 7, 8, 6}));
  EXPECT_EQ(marked({{"<|x", true}, {"|>", false}}), (Ids{5, 8, 7, 8, 6}));
  EXPECT_EQ(marked({{"<|x", false}, {"|>", true}}), (Ids{5, 8, 7, 8, 6}));
  EXPECT_EQ(marked({{"<|", true}, {"x", true}, {"|>", true}}), (Ids{9}));
  // What stands before it cannot hide a special token either.
  EXPECT_EQ(marked({{"<|x|", false}, {"<|x|>", true}}), (Ids{5, 8, 7, 8, 9}));
  // Markup counts as control, an element of HTML does not.
  EXPECT_EQ(marked({{"<a_b>", true}}), (Ids{10}));
  EXPECT_EQ(marked({{"<a_b>", false}}).size(), 4);  // "_" has no piece
  EXPECT_EQ(marked({{"<a>", false}}), (Ids{12}));
}

TEST(Marked, EveryFamilyKeepsItsControlTokens) {
  for (const char* file : {"gemma.model", "t5.model", "unigram-bytes.model", "bpe-nfkc.model"}) {
    const Tokenizer tok = load(file);
    std::string text;
    for (const AddedToken& token : tok.vocab.added) text += token.text + " ";
    const Segment message{text, false};
    const auto ids = encode_marked(tok, {&message, 1}, false);
    ASSERT_TRUE(ids);
    for (const Id id : *ids) {
      EXPECT_FALSE(tok.vocab.kinds[id] == PieceKind::control) << file << " " << id;
    }
  }
}

TEST(StreamDecoder, NeverSplitsACharacterAndLosesNothing) {
  for (const char* file : {"qwen3.json", "gemma.model", "unigram-bytes.model", "generic.json"}) {
    const Tokenizer tok = load(file);
    Rng rng{3};
    for (int round = 0; round < 200; ++round) {
      Ids ids(1 + below(rng, 40));
      for (Id& id : ids) id = static_cast<Id>(below(rng, n_tokens(tok)));
      StreamDecoder stream{.tok = &tok};
      std::string all;
      for (const Id id : ids) {
        all += push(stream, id);
        EXPECT_LE(stream.pending.size(), 3);
      }
      all += finish(stream);
      EXPECT_EQ(all, decode(tok, ids));
    }
    const std::string text = "日本語 🙂 👩\u200d👧 \u00e9x";
    StreamDecoder stream{.tok = &tok};
    std::string all;
    for (const Id id : ids_of(tok, text)) {
      const std::string part = push(stream, id);
      const char* const end = part.data() + part.size();
      for (const char* p = part.data(); p < end;) {
        const CodePoint c = decode(p, end);
        EXPECT_NE(c.value, kInvalidCodePoint) << file;
        p += c.bytes;
      }
      all += part;
    }
    if (std::string_view(file) != "unigram-bytes.model") {
      EXPECT_EQ(all, text) << file;
    }
  }
}

TEST(Encode, TakesAnyBytes) {
  const std::string bytes = "a\xff\xfe\x80 \xc3\x28\xed\xa0\x80\xf4\x90\x80\x80 b\xe4\xb8";
  for (const char* file : {"qwen3.json", "generic.json", "deepseek-v3.json", "gemma.model"}) {
    const Tokenizer tok = load(file);
    EXPECT_EQ(decode(tok, ids_of(tok, bytes)), bytes) << file;
  }
}

TEST(Encode, IsTheSameFromManyThreads) {
  const Tokenizer tok = load("qwen3.json");
  const std::string text = read_file(MILLRACE_SOURCE_DIR "/LICENSE");
  const Ids wanted = ids_of(load("qwen3.json"), text);
  std::array<Ids, 4> found;
  std::vector<std::thread> threads;
  for (Ids& ids : found) threads.emplace_back([&] { ids = ids_of(tok, text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& ids : found) EXPECT_EQ(ids, wanted);
}

TEST(Encode, ALongWordIsMergedAsAShortOne) {
  // 48 symbols are merged by the plain method, more by queues: a border that cannot be joined
  // lets the same word pass through both.
  const Tokenizer tok = load("gemma.model");
  Rng rng{5};
  for (int round = 0; round < 300; ++round) {
    std::string word;
    const std::size_t n = 20 + below(rng, 28);
    for (std::size_t i = 0; i < n; ++i) word += "etaoinsr"[below(rng, 8)];
    const Ids alone = ids_of(tok, word);
    std::vector<Id> symbols;
    for (const char c : word) symbols.push_back(tok.ascii_ids[static_cast<unsigned char>(c)]);
    std::vector<Id> twice = symbols;
    twice.push_back(kNoId - 1);  // merges with nothing
    twice.insert(twice.end(), 40, symbols[0]);
    merge(tok.pairs, twice);
    ASSERT_GE(twice.size(), alone.size());
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), twice.begin()));
  }
}

TEST(Malformed, FilesGetClearErrors) {
  const auto json = [](const std::string& text) {
    return error_of(vocab_from_tokenizer_json(text));
  };
  EXPECT_NE(json("{"), "");
  EXPECT_NE(json("{}"), "");
  EXPECT_NE(json(R"({"model":{"type":"WordPiece","vocab":{}}})").find("WordPiece"),
            std::string::npos);
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}})").find("'ab'"),
            std::string::npos);
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}})").find("same id"),
            std::string::npos);
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":4000000000},"merges":[]}})"), "");
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})"), "");
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}})"), "");
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}})"), "");
  EXPECT_NE(json(R"({"model":{"type":"Unigram","vocab":[["a",0],["a",1]],"unk_id":0}})"), "");
  EXPECT_NE(json(R"({"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":7}})"), "");
  EXPECT_NE(json(small_json(R"({"id":99999999,"content":"q"})")), "");
  EXPECT_NE(json(small_json(R"({"id":9,"content":""})")), "");
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":0}},
      "pre_tokenizer":{"type":"Split","pattern":{"Regex":"(("}}})")
                .find("(("),
            std::string::npos);
  EXPECT_NE(json(R"({"model":{"type":"BPE","vocab":{"a":0}},
      "normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}})"),
            "");
  const auto ranks = [](const char* text) { return error_of(vocab_from_ranks(text, "gpt-2")); };
  EXPECT_EQ(ranks("YQ== 0\n"), "");
  EXPECT_NE(ranks("YQ== 0\nYg== 0\n").find("second time"), std::string::npos);
  EXPECT_NE(ranks("YQ== 0\nYQ== 1\n").find("both"), std::string::npos);
  EXPECT_NE(ranks("YQ== 4294967295\n"), "");
  EXPECT_NE(ranks("YQ=? 0\n"), "");
  EXPECT_NE(ranks(""), "");
  EXPECT_NE(error_of(vocab_from_ranks("YQ== 0\n", "nonsense")).find("nonsense"), std::string::npos);
}

TEST(Malformed, DamagedSentencePieceModelsEndInAnErrorOrAModel) {
  const std::string model = read_file(tokenizers_folder() + "t5.model");
  Rng rng{9};
  for (int round = 0; round < 300; ++round) {
    std::string damaged = model.substr(0, round % 3 == 0 ? below(rng, model.size()) : model.size());
    for (int i = 0; i < 20 && !damaged.empty(); ++i) {
      damaged[below(
          rng, round % 2 == 0 ? damaged.size() : std::min<std::size_t>(damaged.size(), 30000))] =
          static_cast<char>(below(rng, 256));
    }
    auto vocab = vocab_from_sentencepiece(damaged);
    if (!vocab) continue;
    const auto tok = make_tokenizer(std::move(*vocab));
    if (tok) ids_of(*tok, "Hello \u212b \u00bd wo\u0301rld \xff");
  }
}

TEST(Regex, GivesUpInsteadOfHanging) {
  const auto regex = make_regex("(?:(?:a|b|ab)*)*[cd]");
  ASSERT_TRUE(regex);
  RegexSearch state(*regex);
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "ab";
  const auto match = search(state, text, 0);
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().fault, Fault::does_not_fit);
}

TEST(Unicode, NormalFormsOfTheConsortiumsTest) {
  if (shared_data().empty()) GTEST_SKIP() << "no shared data";
  std::ifstream file(shared_data() + "/unicode/NormalizationTest.txt");
  const auto text_of = [](const std::string& hex) {
    std::istringstream points(hex);
    std::string text;
    for (std::uint32_t c; points >> std::hex >> c;) append_utf8(text, c);
    return text;
  };
  std::size_t n = 0;
  std::size_t n_different = 0;  // characters of later versions of Unicode than utf8proc's
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '@') continue;
    std::istringstream fields(line);
    std::array<std::string, 5> columns;
    for (std::string& column : columns) {
      std::string hex;
      std::getline(fields, hex, ';');
      column = text_of(hex);
    }
    const std::array<std::size_t, 4> wanted{1, 2, 3, 4};
    for (std::size_t form = 0; form < 4; ++form) {
      std::string found;
      normalize(found, columns[0], static_cast<NormalForm>(form));
      n_different += found != columns[wanted[form]];
    }
    ++n;
  }
  EXPECT_GT(n, 18000);
  EXPECT_LT(n_different, 200);
}

TEST(Unicode, OrdersManyMarksInTime) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  std::string out;
  normalize(out, text, NormalForm::nfc);
  EXPECT_EQ(out.substr(0, 3), "\u1ea1");
}

}  // namespace
}  // namespace mr::text
