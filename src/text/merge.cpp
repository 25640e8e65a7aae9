#include "text/merge.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <queue>

namespace mr::text {
namespace {

constexpr std::size_t kShort = 48;
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

void merge_short(const PairTable& pairs, std::vector<Id>& symbols) {
  std::array<std::uint32_t, kShort> ranks;
  std::array<Id, kShort> merged;
  std::size_t n = symbols.size();
  Id* const ids = symbols.data();
  const auto look = [&](std::size_t i) {
    const Pair pair = find(pairs, ids[i], ids[i + 1]);
    ranks[i] = pair.rank;
    merged[i] = pair.merged;
  };
  for (std::size_t i = 0; i + 1 < n; ++i) look(i);
  while (n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i) {
      if (ranks[i] < ranks[best]) best = i;
    }
    if (ranks[best] == Pair::kNoRank) break;
    ids[best] = merged[best];
    --n;
    for (std::size_t i = best + 1; i < n; ++i) {
      ids[i] = ids[i + 1];
      ranks[i] = ranks[i + 1];
      merged[i] = merged[i + 1];
    }
    if (best + 1 < n) look(best);
    if (best > 0) look(best - 1);
  }
  symbols.resize(n);
}

/// A symbol of a long word, in a doubly linked list; `pair` is that with its right neighbour.
struct Symbol {
  Id id = kNoId;
  std::uint32_t previous = kNone;
  std::uint32_t next = kNone;
  Pair pair;
};

/// Places where a pair of some rank stood when it was noted, from left to right.
struct Queue {
  std::uint32_t first = kNone;  // of Agenda::places
  std::uint32_t last = kNone;
};

struct Place {
  std::uint32_t symbol = 0;
  std::uint32_t next = kNone;
};

struct Due {
  std::uint32_t rank = 0;
  std::uint32_t symbol = 0;  // the place, or for a queue its number
  friend bool operator>(const Due& a, const Due& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.symbol > b.symbol;
  }
};

using Heap = std::priority_queue<Due, std::vector<Due>, std::greater<>>;

/// What is to be merged, by rank and then by place. Places of one rank mostly come from left to
/// right: they stand in a queue for that rank, so that a text of one character costs no heap
/// operation at all. The others go to `strays`.
struct Agenda {
  std::vector<Place> places;
  std::vector<Queue> queues;
  std::vector<Due> by_rank;  // open addressing: rank to queue, `symbol` kNone where empty
  std::size_t n_ranks = 0;
  Heap ranks;   // queues that hold something
  Heap strays;  // places that came out of order
};

std::uint32_t queue_of(Agenda& agenda, std::uint32_t rank) {
  const auto slot_of = [](const std::vector<Due>& slots, std::uint32_t wanted) {
    std::size_t i = (wanted * 0x9E3779B1U >> 7) & (slots.size() - 1);
    while (slots[i].symbol != kNone && slots[i].rank != wanted) i = (i + 1) & (slots.size() - 1);
    return i;
  };
  if (2 * agenda.n_ranks >= agenda.by_rank.size()) {
    std::vector<Due> larger(std::max<std::size_t>(64, 4 * agenda.by_rank.size()), Due{0, kNone});
    for (const Due& due : agenda.by_rank) {
      if (due.symbol != kNone) larger[slot_of(larger, due.rank)] = due;
    }
    agenda.by_rank = std::move(larger);
  }
  Due& slot = agenda.by_rank[slot_of(agenda.by_rank, rank)];
  if (slot.symbol == kNone) {
    slot = {rank, static_cast<std::uint32_t>(agenda.queues.size())};
    agenda.queues.push_back({});
    ++agenda.n_ranks;
  }
  return slot.symbol;
}

void note(Agenda& agenda, std::uint32_t rank, std::uint32_t symbol) {
  if (rank == Pair::kNoRank) return;
  const std::uint32_t number = queue_of(agenda, rank);
  Queue& queue = agenda.queues[number];
  if (queue.first != kNone && agenda.places[queue.last].symbol > symbol) {
    agenda.strays.push({rank, symbol});
    return;
  }
  const auto place = static_cast<std::uint32_t>(agenda.places.size());
  agenda.places.push_back({symbol, kNone});
  if (queue.first == kNone) {
    queue.first = place;
    agenda.ranks.push({rank, number});
  } else {
    agenda.places[queue.last].next = place;
  }
  queue.last = place;
}

/// Merges the pair at `symbol`, if it still has that rank, and notes the new neighbours.
void merge_at(const PairTable& pairs, std::vector<Symbol>& list, Agenda& agenda, Due due) {
  Symbol& left = list[due.symbol];
  if (left.id == kNoId || left.pair.rank != due.rank) return;
  Symbol& right = list[left.next];
  left.id = left.pair.merged;
  left.next = right.next;
  right.id = kNoId;
  if (left.next != kNone) {
    list[left.next].previous = due.symbol;
    left.pair = find(pairs, left.id, list[left.next].id);
  } else {
    left.pair = {};
  }
  if (left.previous != kNone) {
    Symbol& before = list[left.previous];
    before.pair = find(pairs, before.id, left.id);
    note(agenda, before.pair.rank, left.previous);
  }
  note(agenda, left.pair.rank, due.symbol);
}

/// The next place of the lowest rank, or nothing.
bool take(Agenda& agenda, Due& due) {
  while (!agenda.ranks.empty() && agenda.queues[agenda.ranks.top().symbol].first == kNone) {
    agenda.ranks.pop();
  }
  const bool queued = !agenda.ranks.empty();
  if (!queued && agenda.strays.empty()) return false;
  if (queued) {
    const Due top = agenda.ranks.top();
    Queue& queue = agenda.queues[top.symbol];
    due = {top.rank, agenda.places[queue.first].symbol};
    if (agenda.strays.empty() || agenda.strays.top() > due) {
      queue.first = agenda.places[queue.first].next;
      return true;
    }
  }
  due = agenda.strays.top();
  agenda.strays.pop();
  return true;
}

void merge_long(const PairTable& pairs, std::vector<Id>& symbols) {
  const auto n = static_cast<std::uint32_t>(symbols.size());
  std::vector<Symbol> list(n);
  Agenda agenda;
  agenda.places.reserve(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    list[i] = {symbols[i], i == 0 ? kNone : i - 1, i + 1 < n ? i + 1 : kNone, {}};
    if (i + 1 < n) list[i].pair = find(pairs, symbols[i], symbols[i + 1]);
    note(agenda, list[i].pair.rank, i);
  }
  Due due;
  while (take(agenda, due)) merge_at(pairs, list, agenda, due);
  symbols.clear();
  for (std::uint32_t i = 0; i != kNone; i = list[i].next) symbols.push_back(list[i].id);
}

}  // namespace

void merge(const PairTable& pairs, std::vector<Id>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort) {
    merge_short(pairs, symbols);
  } else {
    merge_long(pairs, symbols);
  }
}

}  // namespace mr::text
