#include <bit>

#include "text/protobuf.h"
#include "text/vocab_read.h"

namespace mr::text {
namespace {

// Numbers of fields. Source: google/sentencepiece, sentencepiece_model.proto.
enum ModelField : std::uint32_t { pieces = 1, trainer = 2, normalizer = 3 };
enum PieceField : std::uint32_t { text = 1, score = 2, type = 3 };
enum TrainerField : std::uint32_t {
  model_type = 3,
  space_as_suffix = 24,
  byte_fallback = 35,
  unk_id = 40,
  bos_id = 41,
  eos_id = 42,
};
enum NormalizerField : std::uint32_t {
  charsmap = 2,
  dummy_prefix = 3,
  remove_extra_spaces = 4,
  escape_spaces = 5,
};

tl::unexpected<Error> damaged(const char* what) {
  return fail(Fault::bad_model, std::string("the SentencePiece model's ") + what + " is damaged");
}

Expected<void> read_piece(std::string_view message, Vocab& vocab) {
  ProtoReader in{message};
  std::string_view piece;
  double piece_score = 0;
  std::uint64_t kind = 1;
  while (const auto field = next_field(in)) {
    if (field->number == text && field->has_bytes) piece = field->bytes;
    if (field->number == score) {
      piece_score =
          static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(field->value)));
    }
    if (field->number == type) kind = field->value;
  }
  if (in.damaged || kind < 1 || kind > 6 || count(vocab.pieces) >= kMaxPieces) {
    return damaged(("piece " + std::to_string(count(vocab.pieces))).c_str());
  }
  push(vocab.pieces, piece);
  vocab.scores.push_back(piece_score);
  vocab.kinds.push_back(static_cast<PieceKind>(kind));
  return {};
}

Expected<void> read_trainer(std::string_view message, Vocab& vocab, NormalStep& step) {
  ProtoReader in{message};
  while (const auto field = next_field(in)) {
    const auto id = static_cast<Id>(field->value);  // -1 becomes kNoId
    switch (field->number) {
      case model_type:
        if (field->value != 1 && field->value != 2) {
          return fail(Fault::bad_model, "a SentencePiece model of type " +
                                            std::to_string(field->value) +
                                            "; wanted 1 (unigram) or 2 (BPE)");
        }
        vocab.algorithm = field->value == 1 ? Algorithm::unigram : Algorithm::char_bpe;
        break;
      case space_as_suffix:
        step.space_as_suffix = field->value != 0;
        break;
      case byte_fallback:
        vocab.byte_fallback = field->value != 0;
        break;
      case unk_id:
        vocab.unknown = id;
        break;
      case bos_id:
        vocab.bos = id;
        break;
      case eos_id:
        vocab.eos = id;
        break;
      default:
        break;
    }
  }
  if (in.damaged) return damaged("trainer_spec");
  return {};
}

Expected<void> read_normalizer(std::string_view message, NormalStep& step) {
  ProtoReader in{message};
  while (const auto field = next_field(in)) {
    switch (field->number) {
      case charsmap:
        step.from = field->bytes;
        break;
      case dummy_prefix:
        step.dummy_prefix = field->value != 0;
        break;
      case remove_extra_spaces:
        step.remove_extra_spaces = field->value != 0;
        break;
      case escape_spaces:
        if (field->value == 0) {
          return fail(Fault::bad_model, "a SentencePiece model that does not mark spaces");
        }
        break;
      default:
        break;
    }
  }
  if (in.damaged) return damaged("normalizer_spec");
  return {};
}

}  // namespace

Expected<Vocab> vocab_from_sentencepiece(std::string_view proto) {
  Vocab vocab;
  vocab.algorithm = Algorithm::unigram;
  vocab.merge_order = MergeOrder::by_score;
  vocab.fuse_unknown = true;
  vocab.space_marks = true;
  vocab.unknown = 0;
  vocab.bos = 1;
  vocab.eos = 2;
  NormalStep step{
      .kind = NormalStep::Kind::sentencepiece, .remove_extra_spaces = true, .dummy_prefix = true};
  ProtoReader in{proto};
  while (const auto field = next_field(in)) {
    if (!field->has_bytes) continue;
    if (field->number == pieces) MR_TRY_VOID(read_piece(field->bytes, vocab));
    if (field->number == trainer) MR_TRY_VOID(read_trainer(field->bytes, vocab, step));
    if (field->number == normalizer) MR_TRY_VOID(read_normalizer(field->bytes, step));
  }
  if (in.damaged) return damaged("outermost message");
  vocab.drop_first_space = step.dummy_prefix && !step.space_as_suffix;
  vocab.normalizer.push_back(std::move(step));
  const bool unigram = vocab.algorithm == Algorithm::unigram;
  if (!unigram && vocab.bos != kNoId) vocab.prefix.push_back(vocab.bos);
  if (unigram && vocab.eos != kNoId) vocab.suffix.push_back(vocab.eos);  // as T5 does
  for (Id id = 0; id < vocab.kinds.size(); ++id) {
    const PieceKind kind = vocab.kinds[id];
    const bool user_defined = kind == PieceKind::user_defined && !unigram;
    const bool special = kind == PieceKind::control || kind == PieceKind::unknown;
    if (!user_defined && !special) continue;
    if (view(vocab.pieces, id).empty()) continue;
    vocab.added.push_back({.id = id,
                           .text = std::string(view(vocab.pieces, id)),
                           .special = special,
                           .normalized = user_defined});
  }
  return vocab;
}

}  // namespace mr::text
