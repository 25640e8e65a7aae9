#pragma once
#include <immintrin.h>

#include "kern/simd/acts.h"
#include "kern/simd/result.h"

/// Products of BF16 weights and activations on a matrix unit T. A tile is 16 lines of 64 bytes: of
/// activations as the rows stand, of weights as a strip's stream does, so nothing is moved first.
/// A step multiplies two tiles of rows with two strips, 32 values of K deep. A sum takes K in
/// ascending order in one fp32 chain, whatever rows are beside it.
///
/// T has eight tiles: 0 to 3 hold sums, 4 and 5 activations, 6 and 7 weights.
///     start(rows)        before anything else on a thread: tiles 0 to 5 have so many rows
///     stop()             nothing more on this thread
///     zero<N>()          load<N>(from, stride)     load_once<N>: the same, not to stay in L1
///     store<N>(to)       64 bytes a row, one after the other
///     dot<C, A, B>()     C += A * B
namespace mr::kern {
namespace {  // NOLINT(cert-dcl59-cpp): a copy for every ISA folder

inline constexpr std::int64_t kTileRows = 16;
inline constexpr std::int64_t kTileDepth = 32;      // values of K in a tile
inline constexpr std::int64_t kTileBytes = 1024;    // of weights
inline constexpr std::int64_t kFewTileRows = 32;    // whose sums stay in tiles for all of K
inline constexpr std::int64_t kTilePassRows = 512;  // that share what is read of the weights
inline constexpr std::int64_t kTilePanel = 512;     // values of K whose weights stay in the cache
inline constexpr std::int64_t kTileStrips = 8;      // strips that share what is read of the rows

/// The first row of tile `t` of n: two tiles a step; where n is no multiple, the last ones begin
/// earlier and compute some rows again.
inline std::int64_t tile_row(std::int64_t n, std::int64_t t) {
  if (n <= kTileRows) return 0;
  if (n < 2 * kTileRows) return t == 0 ? 0 : n - kTileRows;
  const std::int64_t first = t / 2 * 2 * kTileRows;
  const std::int64_t last = n - 2 * kTileRows;
  return (first < last ? first : last) + t % 2 * kTileRows;
}

/// Weights that are needed next, asked for a few lines with every step.
struct TileAhead {
  const std::byte* from = nullptr;   ///< of the first strip
  std::int64_t strip_bytes = 0;      ///< to the next strip
  std::int64_t bytes = 0;            ///< of each
  std::int64_t n_strips = 0;         ///< left
  std::int64_t n_lines_of_step = 0;  ///< lines asked for at a time
  std::int64_t at = 0;

  void ask() {
    for (std::int64_t i = 0; i < n_lines_of_step && n_strips > 0; ++i) {
      _mm_prefetch(from + at, _MM_HINT_T1);
      at += 64;
      if (at < bytes) continue;
      at = 0;
      from += strip_bytes;
      --n_strips;
    }
  }
};

/// What one step after the other reads: two tiles of rows and two strips, from some K on.
struct TileStreams {
  const std::byte* acts[2];
  std::int64_t act_stride;
  const std::byte* weights[2];
};

/// Asks for both streams of weights into L2, and a little ahead into L1.
inline void ask_streams(const TileStreams& s, std::int64_t step, unsigned n_strips) {
  for (unsigned j = 0; j < n_strips; ++j) {
    const std::byte* line = s.weights[j] + step * kTileBytes;
    for (std::int64_t i = 0; i < kTileBytes; i += 64) {
      _mm_prefetch(line + i + 4096, _MM_HINT_T1);
      _mm_prefetch(line + i + 512, _MM_HINT_T0);
    }
  }
}

/// Adds `n` steps to the sums in the tiles.
template <class T, unsigned kBlocks, unsigned kStrips, bool kMany>
void tile_steps(const TileStreams& s, std::int64_t n, TileAhead& ahead) {
  for (std::int64_t i = 0; i < n; ++i) {
    T::template load_once<4>(s.acts[0] + 64 * i, s.act_stride);
    if constexpr (kBlocks == 2) T::template load_once<5>(s.acts[1] + 64 * i, s.act_stride);
    T::template load<6>(s.weights[0] + kTileBytes * i, 64);
    T::template dot<0, 4, 6>();
    if constexpr (kBlocks == 2) T::template dot<2, 5, 6>();
    if constexpr (kStrips == 2) {
      T::template load<7>(s.weights[1] + kTileBytes * i, 64);
      T::template dot<1, 4, 7>();
      if constexpr (kBlocks == 2) T::template dot<3, 5, 7>();
    }
    if constexpr (kMany) {
      ahead.ask();
    } else {
      ask_streams(s, i, kStrips);
    }
  }
}

/// Sums of two tiles of rows, of one strip.
using TileSums = float[2][kTileRows * kStrip];

/// Steps over sums that are kept in memory between panels; none are there before the first.
template <class T, unsigned kBlocks, unsigned kStrips, bool kMany>
void tile_panel(const TileStreams& s, std::int64_t n, bool first, TileSums* sums,
                TileAhead& ahead) {
  const auto each_sum = [&](const auto& body) {
    body.template operator()<0>(sums[0][0]);
    if constexpr (kBlocks == 2) body.template operator()<2>(sums[0][1]);
    if constexpr (kStrips == 2) body.template operator()<1>(sums[1][0]);
    if constexpr (kBlocks == 2 && kStrips == 2) body.template operator()<3>(sums[1][1]);
  };
  if (first) {
    each_sum([]<int N>(const float*) { T::template zero<N>(); });
  } else {
    each_sum([]<int N>(const float* from) { T::template load<N>(from, 64); });
  }
  tile_steps<T, kBlocks, kStrips, kMany>(s, n, ahead);
  each_sum([]<int N>(float* to) { T::template store<N>(to); });
}

/// The rows of a pass and the strips of a group, between which sums are kept.
template <class T>
struct TilePass {
  const GemmArgs& a;
  std::int64_t row;               ///< the first
  std::int64_t n_rows;            ///< at most kTilePassRows
  TileSums (*sums)[kTileStrips];  ///< of every two tiles of rows
  ActLayout layout = act_layout(a.weight.n_in);
  std::int64_t strip_bytes = layout.padded * kStrip * 2;

