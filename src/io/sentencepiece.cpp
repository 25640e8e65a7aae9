#include "io/sentencepiece.h"

#include <bit>

#include "io/cursor.h"

namespace mr::sentencepiece {
namespace {

constexpr std::size_t kMaxPieces = 1U << 20;
constexpr std::uint64_t kBpe = 2;  // TrainerSpec.ModelType

// One field of a message; which of the values is set follows from the wire type.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;
  std::span<const std::byte> bytes;
};

Expected<std::uint64_t> read_varint(io::Cursor& cursor) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    MR_TRY(const auto byte, io::read<std::uint8_t>(cursor, "varint"));
    value |= std::uint64_t{byte & 127U} << shift;
    if (byte < 128) return value;
  }
  return fail(Fault::bad_model, "varint: longer than 64 bits");
}

Expected<Field> read_field(io::Cursor& cursor) {
  MR_TRY(const auto tag, read_varint(cursor));
  Field field{.number = tag >> 3, .integer = 0, .bytes = {}};
  switch (tag & 7U) {
    case 0: {
      MR_TRY(field.integer, read_varint(cursor));
      return field;
    }
    case 1: {
      MR_TRY(field.integer, io::read<std::uint64_t>(cursor, "64-bit field"));
      return field;
    }
    case 2: {
      MR_TRY(const auto n, read_varint(cursor));
      MR_TRY(field.bytes, io::take(cursor, n, "field " + std::to_string(field.number)));
      return field;
    }
    case 5: {
      MR_TRY(field.integer, io::read<std::uint32_t>(cursor, "32-bit field"));
      return field;
    }
    default:
      return fail(Fault::bad_model, "field " + std::to_string(field.number) +
                                        ": unknown wire type " + std::to_string(tag & 7U));
  }
}

// Calls `use` with every field of a message.
template <typename Use>
Expected<void> for_each_field(std::span<const std::byte> message, Use use) {
  io::Cursor cursor{message};
  while (io::remaining(cursor) != 0) {
    MR_TRY(const auto field, read_field(cursor));
    use(field);
  }
  return {};
}

Expected<void> add_piece(std::span<const std::byte> message, Model& model) {
  std::string_view text;
  float score = 0;
  std::int32_t type = 1;
  MR_TRY_VOID(for_each_field(message, [&](const Field& field) {
    if (field.number == 1) {
      text = {reinterpret_cast<const char*>(field.bytes.data()), field.bytes.size()};
    } else if (field.number == 2) {
      score = std::bit_cast<float>(static_cast<std::uint32_t>(field.integer));
    } else if (field.number == 3) {
      type = static_cast<std::int32_t>(field.integer);
    }
  }));
  if (model.pieces.size() == kMaxPieces) return fail(Fault::bad_model, "more than 2^20 pieces");
  model.pieces.push_back(text);
  model.scores.push_back(score);
  model.types.push_back(type);
  return {};
}

Expected<void> read_trainer(std::span<const std::byte> message, Model& model) {
  return for_each_field(message, [&](const Field& field) {
    const auto id = static_cast<std::uint32_t>(field.integer);
    if (field.number == 3) model.is_bpe = field.integer == kBpe;
    if (field.number == 40) model.unknown = id;
    if (field.number == 41) model.begin = id;
    if (field.number == 42) model.end = id;
  });
}

Expected<void> read_normalizer(std::span<const std::byte> message, Model& model) {
  return for_each_field(message, [&](const Field& field) {
    if (field.number == 3) model.add_space_prefix = field.integer != 0;
    if (field.number == 4) model.remove_extra_spaces = field.integer != 0;
  });
}

}  // namespace

Expected<Model> parse(std::span<const std::byte> bytes) {
  Model model;
  io::Cursor cursor{bytes};
  while (io::remaining(cursor) != 0) {
    MR_TRY(const auto field, read_field(cursor));
    if (field.number == 1) MR_TRY_VOID(add_piece(field.bytes, model));
    if (field.number == 2) MR_TRY_VOID(read_trainer(field.bytes, model));
    if (field.number == 3) MR_TRY_VOID(read_normalizer(field.bytes, model));
  }
  if (model.pieces.empty())
    return fail(Fault::bad_model, "wanted a SentencePiece model, found no pieces");
  return model;
}

}  // namespace mr::sentencepiece
