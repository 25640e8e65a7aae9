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

/// A pair looked up not long ago; in the text that an attack sends there are few.
struct PairCache {
  struct Line {
    std::uint64_t key = std::numeric_limits<std::uint64_t>::max();
    Pair pair;
  };
  const PairTable& pairs;
  std::array<Line, 256> lines = {};
};

Pair look_up(PairCache& cache, Id left, Id right) {
  const std::uint64_t key = (static_cast<std::uint64_t>(left) << 32) | right;
  PairCache::Line& line = cache.lines[(left * 31 + right) % 256];
  if (line.key != key) line = {key, find(cache.pairs, left, right)};
  return line.pair;
}

/// A symbol with what it and its right neighbour become.
struct Joint {
  Id id = kNoId;
  Pair pair;
};

/// The lowest rank in a word and how many pairs have it.
struct Lowest {
  std::uint32_t rank = Pair::kNoRank;
  std::size_t n = 0;
};

void note(Lowest& lowest, std::uint32_t rank) {
  if (rank < lowest.rank) lowest = {rank, 0};
  lowest.n += rank == lowest.rank ? 1 : 0;
}

/// Merges the pairs of the lowest rank from left to right, which is their order as long as no pair
/// that arises is as low. Tells whether that was so to the end; if not, the word is as it was after
/// the last merge that was in order.
bool sweep(PairCache& cache, std::vector<Joint>& word, Lowest& lowest) {
  const std::uint32_t rank = lowest.rank;
  const std::size_t n = word.size();
  lowest = {};
  bool in_order = true;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++kept) {
    const bool merges = in_order && i + 1 < n && word[i].pair.rank == rank;
    Joint joint{merges ? word[i].pair.merged : word[i].id, word[i].pair};
    i += merges ? 2 : 1;
    if (merges) {
      joint.pair = i < n ? look_up(cache, joint.id, word[i].id) : Pair{};
      in_order = i == n || joint.pair.rank > rank;
    }
    if (kept > 0) {
      Joint& before = word[kept - 1];
      if (merges) {
        before.pair = look_up(cache, before.id, joint.id);
        in_order = in_order && before.pair.rank > rank;
      }
      note(lowest, before.pair.rank);
    }
    word[kept] = joint;
  }
  word.resize(kept);
  return in_order;
}

/// Merges while one pair in eight or more is of the lowest rank: a text of one character is done in
/// a few passes, in a third of the time that the queues of merge_long take. Tells whether nothing
/// is left.
bool merge_sweeping(const PairTable& pairs, std::vector<Id>& symbols) {
  constexpr std::size_t kShare = 8;
  PairCache cache{pairs};
  std::vector<Joint> word(symbols.size());
  Lowest lowest;
  for (std::size_t i = 0; i < word.size(); ++i) {
    word[i].id = symbols[i];
    if (i + 1 == word.size()) break;
    word[i].pair = look_up(cache, symbols[i], symbols[i + 1]);
    note(lowest, word[i].pair.rank);
  }
  bool in_order = true;
  while (in_order && lowest.rank != Pair::kNoRank && lowest.n * kShare >= word.size()) {
    in_order = sweep(cache, word, lowest);
  }
  symbols.clear();
  for (const Joint& joint : word) symbols.push_back(joint.id);
  return in_order && lowest.rank == Pair::kNoRank;
}

/// A symbol of a long word, in a doubly linked list, with what it and its right neighbour become
/// and the queue that the pair is due in.
struct Symbol {
  Id id = kNoId;
  std::uint32_t previous = kNone;
  std::uint32_t next = kNone;
  Id merged = kNoId;
  std::uint32_t queue = kNone;
};

/// Places where pairs of some rank stood when they were noted, from left to right.
struct Queue {
  std::uint32_t rank = 0;
  std::size_t head = 0;  // the next of `places`
  std::vector<std::uint32_t> places;
};

struct Due {
  std::uint32_t rank = 0;
  std::uint32_t symbol = 0;  // the place, or in Agenda::ranks the queue
  std::uint32_t queue = 0;
  friend bool operator>(const Due& a, const Due& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.symbol > b.symbol;
  }
};

using Heap = std::priority_queue<Due, std::vector<Due>, std::greater<>>;

/// A pair looked up not long ago.
struct Recent {
  std::uint64_t key = std::numeric_limits<std::uint64_t>::max();
  Id merged = kNoId;
  std::uint32_t queue = kNone;
};

/// What is to be merged, by rank and then by place. Places of one rank mostly come from left to
/// right: they stand in a queue for that rank, so that a text of one character costs no heap
/// operation to speak of. The others go to `strays`.
struct Agenda {
  std::vector<Queue> queues;
  std::vector<std::uint32_t> by_rank;  // open addressing over `queues`
  std::array<Recent, 256> recent;
  Heap ranks;   // queues that hold something
  Heap strays;  // places that came out of order
};

