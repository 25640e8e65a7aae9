#pragma once
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "kern/buffer.h"
#include "kv/seq.h"
#include "kv/store.h"
#include "sched/batch.h"

/// What the scheduler asks of the page memory, put on the device.
namespace mr::engine {

/// Device memory for the lists of the operations below; grows as they need.
struct PageLists {
  kern::Buffer integers;
};

/// Zeroes and copies pages of one kind, in that order. Errors: does_not_fit.
Expected<void> run(const kv::PageWork& work, const kv::Store& store, PageLists& lists,
                   const kern::Device& device);

/// Moves accepted rows of the step `batch` to the slots of their positions. Errors: does_not_fit.
Expected<void> run_moves(const sched::Settle& settle, const sched::Batch& batch,
                         const kv::Store& store, PageLists& lists, const kern::Device& device);

}  // namespace mr::engine
