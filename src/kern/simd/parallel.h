#pragma once
#include "kern/table.h"

/// Work spread over a device's team. Internal linkage, as everything that ISA folders include: a
/// template made with one folder's flags must not be the copy that another folder runs.
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

/// Calls body(part, n_parts) for every part, on the threads of the team.
template <typename Body>
void parts(const Device& device, const Body& body) {
  const Task task = [](void* arg, int part, int n_parts) {
    (*static_cast<const Body*>(arg))(part, n_parts);
  };
  void* arg = const_cast<Body*>(&body);
  if (device.run != nullptr) {
    device.run(device.team, task, arg);
  } else {
    task(arg, 0, 1);
  }
}

/// Calls body(i) for every i of [0, n), dealt out in turn.
template <typename Body>
void each(const Device& device, std::int64_t n, const Body& body) {
  if (n == 1) {
    body(0);
  } else if (n > 1) {
    parts(device, [&](int part, int n_parts) {
      for (std::int64_t i = part; i < n; i += n_parts) body(i);
    });
  }
}

/// Calls body(begin, end) for shares that cover [0, n), each but the last a multiple of `unit`.
/// What fits into one unit runs on the caller's thread.
template <typename Body>
void shares(const Device& device, std::int64_t n, std::int64_t unit, const Body& body) {
  const std::int64_t n_units = (n + unit - 1) / unit;
  if (n_units == 1) {
    body(std::int64_t{0}, n);
  } else if (n_units > 1) {
    parts(device, [&](int part, int n_parts) {
      const std::int64_t begin = n_units * part / n_parts * unit;
      const std::int64_t end = n_units * (part + 1) / n_parts * unit;
      if (begin < end) body(begin, end < n ? end : n);
    });
  }
}

}  // namespace
}  // namespace mr::kern
