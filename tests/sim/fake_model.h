#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "kv/page.h"
#include "sched/batch.h"

/// A model that makes every error of the page bookkeeping visible: the K and V of a position are
/// one number, mixed from all numbers it attends to in order, and so is what it draws from. A wrong
/// slot, order, page, copy, move or a slot left dirty changes the text.
namespace mr::sim {

using kv::Token;

/// One number that depends on both and on their order.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t x = (a ^ b) * 0x9E3779B97F4A7C15U;
  return (x ^ (x >> 29)) + (a << 7) + 0x632BE59BD9B4E019U;
}

/// What one position holds, and its K and V in the layers with a window.
struct Cell {
  std::uint64_t full;
  std::uint64_t window;
};

/// A cell from what it attends to: `full` folded over all earlier cells, `window` over the last.
inline Cell make_cell(std::uint64_t full, std::uint64_t window, Token token, std::int32_t pos) {
  const std::uint64_t own =
      mix(full, (static_cast<std::uint64_t>(token) << 32) + static_cast<std::uint64_t>(pos));
  return {own | 1, mix(window, own) | 1};  // never 0, which is an empty slot
}

/// What is drawn after a cell.
inline Token draw(const Cell& cell, bool windowed, std::uint64_t seed, std::int32_t n_vocab) {
  const std::uint64_t x = mix(mix(cell.full, windowed ? cell.window : 0), seed);
  return static_cast<Token>((x >> 17) % static_cast<std::uint64_t>(n_vocab));
}

/// The cells of one sequence alone: what a request would get with the machine to itself.
struct Plain {
  std::int32_t window;
  std::uint64_t folded = 0;
  std::vector<Cell> cells;
};

inline void append(Plain& plain, Token token) {
  std::uint64_t recent = 0;
  const std::size_t n = plain.cells.size();
  const auto window = static_cast<std::size_t>(plain.window);
  for (std::size_t i = n > window ? n - window : 0; window > 0 && i < n; ++i) {
    recent = mix(recent, plain.cells[i].window);
  }
  plain.cells.push_back(make_cell(plain.folded, recent, token, static_cast<std::int32_t>(n)));
  plain.folded = mix(plain.folded, plain.cells.back().full);
}

/// The memory of all pages, and the model that works on it.
struct Memory {
  std::int32_t window;
  std::array<std::vector<std::uint64_t>, kv::kKinds> slots;  ///< by kind (n_pages, 64)
};

/// Memory as it is found: not zero.
inline Memory make_memory(const kv::Pool& pool, std::int32_t window) {
  Memory memory{.window = window, .slots = {}};
  for (std::size_t kind = 0; kind < kv::kKinds; ++kind) {
    memory.slots[kind].assign(pool.kinds[kind].users.size() * kv::kPagePositions, 0xDEADU);
  }
  return memory;
}

inline void do_work(Memory& memory, const std::array<kv::PageWork, kv::kKinds>& work) {
  const auto at = [](kv::PageId page, std::int32_t row) {
    return static_cast<std::size_t>(page) * kv::kPagePositions + static_cast<std::size_t>(row);
  };
  for (std::size_t kind = 0; kind < kv::kKinds; ++kind) {
    std::vector<std::uint64_t>& slots = memory.slots[kind];
    for (std::size_t i = 0; i < work[kind].zero_page.size(); ++i) {
      for (std::int32_t row = work[kind].zero_begin[i]; row < kv::kPagePositions; ++row) {
        slots.at(at(work[kind].zero_page[i], row)) = 0;
      }
    }
    for (std::size_t i = 0; i < work[kind].copy_from.size(); ++i) {
      for (std::int32_t row = 0; row < work[kind].copy_rows[i]; ++row) {
        slots.at(at(work[kind].copy_to[i], row)) = slots.at(at(work[kind].copy_from[i], row));
      }
    }
  }
}

/// Where slot `slot` of sequence `seq` of the batch is; throws where it has no page.
inline std::uint64_t& slot_of(Memory& memory, const sched::Batch& batch, std::size_t kind,
                              std::int32_t seq, std::int32_t slot) {
  const std::int32_t page = slot / kv::kPagePositions;
  if (page >= batch.max_pages) throw std::out_of_range("a slot behind the pages");
  const auto line = static_cast<std::size_t>(seq) * static_cast<std::size_t>(batch.max_pages);
  const kv::PageId id = batch.pages[kind].at(line + static_cast<std::size_t>(page));
  return memory.slots[kind].at(static_cast<std::size_t>(id) * kv::kPagePositions +
                               static_cast<std::size_t>(slot % kv::kPagePositions));
}

