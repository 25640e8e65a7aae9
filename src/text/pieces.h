#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Strings with ids, and tables that find them.
namespace mr::text {

using Id = std::uint32_t;
constexpr Id kNoId = std::numeric_limits<Id>::max();

/// Strings by id, in one block of memory.
struct Pieces {
  struct Place {
    std::uint32_t begin = 0;
    std::uint32_t bytes = 0;
  };
  std::string bytes;
  std::vector<Place> places;  // (n)
};

inline std::size_t count(const Pieces& pieces) {
  return pieces.places.size();
}
inline std::string_view view(const Pieces& pieces, Id id) {
  return {pieces.bytes.data() + pieces.places[id].begin, pieces.places[id].bytes};
}
/// Gives an id, which there is, another text.
inline void set(Pieces& pieces, Id id, std::string_view piece) {
  pieces.places[id] = {static_cast<std::uint32_t>(pieces.bytes.size()),
                       static_cast<std::uint32_t>(piece.size())};
  pieces.bytes += piece;
}
inline void push(Pieces& pieces, std::string_view piece) {
  pieces.places.push_back({});
  set(pieces, static_cast<Id>(count(pieces) - 1), piece);
}

/// Finds the id of a string among some of `Pieces`; open addressing over a power of two.
struct PieceTable {
  struct Slot {
    std::uint32_t tag = 0;
    Id id = kNoId;
  };
  std::vector<Slot> slots;
  std::size_t n = 0;          // pieces held
  std::uint32_t longest = 0;  // bytes of the longest of them
};

/// Room for `n` pieces; it grows where they become more.
PieceTable make_piece_table(std::size_t n);
/// Adds a piece; false where an equal one is there already (then nothing changes).
bool insert(PieceTable& table, const Pieces& pieces, Id id);
Id find(const PieceTable& table, const Pieces& pieces, std::string_view piece);

/// What two neighbours become, and how early.
struct Pair {
  std::uint32_t rank = kNoRank;
  Id merged = kNoId;
  static constexpr std::uint32_t kNoRank = std::numeric_limits<std::uint32_t>::max();
};

/// Pairs of ids to Pair, as PieceTable.
struct PairTable {
  struct Slot {
    std::uint64_t key = kEmpty;
    Pair pair;
    static constexpr std::uint64_t kEmpty = std::numeric_limits<std::uint64_t>::max();
  };
  std::vector<Slot> slots;
  std::size_t n = 0;
};

PairTable make_pair_table(std::size_t n);
/// Adds a pair or, where it is there, keeps the lower rank.
void insert(PairTable& table, Id left, Id right, Pair pair);

inline std::size_t home_slot(const PairTable& table, std::uint64_t key) {
  const std::uint64_t mixed = (key ^ (key >> 29)) * 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>(mixed >> 32) & (table.slots.size() - 1);
}

inline Pair find(const PairTable& table, Id left, Id right) {
  const std::uint64_t key = (static_cast<std::uint64_t>(left) << 32) | right;
  const std::size_t mask = table.slots.size() - 1;
  for (std::size_t i = home_slot(table, key);; i = (i + 1) & mask) {
    if (table.slots[i].key == key) return table.slots[i].pair;
    if (table.slots[i].key == PairTable::Slot::kEmpty) return {};
  }
}

}  // namespace mr::text
