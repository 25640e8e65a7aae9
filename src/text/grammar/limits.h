#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

/// What a grammar that a client sent may cost.
namespace mr::text::grammar {

struct Limits {
  std::size_t source_bytes = std::size_t{256} << 10;  ///< of a schema or a grammar
  std::int32_t depth = 64;                            ///< of a schema, or of groups
  std::size_t enums = 4096;                           ///< values of one enum
  std::int32_t ref_hops = 256;                        ///< references in a row
  std::size_t pattern_bytes = 1024;                   ///< of a regular expression
  std::int32_t repeats = 1000;                        ///< a quantifier of one
  double compile_s = 2;
  std::size_t compile_bytes = std::size_t{256} << 20;
  std::size_t cache_bytes = std::size_t{64} << 20;  ///< of compiled grammars kept for later
};

/// What one compilation has used. Everything that grows asks `take` first; once it has said no it
/// says no to everything, so that loops may simply end and the compilation looks once, at its end.
struct Meter {
  using Clock = std::chrono::steady_clock;

  Limits limits = {};
  Clock::time_point deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                  std::chrono::duration<double>(limits.compile_s));
  std::size_t bytes = 0;
  std::uint32_t calls = 0;
  bool late = false;
  bool large = false;
};

inline bool is_over(const Meter& meter) {
  return meter.late || meter.large;
}

/// Whether `bytes` more may be used.
inline bool take(Meter& meter, std::size_t bytes) {
  constexpr std::uint32_t kLook = 1024;  // calls between two looks at the clock
  meter.bytes += bytes;
  meter.large = meter.large || meter.bytes > meter.limits.compile_bytes;
  if (++meter.calls % kLook == 0) meter.late = meter.late || Meter::Clock::now() > meter.deadline;
  return !is_over(meter);
}

}  // namespace mr::text::grammar
