#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/normalizer.h"
#include "text/pieces.h"
#include "text/split.h"
#include "text/trie.h"
#include "text/vocab.h"

/// Text to tokens and back.
namespace mr::text {

constexpr std::size_t kMaxTextBytes = 1U << 30;

/// A vocabulary made ready. Threads: any number may use one at the same time.
struct Tokenizer {
  Vocab vocab;
  PieceTable table;                 // the pieces that text can become by encoding
  std::array<Id, 256> byte_ids{};   // of the pieces that stand for a byte
  std::array<Id, 256> ascii_ids{};  // of the pieces that are one byte long
  Id mark_id = kNoId;               // of the mark of spaces
  PairTable pairs;
  std::vector<std::uint64_t> joins;  // char_bpe: a hashed set of characters that a merge can join
  Splitter splitter;
  Normalizer normalizer;
  Trie added;             // AddedToken::text of those found in raw text, to their index
  Trie added_normalized;  // ... in normalized text
  Trie unigram;           // pieces to ids
  double unknown_score = 0;
  double highest_score = 0;
  /// Whether merging a piece's own text gives that piece: not known yet, yes or no, by id. Filled
  /// in as pieces are met: this is the cache of frequent words.
  std::unique_ptr<std::atomic<std::uint8_t>[]> whole;
};

/// Checks a vocabulary and makes the tables.
/// Errors: bad_model for anything that does not fit together.
Expected<Tokenizer> make_tokenizer(Vocab vocab);

/// The number of ids; every id that `encode` gives is below.
inline std::size_t n_tokens(const Tokenizer& tok) {
  return tok.vocab.kinds.size();
}

struct EncodeOptions {
  bool add_special = false;    // the tokens that the model wants before and after a text
  bool parse_special = false;  // text that spells a special token becomes it
};

/// The tokens of a text, which may be any bytes.
/// Errors: does_not_fit for a text over kMaxTextBytes or one that a split pattern has trouble with.
Expected<std::vector<Id>> encode(const Tokenizer& tok, std::string_view text,
                                 EncodeOptions options = {});

/// A stretch of a text; special tokens arise only from what is trusted.
struct Segment {
  std::string_view text;
  bool trusted = false;
};

/// The tokens of the segments in a row, cut as one text: words may cross their borders, special
/// tokens may not, and none arises (whole or in part) from text that is not trusted.
Expected<std::vector<Id>> encode_marked(const Tokenizer& tok, std::span<const Segment> segments,
                                        bool add_special);

/// Whether an id is a control token: what nobody should read as text.
bool is_control(const Tokenizer& tok, Id id);

/// The bytes that a token stands for. `first`: no token with text stands before it.
std::string piece_bytes(const Tokenizer& tok, Id id, bool first);

/// The text of some tokens; control tokens as they are spelled. Ids out of range give nothing.
std::string decode(const Tokenizer& tok, std::span<const Id> ids);

}  // namespace mr::text
