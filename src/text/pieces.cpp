#include "text/pieces.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace mr::text {
namespace {

/// A multiply-and-fold hash, eight bytes at a time.
std::uint64_t hash(std::string_view piece) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  const auto mix = [](std::uint64_t a) {
    const auto wide = static_cast<unsigned __int128>(a ^ kOdd) * 0xE7037ED1A0B428DBU;
    return static_cast<std::uint64_t>(wide) ^ static_cast<std::uint64_t>(wide >> 64);
  };
  std::uint64_t state = piece.size() * kOdd;
  const char* p = piece.data();
  std::size_t n = piece.size();
  for (; n >= 8; n -= 8, p += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    state = mix(state ^ word);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, p, n);
  return mix(state ^ word);
}

std::uint32_t tag_of(std::uint64_t h) {
  return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace

PieceTable make_piece_table(std::size_t n) {
  PieceTable table;
  table.slots.resize(std::bit_ceil(2 * n + 2));
  return table;
}

bool insert(PieceTable& table, const Pieces& pieces, Id id) {
  if (2 * (table.n + 1) > table.slots.size()) {
    PieceTable larger = make_piece_table(table.slots.size());
    for (const auto& slot : table.slots) {
      if (slot.id != kNoId) insert(larger, pieces, slot.id);
    }
    table = std::move(larger);
  }
  const std::string_view piece = view(pieces, id);
  const std::uint64_t h = hash(piece);
  const std::size_t mask = table.slots.size() - 1;
  std::size_t i = h & mask;
  for (; table.slots[i].id != kNoId; i = (i + 1) & mask) {
    if (table.slots[i].tag == tag_of(h) && view(pieces, table.slots[i].id) == piece) return false;
  }
  table.slots[i] = {tag_of(h), id};
  ++table.n;
  table.longest = std::max(table.longest, static_cast<std::uint32_t>(piece.size()));
  return true;
}

Id find(const PieceTable& table, const Pieces& pieces, std::string_view piece) {
  if (piece.size() > table.longest) return kNoId;
  const std::uint64_t h = hash(piece);
  const std::size_t mask = table.slots.size() - 1;
  for (std::size_t i = h & mask; table.slots[i].id != kNoId; i = (i + 1) & mask) {
    const auto& slot = table.slots[i];
    if (slot.tag == tag_of(h) && view(pieces, slot.id) == piece) return slot.id;
  }
  return kNoId;
}

PairTable make_pair_table(std::size_t n) {
  PairTable table;
  table.slots.resize(std::bit_ceil(2 * n + 2));
  return table;
}

void insert(PairTable& table, Id left, Id right, Pair pair) {
  if (2 * (table.n + 1) > table.slots.size()) {
    PairTable larger = make_pair_table(table.slots.size());
    for (const auto& slot : table.slots) {
      if (slot.key == PairTable::Slot::kEmpty) continue;
      insert(larger, static_cast<Id>(slot.key >> 32), static_cast<Id>(slot.key), slot.pair);
    }
    table = std::move(larger);
  }
  const std::uint64_t key = (static_cast<std::uint64_t>(left) << 32) | right;
  const std::size_t mask = table.slots.size() - 1;
  std::size_t i = home_slot(table, key);
  while (table.slots[i].key != PairTable::Slot::kEmpty && table.slots[i].key != key) {
    i = (i + 1) & mask;
  }
  table.n += table.slots[i].key != key;
  if (pair.rank < table.slots[i].pair.rank) table.slots[i] = {key, pair};
}

}  // namespace mr::text
