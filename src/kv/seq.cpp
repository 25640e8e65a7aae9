#include "kv/seq.h"

#include <algorithm>

namespace mr::kv {
namespace {

constexpr std::array kBothKinds = {Kind::full, Kind::window};

std::vector<PageId>& list(Seq& seq, Kind kind) {
  return seq.pages[static_cast<std::size_t>(kind)];
}

std::int32_t n_listed(Seq& seq, Kind kind) {
  return static_cast<std::int32_t>(list(seq, kind).size());
}

/// The first page whose window page is still needed when `length` positions are committed.
std::int32_t window_begin(const RadixTree& tree, std::int32_t length) {
  return std::max(0, length - tree.window) / kPagePositions;
}

void slide_window(Seq& seq, const RadixTree& tree, Pool& pool) {
  if (tree.window == 0) return;
  for (const std::int32_t end = window_begin(tree, seq.length); seq.window_begin < end;
       ++seq.window_begin) {
    PageId& page = list(seq, Kind::window)[static_cast<std::size_t>(seq.window_begin)];
    if (page != kNoPage) give(pool, Kind::window, page);
    page = kNoPage;
  }
}

void give_list(Seq& seq, Pool& pool, Kind kind, std::size_t kept) {
  std::vector<PageId>& pages = list(seq, kind);
  for (; pages.size() > kept; pages.pop_back()) {
    if (pages.back() != kNoPage) give(pool, kind, pages.back());
  }
}

void give_all(Seq& seq, Pool& pool) {
  copied(seq, pool);
  for (const Kind kind : kBothKinds) give_list(seq, pool, kind, 0);
}

/// Puts the tree's pages of the held prefix at the head of the lists, shared, for `length`
/// positions.
void adopt_prefix(Seq& seq, const RadixTree& tree, Pool& pool, std::int32_t length) {
  const auto from = static_cast<std::size_t>(seq.n_shared);
  std::vector<PageId> full;
  std::vector<PageId> window;
  collect(tree, seq.node, full, window);
  std::fill_n(window.begin(),
              std::min(static_cast<std::size_t>(window_begin(tree, length)), window.size()),
              kNoPage);
  for (std::size_t i = from; i < full.size(); ++i) {
    share(pool, Kind::full, full[i]);
    if (!window.empty() && window[i] != kNoPage) share(pool, Kind::window, window[i]);
  }
  // What the lists had for these pages was reserved and is not needed.
  for (const Kind kind : kBothKinds) {
    std::vector<PageId>& own = list(seq, kind);
    const std::vector<PageId>& theirs = kind == Kind::full ? full : window;
    for (std::size_t i = from; i < theirs.size(); ++i) {
      if (i == own.size()) own.push_back(kNoPage);
      if (own[i] != kNoPage) give(pool, kind, own[i]);
      own[i] = theirs[i];
    }
  }
  seq.n_shared = static_cast<std::int32_t>(full.size());
}

}  // namespace

Seq start(RadixTree& tree, Pool& pool, Salt salt, const Hit& hit, std::int32_t priority) {
  Seq seq;
  seq.priority = priority;
  seq.node = hold(tree, salt, hit);
  adopt_prefix(seq, tree, pool, hit.n_tokens);
  seq.length = hit.n_tokens;
  seq.n_hit = hit.n_pages;
  seq.n_copied = hit.n_copied;
  seq.copy_from = {hit.copy_full, hit.copy_window};
  for (const Kind kind : kBothKinds) {
    const PageId page = seq.copy_from[static_cast<std::size_t>(kind)];
    if (page != kNoPage) share(pool, kind, page);
  }
  return seq;
}

bool reserve(Seq& seq, RadixTree& tree, Pool& pool, const Slots& slots, Work& work) {
  const std::array<std::int32_t, kKinds> wanted = {pages_for(slots.n_full),
                                                   tree.window > 0 ? pages_for(slots.n_window) : 0};
  for (const Kind kind : kBothKinds) {
    const std::int32_t lacking = wanted[static_cast<std::size_t>(kind)] - n_listed(seq, kind);
    // Asked first, so that the stored prefixes are not thrown away for nothing.
    if (lacking > n_free(pool, kind) + n_evictable(tree, pool, kind)) return false;
  }
  for (const Kind kind : kBothKinds) {
    const std::int32_t lacking = wanted[static_cast<std::size_t>(kind)] - n_listed(seq, kind);
    evict(tree, pool, kind, lacking);
    if (lacking > n_free(pool, kind)) return false;
  }
  for (const Kind kind : kBothKinds) {
    PageWork& todo = work[static_cast<std::size_t>(kind)];
    const PageId source = seq.copy_from[static_cast<std::size_t>(kind)];
    while (n_listed(seq, kind) < wanted[static_cast<std::size_t>(kind)]) {
      const bool copies = source != kNoPage && n_listed(seq, kind) == seq.n_hit;
      const PageId page = take(pool, kind);
      list(seq, kind).push_back(page);
      todo.zero_page.push_back(page);
      todo.zero_begin.push_back(copies ? seq.n_copied : 0);
      if (!copies) continue;
      todo.copy_from.push_back(source);
      todo.copy_to.push_back(page);
      todo.copy_rows.push_back(seq.n_copied);
    }
  }
  return true;
}

void copied(Seq& seq, Pool& pool) {
  for (const Kind kind : kBothKinds) {
    PageId& page = seq.copy_from[static_cast<std::size_t>(kind)];
    if (page != kNoPage) give(pool, kind, page);
    page = kNoPage;
  }
}

void advance(Seq& seq, RadixTree& tree, Pool& pool, std::span<const Token> tokens, std::int32_t n) {
  seq.length += n;
  const auto first = static_cast<std::size_t>(seq.n_shared);
  const auto last = static_cast<std::size_t>(seq.length / kPagePositions);
  if (last > first) {
    const std::span<PageId> window = list(seq, Kind::window);
    seq.node =
        extend(tree, pool, seq.node,
               {.tokens = tokens.subspan(first * kPagePositions, (last - first) * kPagePositions),
                .full = std::span(list(seq, Kind::full)).subspan(first, last - first),
                .window = tree.window > 0 ? window.subspan(first, last - first) : window,
                .priority = seq.priority});
    seq.n_shared = static_cast<std::int32_t>(last);
  }
  slide_window(seq, tree, pool);
}

void store_tail(Seq& seq, RadixTree& tree, Pool& pool, std::span<const Token> tokens) {
  const auto n_rows = static_cast<std::size_t>(seq.length % kPagePositions);
  if (n_rows == 0) return;
  const auto page = static_cast<std::size_t>(seq.n_shared);
  const std::span<PageId> window = list(seq, Kind::window);
  add_tail(tree, pool, seq.node,
           {.tokens = tokens.subspan(page * kPagePositions, n_rows),
            .full = std::span(list(seq, Kind::full)).subspan(page, 1),
            .window = tree.window > 0 ? window.subspan(page, 1) : window,
            .priority = seq.priority});
}

bool catch_up(Seq& seq, RadixTree& tree, Pool& pool, Salt salt, std::span<const Token> tokens) {
  if (seq.length != seq.n_shared * kPagePositions) return false;
  Hit hit = match(tree, salt, tokens);
  if (hit.n_copied > 0) {
    // Nothing is copied here: its own page is reserved already, and the rest of it soon computed.
    const std::int32_t n_whole = hit.n_pages * kPagePositions;
    hit = match(tree, salt, tokens.first(static_cast<std::size_t>(n_whole)));
  }
  if (hit.n_pages <= seq.n_shared) return false;
  const NodeId old = seq.node;
  seq.node = hold(tree, salt, hit);
  release(tree, old);
  seq.length = hit.n_pages * kPagePositions;
  adopt_prefix(seq, tree, pool, seq.length);
  slide_window(seq, tree, pool);
  return true;
}

void trim(Seq& seq, Pool& pool, std::int32_t n_slots) {
  for (const Kind kind : kBothKinds) {
    give_list(seq, pool, kind, static_cast<std::size_t>(pages_for(n_slots)));
  }
}

void stop(Seq& seq, RadixTree& tree, Pool& pool) {
  give_all(seq, pool);
  release(tree, seq.node);
  seq = {};
}

void stop_bad(Seq& seq, RadixTree& tree, Pool& pool) {
  give_all(seq, pool);
  discard(tree, pool, seq.node, seq.n_hit);
  seq = {};
}

std::int32_t window_pages(std::int32_t window, std::int32_t n_rows, std::int32_t n_slots) {
  if (window == 0) return 0;
  // The window may begin and the rows end inside a page, and one more is copied from.
  return std::min(pages_for(n_slots), pages_for(window) + pages_for(n_rows) + 2) + 1;
}

}  // namespace mr::kv