/// Moves and zeroing after a commit, with the batch's page lists.
inline void do_settle(Memory& memory, const sched::Batch& batch, const sched::Settle& settle) {
  const std::size_t n_kinds = memory.window > 0 ? 2 : 1;
  for (std::size_t i = 0; i < settle.move_seq.size(); ++i) {
    for (std::size_t kind = 0; kind < n_kinds; ++kind) {
      slot_of(memory, batch, kind, settle.move_seq[i], settle.move_to[i]) =
          slot_of(memory, batch, kind, settle.move_seq[i], settle.move_from[i]);
    }
  }
  do_work(memory, settle.work);
}

/// Slots that the batch's sequences have but nothing was computed for must be zero. Returns how
/// many are not.
inline std::int32_t n_dirty(Memory& memory, const sched::Batch& batch) {
  std::int32_t n = 0;
  const std::size_t n_kinds = memory.window > 0 ? 2 : 1;
  for (std::size_t seq = 0; seq < batch.task.size(); ++seq) {
    const std::int32_t first = batch.slot[static_cast<std::size_t>(batch.row_begin[seq])];
    for (std::size_t kind = 0; kind < n_kinds; ++kind) {
      for (std::int32_t slot = first; slot < batch.max_pages * kv::kPagePositions; ++slot) {
        const auto line = seq * static_cast<std::size_t>(batch.max_pages);
        const auto page = static_cast<std::size_t>(slot / kv::kPagePositions);
        if (batch.pages[kind][line + page] == kv::kNoPage) break;
        if (slot_of(memory, batch, kind, static_cast<std::int32_t>(seq), slot) != 0) ++n;
      }
    }
  }
  return n;
}

/// One row: what it attends to, folded. `before` holds, from slot `first` on, what all slots below
/// fold to; it grows by the row's own.
inline Cell run_row(Memory& memory, const sched::Batch& batch, std::size_t row, std::int32_t first,
                    std::vector<std::uint64_t>& before) {
  const auto path =
      std::span(batch.path)
          .subspan(static_cast<std::size_t>(batch.path_begin[row]),
                   static_cast<std::size_t>(batch.path_begin[row + 1] - batch.path_begin[row]));
  const std::int32_t pos = batch.pos[row];
  const std::int32_t context = batch.context[row];
  const std::int32_t seq = batch.seq[row];
  const auto attended = [&](std::int32_t i) {
    return i < context ? i : path[static_cast<std::size_t>(i - context)];
  };
  if (context + static_cast<std::int32_t>(path.size()) != pos + 1 ||
      attended(pos) != batch.slot[row]) {
    throw std::out_of_range("a row that does not attend to its own past");
  }
  const std::int32_t n_plain = std::min(context, pos);
  std::uint64_t full = before.at(static_cast<std::size_t>(n_plain - first));
  for (std::int32_t i = n_plain; i < pos; ++i) {
    full = mix(full, slot_of(memory, batch, 0, seq, attended(i)));
  }
  std::uint64_t recent = 0;
  for (std::int32_t i = std::max(0, pos - memory.window); i < pos && memory.window > 0; ++i) {
    recent = mix(recent, slot_of(memory, batch, 1, seq, attended(i)));
  }
  const Cell cell = make_cell(full, recent, batch.token[row], pos);
  slot_of(memory, batch, 0, seq, batch.slot[row]) = cell.full;
  if (memory.window > 0) slot_of(memory, batch, 1, seq, batch.slot[row]) = cell.window;
  before.push_back(mix(before.back(), cell.full));
  return cell;
}

/// The forward pass: the cells of the batch's logit rows.
inline std::vector<Cell> forward(Memory& memory, const sched::Batch& batch) {
  std::vector<Cell> cells;
  std::vector<std::uint64_t> before;
  for (std::size_t seq = 0; seq < batch.task.size(); ++seq) {
    const auto begin = static_cast<std::size_t>(batch.row_begin[seq]);
    const auto end = static_cast<std::size_t>(batch.row_begin[seq + 1]);
    const std::int32_t first = batch.slot[begin];
    before.assign(1, 0);
    for (std::int32_t slot = 0; slot < first; ++slot) {
      before[0] = mix(before[0], slot_of(memory, batch, 0, static_cast<std::int32_t>(seq), slot));
    }
    for (std::size_t row = begin; row < end; ++row) {
      if (batch.slot[row] != first + static_cast<std::int32_t>(row - begin)) {
        throw std::out_of_range("rows of a sequence out of order");
      }
      const Cell cell = run_row(memory, batch, row, first, before);
      if (cells.size() < batch.logit_rows.size() &&
          batch.logit_rows[cells.size()] == static_cast<std::int32_t>(row)) {
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace mr::sim
