#pragma once
#include <cstddef>
#include <cstdint>

namespace mr::text::jinja {

/// What a template may use. A template is foreign code: whatever it does ends within these.
struct Limits {
  std::size_t source_bytes = std::size_t{1} << 20;    ///< of the template
  std::uint64_t steps = 1'000'000;                    ///< nodes evaluated and items visited
  int depth = 64;                                     ///< of nesting in the source, and of calls
  std::size_t output_bytes = std::size_t{8} << 20;    ///< of the result, and of any one string
  std::size_t memory_bytes = std::size_t{256} << 20;  ///< of all values made while rendering
  double seconds = 1.5;  ///< of rendering: with parsing and the rest, two in all
};

}  // namespace mr::text::jinja
