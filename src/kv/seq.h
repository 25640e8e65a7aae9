#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kv/pool.h"
#include "kv/radix_tree.h"

namespace mr::kv {

/// What must be done to the pages of one kind before a step runs: first zero, then copy.
struct PageWork {
  std::vector<PageId> zero_page;
  std::vector<std::int32_t>
      zero_begin;  ///< first row to zero, of the same index; then all up to 64
  std::vector<PageId> copy_from;
  std::vector<PageId> copy_to;
  std::vector<std::int32_t> copy_rows;  ///< rows [0, n) are copied
};
using Work = std::array<PageWork, kKinds>;

/// The page list of one running sequence. Slot s is row s % 64 of page s / 64; a committed position
/// is its own slot. Slots from `length` on are scratch: what a step is computing, tree rows too.
/// Invariants: whole committed pages are in the tree and only read; the others have no other
/// writer; a slot that is neither committed nor being computed is zero.
struct Seq {
  std::array<std::vector<PageId>, kKinds> pages;  ///< by kind; window pages long past are kNoPage
  std::int32_t length = 0;                        ///< committed positions
  std::int32_t n_shared = 0;                      ///< leading pages that are in the tree
  std::int32_t n_hit = 0;                         ///< leading pages that were, when it started
  std::int32_t window_begin = 0;                  ///< window pages before this one are let go
  std::int32_t priority = 0;                      ///< of the pages it stores
  NodeId node = kNoNode;                          ///< the end of the shared ones, held

  /// A stored page whose first rows are copied to page n_hit; kept until `copied`.
  std::array<PageId, kKinds> copy_from = {kNoPage, kNoPage};
  std::int32_t n_copied = 0;
};

/// A sequence that begins with a stored prefix, as the tree just now matched it. Where that ends
/// inside a page, `reserve` asks for the copy of it, and must take that page before the first step.
Seq start(RadixTree& tree, Pool& pool, Salt salt, const Hit& hit, std::int32_t priority);

/// Slots a sequence is to have. Window pages are few, so they are taken chunk by chunk.
struct Slots {
  std::int32_t n_full;
  std::int32_t n_window;
};

/// Takes the pages that the sequence lacks, evicting from the tree where none are free, and adds
/// their zeroing to `work`. False, and nothing taken, where there are not enough.
bool reserve(Seq& seq, RadixTree& tree, Pool& pool, const Slots& slots, Work& work);

/// The step that ran the copy of `start` is over: its source may go.
void copied(Seq& seq, Pool& pool);

/// Commits n more positions, whose K and V stand in their slots. `tokens` are those of the whole
/// sequence; pages that are now full go into the tree, windows behind are let go.
void advance(Seq& seq, RadixTree& tree, Pool& pool, std::span<const Token> tokens, std::int32_t n);

/// Stores the last page too, which is filled in part.
void store_tail(Seq& seq, RadixTree& tree, Pool& pool, std::span<const Token> tokens);

/// Moves on to what the tree has by now behind a whole number of committed pages; the pages it had
/// reserved for those positions are given back. False where there is nothing more.
bool catch_up(Seq& seq, RadixTree& tree, Pool& pool, Salt salt, std::span<const Token> tokens);

/// Gives back the pages behind the first `n_slots` slots.
void trim(Seq& seq, Pool& pool, std::int32_t n_slots);

/// Gives everything back. `stop_bad` also has the tree forget what this sequence computed.
void stop(Seq& seq, RadixTree& tree, Pool& pool);
void stop_bad(Seq& seq, RadixTree& tree, Pool& pool);

/// The most window pages a sequence of up to `n_slots` slots holds at once, when it computes at
/// most `n_rows` slots a step.
std::int32_t window_pages(std::int32_t window, std::int32_t n_rows, std::int32_t n_slots);

}  // namespace mr::kv
