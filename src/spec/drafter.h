#pragma once
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "kv/pool.h"
#include "kv/store.h"
#include "model/forward.h"
#include "sample/candidates.h"
#include "spec/proposer.h"

namespace mr::spec {

/// The text of one sequence in a drafter's cache.
struct CachedText {
  std::vector<std::int32_t> tokens;  ///< whose K and V stand in the slots of their positions
  std::vector<kv::PageId> pages;
  std::uint64_t last_use = 0;
};

/// A row that a drafter is to compute; see kern::Rows.
struct DraftRow {
  CachedText* text;
  std::int32_t token;
  std::int32_t pos;
  std::int32_t slot;
  std::int32_t context;
  std::vector<std::int32_t> path = {};  ///< slots after the context, its own last
  bool has_logits = true;               ///< they are wanted
};

/// A model that drafts, with a KV cache of its own.
struct Drafter {
  const model::Model* model = nullptr;  ///< outlives the drafter
  std::int32_t n_context = 0;           ///< positions that a text may have
  kv::Pool pool;
  kv::Store store;
  model::Workspace workspace;
  kern::Buffer page_list;
  std::unordered_map<std::uint64_t, CachedText> texts;  ///< by sequence
  std::uint64_t clock = 0;                              ///< of calls
  std::vector<float> logits;                            ///< of the last pass
  std::vector<sample::LogitRow> rows;                   ///< views of them
};

/// Errors: does_not_fit, bad_request for a type of cache that the device does not keep.
Expected<Drafter> make_drafter(const model::Model& model, const Room& room);

/// The text of a sequence with pages for `tokens`, of which it keeps what it began with so far, all
/// but the last at most. Null where there are no pages for them, see reserve. Errors: as of
/// reserve.
Expected<CachedText*> open_text(Drafter& drafter, std::uint64_t sequence,
                                std::span<const std::int32_t> tokens);

/// Pages for `n_slots` slots of a text. Where none are free, texts that were not opened since the
/// clock was last moved lose theirs; false where that is not enough.
/// Errors: does_not_fit, for want of memory of the device.
Expected<bool> reserve(Drafter& drafter, CachedText& text, std::int32_t n_slots);

/// Computes the first rows, as many as one pass takes, and returns how many: `drafter.rows` has the
/// logits of those of them that want any. Rows attend to earlier ones of the same text.
/// Errors: as of model::forward.
Expected<std::size_t> run_pass(Drafter& drafter, std::span<const DraftRow> rows);

/// Gives back what a sequence has.
void forget_text(Drafter& drafter, std::uint64_t sequence);

}  // namespace mr::spec
