#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

/// Arithmetic on sizes that come from a file or a client: nothing wraps unnoticed.
namespace mr::checked {

/// a + b, or nothing where it does not fit.
template <typename T>
std::optional<T> add(T a, T b) {
  T sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// a * b, or nothing where it does not fit.
template <typename T>
std::optional<T> mul(T a, T b) {
  T product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// The smallest multiple of `alignment` (a power of two) that is at least `n`, or nothing.
template <typename T>
std::optional<T> align_up(T n, T alignment) {
  const auto padded = add<T>(n, alignment - 1);
  if (!padded) return std::nullopt;
  return *padded & ~(alignment - 1);
}

}  // namespace mr::checked
