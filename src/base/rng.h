#pragma once
#include <array>
#include <cstdint>

/// Counter-based random numbers: a value is a function of its key, so order and batch do not
/// matter.
namespace mr {

/// Philox4x32-10.
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t low = static_cast<std::uint64_t>(counter[0]) * 0xD2511F53U;
    const std::uint64_t high = static_cast<std::uint64_t>(counter[2]) * 0xCD9E8D57U;
    counter = {static_cast<std::uint32_t>(high >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(high),
               static_cast<std::uint32_t>(low >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(low)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

/// A number in (0, 1), never an end point, from 32 random bits.
inline float open_unit(std::uint32_t bits) {
  return (static_cast<float>(bits >> 9) + 0.5F) * 0x1p-23F;
}

/// A small sequential generator for tests and simulations (splitmix64).
struct Rng {
  std::uint64_t state = 0;
};

/// The next 64 random bits. Source: Steele et al., "Fast splittable PRNGs", OOPSLA 2014.
inline std::uint64_t next(Rng& rng) {
  std::uint64_t z = (rng.state += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// A number in [0, n), n > 0 (the bias of the multiply-shift is below n / 2^64).
inline std::uint64_t below(Rng& rng, std::uint64_t n) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next(rng)) * n) >> 64);
}

/// A double in [0, 1).
inline double unit(Rng& rng) {
  return static_cast<double>(next(rng) >> 11) * 0x1p-53;
}

}  // namespace mr
