#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/pieces.h"
#include "text/unicode.h"

/// What a tokenizer file says, whatever its format: plain data, filled by the readers
/// (vocab_*.cpp) and checked by `make_tokenizer`.
namespace mr::text {

inline constexpr std::string_view kSpaceMark = "\u2581";  ///< a space, as SentencePiece writes it

constexpr std::size_t kMaxPieces = 1U << 22;
constexpr std::size_t kMaxPieceBytes = 1024;

/// The kinds of pieces, by SentencePiece's numbers but for the last.
enum class PieceKind : std::uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
  added = 7,  // no piece of the model: found as an AddedToken only
};

enum class Algorithm : std::uint8_t {
  byte_bpe,  // merges bytes, as GPT-2 does; pieces are raw bytes
  char_bpe,  // merges characters, as SentencePiece's BPE does; pieces write spaces as U+2581
  unigram,   // the most probable cut into pieces
};

/// Where the order of merges comes from.
enum class MergeOrder : std::uint8_t {
  listed,    // Vocab::merges
  by_id,     // tiktoken: whatever two pieces make a piece, the lower id first
  by_score,  // SentencePiece: the same, the higher score first
};

/// Merges in their order, each as the text of what it makes and the bytes of its left half.
struct Merges {
  Pieces texts;
  std::vector<std::uint32_t> left_bytes;  // (n)
};

/// A token found in text before everything else, with Hugging Face's flags.
struct AddedToken {
  Id id = kNoId;
  std::string text;
  bool special = false;      // control: plain text never becomes it
  bool normalized = false;   // looked for after normalization
  bool strip_left = false;   // takes the white space before it
  bool strip_right = false;  // takes the white space after it
  bool single_word = false;  // not inside a word
};

/// One step of text normalization; the fields that its kind names are used.
struct NormalStep {
  enum class Kind : std::uint8_t {
    form,           // form
    lower,          //
    strip,          // strip_left, strip_right
    strip_accents,  //
    prepend,        // to, unless the text is empty
    replace,        // from (literal) by to
    replace_regex,  // from (pattern) by to
    charsmap_hf,    // from: a precompiled map as Hugging Face applies it, grapheme by grapheme
    sentencepiece,  // from: a map or empty, then white space by the three flags below
  };
  Kind kind = Kind::form;
  NormalForm form = NormalForm::nfc;
  std::string from = {};
  std::string to = {};
  bool strip_left = false;
  bool strip_right = false;
  bool remove_extra_spaces = false;
  bool dummy_prefix = false;
  bool space_as_suffix = false;
};

/// What a split does with what its rule matches.
enum class SplitBehaviour : std::uint8_t {
  isolated,
  removed,
  merged_with_previous,
  merged_with_next,
  contiguous,
};

/// One step of pre-tokenization, applied to each part that the one before it made.
struct SplitStep {
  enum class Kind : std::uint8_t {
    scanner,       // text: its name (scan.h)
    regex,         // text: the pattern
    literal,       // text
    metaspace,     // spaces become U+2581; prefix, split
    prefix_space,  // a space is put before a text that does not start with white space
  };
  enum class Prefix : std::uint8_t { never, first, always };
  Kind kind = Kind::scanner;
  std::string text = {};
  SplitBehaviour behaviour = SplitBehaviour::isolated;
  bool invert = false;
  Prefix prefix = Prefix::never;
  bool split = true;
};

struct Vocab {
  Algorithm algorithm = Algorithm::byte_bpe;
  Pieces pieces;                 // by id
  std::vector<PieceKind> kinds;  // (n pieces)
  std::vector<double> scores;    // (n pieces) or empty
  MergeOrder merge_order = MergeOrder::listed;
  Merges merges;                  // for `listed`
  bool whole_word_first = false;  // a word that is a piece is not merged
  bool byte_fallback = false;     // unknown characters become their bytes
  bool fuse_unknown = false;      // neighbouring unknown characters become one token
  bool double_scores = false;     // unigram: sums in double (Hugging Face), not float
  Id unknown = kNoId;
  Id bos = kNoId;
  Id eos = kNoId;
  std::vector<Id> prefix;  // put before a text when special tokens are wanted
  std::vector<Id> suffix;
  std::vector<NormalStep> normalizer;
  std::vector<SplitStep> splits;
  std::vector<AddedToken> added;
  bool space_marks = false;       // decoding makes U+2581 a space
  bool drop_first_space = false;  // ... and drops one at the start of the text
};

/// Adds a token that the vocabulary lacks, with its piece, or changes the flags of one it has.
/// Errors: bad_model where the id is out of reach or belongs to a piece of another text.
Expected<void> add_token(Vocab& vocab, AddedToken token);

/// Reads a tokenizer from a GGUF file, a tokenizer.json, a vocab.json with merges.txt beside it, a
/// SentencePiece model, a tiktoken rank file, or a folder that holds one of these; recognised by
/// content. `pre` names the split rules of a rank file, where nothing beside it does.
/// Errors: bad_model, naming the file and what is wrong in it.
Expected<Vocab> read_vocab(const std::string& path, std::string_view pre = {});

}  // namespace mr::text