std::uint32_t queue_of(Agenda& agenda, std::uint32_t rank) {
  const auto slot_of = [&](const std::vector<std::uint32_t>& slots, std::uint32_t wanted) {
    std::size_t i = (wanted * 0x9E3779B1U >> 7) & (slots.size() - 1);
    while (slots[i] != kNone && agenda.queues[slots[i]].rank != wanted) {
      i = (i + 1) & (slots.size() - 1);
    }
    return i;
  };
  if (2 * agenda.queues.size() >= agenda.by_rank.size()) {
    std::vector<std::uint32_t> larger(std::max<std::size_t>(64, 4 * agenda.by_rank.size()), kNone);
    for (std::uint32_t i = 0; i < agenda.queues.size(); ++i) {
      larger[slot_of(larger, agenda.queues[i].rank)] = i;
    }
    agenda.by_rank = std::move(larger);
  }
  std::uint32_t& slot = agenda.by_rank[slot_of(agenda.by_rank, rank)];
  if (slot == kNone) {
    slot = static_cast<std::uint32_t>(agenda.queues.size());
    agenda.queues.push_back({.rank = rank, .head = 0, .places = {}});
  }
  return slot;
}

/// What becomes of two neighbours.
const Recent& look_up(Agenda& agenda, const PairTable& pairs, Id left, Id right) {
  const std::uint64_t key = (static_cast<std::uint64_t>(left) << 32) | right;
  Recent& recent = agenda.recent[(left * 31 + right) % 256];
  if (recent.key != key) {
    const Pair pair = find(pairs, left, right);
    recent = {key, pair.merged, kNone};
    if (pair.rank != Pair::kNoRank) recent.queue = queue_of(agenda, pair.rank);
  }
  return recent;
}

/// Notes that the pair at a place is due.
void note(Agenda& agenda, std::uint32_t number, std::uint32_t place) {
  if (number == kNone) return;
  Queue& queue = agenda.queues[number];
  if (queue.head == queue.places.size()) {
    queue.places.clear();
    queue.head = 0;
    agenda.ranks.push({queue.rank, number, number});
  } else if (queue.places.back() > place) {
    agenda.strays.push({queue.rank, place, number});
    return;
  }
  queue.places.push_back(place);
}

/// Whether the pair at `place` is surely merged next: then what stands before it changes at once,
/// and need not be noted as it is now. Half of all notes of a text of one character are of this
/// kind.
bool is_next(const Agenda& agenda, const std::vector<Symbol>& list, std::uint32_t number,
             std::uint32_t place) {
  const Queue& queue = agenda.queues[number];
  return queue.head < queue.places.size() && queue.places[queue.head] == place &&
         list[place].queue == number && agenda.strays.empty() && agenda.ranks.top().queue == number;
}

/// Merges the pair at `place`, if it is still what was noted, and notes the new neighbours.
void merge_at(const PairTable& pairs, std::vector<Symbol>& list, Agenda& agenda,
              std::uint32_t place, std::uint32_t queue) {
  Symbol& left = list[place];
  if (left.queue != queue) return;
  Symbol& right = list[left.next];
  left.id = left.merged;
  left.next = right.next;
  left.queue = kNone;
  right.queue = kNone;
  if (left.previous != kNone) {
    Symbol& before = list[left.previous];
    const Recent& found = look_up(agenda, pairs, before.id, left.id);
    before.merged = found.merged;
    before.queue = found.queue;
    note(agenda, found.queue, left.previous);
  }
  if (left.next != kNone) {
    list[left.next].previous = place;
    const Recent& found = look_up(agenda, pairs, left.id, list[left.next].id);
    left.merged = found.merged;
    left.queue = found.queue;
    const bool later =
        found.queue != kNone && agenda.queues[found.queue].rank > agenda.queues[queue].rank;
    if (!later || !is_next(agenda, list, queue, left.next)) note(agenda, found.queue, place);
  }
}

/// The next place of the lowest rank, or nothing.
bool take(Agenda& agenda, Due& due) {
  while (!agenda.ranks.empty()) {
    const Queue& top = agenda.queues[agenda.ranks.top().queue];
    if (top.head < top.places.size()) break;
    agenda.ranks.pop();
  }
  if (!agenda.ranks.empty()) {
    due = agenda.ranks.top();
    Queue& queue = agenda.queues[due.queue];
    due.symbol = queue.places[queue.head];
    if (agenda.strays.empty() || agenda.strays.top() > due) {
      ++queue.head;
      return true;
    }
  }
  if (agenda.strays.empty()) return false;
  due = agenda.strays.top();
  agenda.strays.pop();
  return true;
}

void merge_long(const PairTable& pairs, std::vector<Id>& symbols) {
  const auto n = static_cast<std::uint32_t>(symbols.size());
  std::vector<Symbol> list(n);
  Agenda agenda;
  for (std::uint32_t i = 0; i < n; ++i) {
    list[i] = {symbols[i], i == 0 ? kNone : i - 1, i + 1 < n ? i + 1 : kNone, kNoId, kNone};
    if (i + 1 == n) break;
    const Recent& found = look_up(agenda, pairs, symbols[i], symbols[i + 1]);
    list[i].merged = found.merged;
    list[i].queue = found.queue;
    note(agenda, found.queue, i);
  }
  Due due;
  while (take(agenda, due)) merge_at(pairs, list, agenda, due.symbol, due.queue);
  symbols.clear();
  for (std::uint32_t i = 0; i != kNone; i = list[i].next) symbols.push_back(list[i].id);
}

}  // namespace

void merge(const PairTable& pairs, std::vector<Id>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort) {
    merge_short(pairs, symbols);
  } else if (!merge_sweeping(pairs, symbols)) {
    merge_long(pairs, symbols);
  }
}

}  // namespace mr::text