  std::int64_t n_pairs() const { return (n_rows + 2 * kTileRows - 1) / (2 * kTileRows); }

  const std::byte* weights(std::int64_t strip, std::int64_t k) const {
    return static_cast<const std::byte*>(a.weight.data) + strip * strip_bytes + k * kStrip * 2;
  }

  /// All rows and `n_strips` strips, from k to end.
  template <bool kMany>
  void panel(std::int64_t strip, std::int64_t n_strips, std::int64_t k, std::int64_t end,
             TileAhead& ahead) {
    const std::int64_t n = (end - k) / kTileDepth;
    for (std::int64_t pair = 0; pair < n_pairs(); ++pair) {
      TileStreams s{};
      s.act_stride = layout.stride;
      for (std::int64_t t = 0; t < 2; ++t) {
        const std::int64_t first = row + tile_row(n_rows, 2 * pair + t);
        s.acts[t] = a.acts + first * layout.stride + layout.b + 2 * k;
      }
      for (std::int64_t j = 0; j < n_strips; j += 2) {
        const bool two = j + 1 < n_strips;
        s.weights[0] = weights(strip + j, k);
        s.weights[1] = weights(strip + j + (two ? 1 : 0), k);
        const auto run = n_rows <= kTileRows
                             ? (two ? tile_panel<T, 1, 2, kMany> : tile_panel<T, 1, 1, kMany>)
                             : (two ? tile_panel<T, 2, 2, kMany> : tile_panel<T, 2, 1, kMany>);
        run(s, n, k == 0, sums[pair] + j, ahead);
      }
    }
  }

  /// What comes after the panel of these strips that ends at `k`: the next one of theirs, or the
  /// first one of the strips up to `end`.
  TileAhead after(std::int64_t strip, std::int64_t n_strips, std::int64_t k,
                  std::int64_t end) const {
    TileAhead next{.strip_bytes = strip_bytes};
    const bool more = k < layout.padded;
    const std::int64_t left = more ? layout.padded - k : layout.padded;
    next.bytes = (left < kTilePanel ? left : kTilePanel) * kStrip * 2;
    next.from = more ? weights(strip, k) : weights(strip + n_strips, 0);
    next.n_strips = more ? n_strips : end - strip - n_strips;
    if (next.n_strips > kTileStrips) next.n_strips = kTileStrips;
    const std::int64_t n_steps = n_pairs() * ((n_strips + 1) / 2) * (kTilePanel / kTileDepth);
    next.n_lines_of_step = (next.n_strips * next.bytes / 64 + n_steps - 1) / n_steps;
    return next;
  }

  void finish(std::int64_t strip, std::int64_t n_strips) const {
    std::int64_t done = 0;
    for (std::int64_t t = 0; done < n_rows; ++t) {
      const std::int64_t first = tile_row(n_rows, t);
      for (std::int64_t i = done - first; i < kTileRows && done < n_rows; ++i, ++done) {
        for (std::int64_t j = 0; j < n_strips; ++j) {
          end_row(a, row + done, (strip + j) * kStrip, sums[t / 2][j][t % 2] + i * kStrip);
        }
      }
    }
  }

  void run(std::int64_t strip, std::int64_t end) {
    const bool many = n_rows > kFewTileRows;
    const std::int64_t group = many ? kTileStrips : 2;
    T::start(n_rows < kTileRows ? n_rows : kTileRows);
    for (; strip < end; strip += group) {
      const std::int64_t n_strips = end - strip < group ? end - strip : group;
      TileAhead ahead;
      if (!many) panel<false>(strip, n_strips, 0, layout.padded, ahead);
      for (std::int64_t k = 0; many && k < layout.padded; k += kTilePanel) {
        const std::int64_t next = k + kTilePanel < layout.padded ? k + kTilePanel : layout.padded;
        ahead = after(strip, n_strips, next, end);
        panel<true>(strip, n_strips, k, next, ahead);
      }
      finish(strip, n_strips);
    }
    T::stop();
  }
};

/// Strips [strip, end) of a product with BF16 weights.
template <class T>
void tile_strips(const GemmArgs& a, std::int64_t strip, std::int64_t end) {
  alignas(64) TileSums sums[kTilePassRows / (2 * kTileRows)][kTileStrips];
  for (std::int64_t row = 0; row < a.n_rows; row += kTilePassRows) {
    const std::int64_t left = a.n_rows - row;
    const std::int64_t n = left < kTilePassRows ? left : kTilePassRows;
    TilePass<T> pass{.a = a, .row = row, .n_rows = n, .sums = sums};
    pass.run(strip, end);
  }
}

}  // namespace
}  // namespace mr::kern
