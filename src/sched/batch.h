#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "kv/seq.h"
#include "sched/state.h"
#include "spec/draft.h"

namespace mr::sched {

/// Which arithmetic a row must have (docs/architecture.md, "Exactness").
enum class RowClass : std::uint8_t {
  bulk,   ///< of a prompt, or generated before and computed again
  exact,  ///< decode and tree rows; all rows when deterministic
};

/// How many draft nodes a step took, of those that were offered.
struct NodesTaken {
  std::int32_t n_offered = 0;
  std::int32_t n_taken = 0;
  float least_taken = 0;  ///< the lowest probability of one that was taken
  float best_left = 0;    ///< the highest of one that was not
};

/// One step: what the page memory needs first, then the rows. Everything is plain arrays.
///
/// Row r computes `token[r]` at position `pos[r]` of sequence `seq[r]` and writes K and V to
/// `slot[r]`. It attends to slots [0, context[r]), which are positions in order, then to the slots
/// path[path_begin[r]] to path[path_begin[r + 1]), which go on in order and end with its own unless
/// that is below the context already: context[r] + the path's length is pos[r] + 1 always.
/// The rows of a sequence are consecutive. Those of a decode are its draft's nodes, node 0 first.
struct Batch {
  std::array<kv::PageWork, kv::kKinds> work;  ///< by kind, before the rows: zero, then copy

  std::vector<std::int32_t> token;          ///< (n_rows)
  std::vector<std::int32_t> pos;            ///< (n_rows)
  std::vector<std::int32_t> seq;            ///< (n_rows) 0 to n_seqs - 1
  std::vector<std::int32_t> slot;           ///< (n_rows)
  std::vector<std::int32_t> context;        ///< (n_rows)
  std::vector<std::int32_t> path_begin{0};  ///< (n_rows + 1)
  std::vector<std::int32_t> path;
  std::vector<RowClass> row_class;       ///< (n_rows)
  std::vector<std::int32_t> logit_rows;  ///< rows whose logits are wanted, rising

  std::vector<TaskId> task;                  ///< (n_seqs)
  std::vector<RequestId> request;            ///< (n_seqs)
  std::vector<std::int32_t> choice;          ///< (n_seqs)
  std::vector<std::int32_t> row_begin{0};    ///< (n_seqs + 1) its rows
  std::vector<std::int32_t> logit_begin{0};  ///< (n_seqs + 1) its part of logit_rows
  std::vector<spec::Draft> draft;            ///< (n_seqs) empty where there is none

  NodesTaken nodes;
  std::int32_t max_pages = 0;
  std::array<std::vector<kv::PageId>, kv::kKinds> pages;  ///< by kind: (n_seqs, max_pages), kNoPage
                                                          ///< where there is none

  std::vector<Ended> ended;  ///< choices that ended before the step: no rows of theirs are in it
};

/// What the caller makes of a sequence's logits.
enum class Verdict : std::uint8_t {
  go_on,
  stop,    ///< its last token ends it
  failed,  ///< its logits are no numbers: nothing it computed is kept
};

/// What came out of a step, for each sequence of its batch.
///
/// A sequence with logits gives the tokens that were drawn along its draft: all but the last are
/// nodes, each a child of the one before. Without a draft, or where the first draw is no child of
/// node 0, that is one token. A sequence whose prompt goes on gives none, nor does one whose
/// request wants no new tokens.
struct Results {
  std::vector<Token> token;
  std::vector<std::int32_t> token_begin{0};  ///< (n_seqs + 1)
  std::vector<Verdict> verdict;              ///< (n_seqs)
};

/// What the page memory needs after a step and before the next: first the moves in order, then
/// zeroing. Sequences and slots are those of the batch's page lists; both kinds of page move.
struct Settle {
  std::vector<std::int32_t> move_seq;
  std::vector<std::int32_t> move_from;
  std::vector<std::int32_t> move_to;
  std::array<kv::PageWork, kv::kKinds> work;  ///< by kind; no copies
  std::vector<Ended> ended;
};

}  // namespace mr::sched
