#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "kern/table.h"

namespace mr::kern {

/// What passes over a model asked of a device.
struct Work {
  std::array<double, kDTypeCount> weight_macs{};  ///< by type: rows times elements of matrices
  double attention_macs = 0;
  double weight_bytes = 0;  ///< packed, each matrix once an operation
  double kv_bytes = 0;      ///< of the positions attended to, once a row
};

/// A device with the layouts of another that has no memory and computes nothing: it counts. A model
/// loaded on it tells what it would take, a forward pass what it would cost, whatever the
/// architecture.
struct Counter {
  Table table;
  Device device;                ///< with that table; `team` is this counter
  std::size_t bytes = 0;        ///< allocated and not released
  std::int64_t n_attended = 0;  ///< set before a pass: positions that every row attends to
  Work work;
};

/// A counter with the layouts of `like`. What is made on its device must not outlive it.
std::unique_ptr<Counter> make_counter(const Table& like);

}  // namespace mr::kern
