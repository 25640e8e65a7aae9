#include "kern/simd/avx2.h"
#include "kern/simd/decode.h"
#include "kern/simd/parallel.h"
#include "kern/simd/vec8.h"

// A result is the sum over lanes of one fp32 chain per lane, K ascending, whatever the number of
// rows: a few rows take the weights from memory straight into registers, more rows share panels of
// decoded columns, and both give the same bits. Decoded weights are exact in both.
namespace mr::kern::avx2 {
namespace {

constexpr std::int64_t kBlock = 32;   // weights that are loaded together
constexpr std::int64_t kFewRows = 4;  // up to here panels do not pay
constexpr std::int64_t kRows = 64;    // rows that share a decoded panel
constexpr std::int64_t kColumns = 8;  // of a panel, and the unit of work
constexpr std::int64_t kDepth = 512;  // of a panel: 16 KB with its 8 columns
static_assert(kDepth % 256 == 0);     // the longest block of any type

// How 32 weights of a row become four vectors, and the 8 or fewer at its end one. kStreams columns
// go together for one row: 8 hide the latency of decoding (Q8_0 1.37 times 4, Q4_0 1.14), plain
// types are at memory speed with 4 and lose a tenth with 8.
template <typename Load>
struct Plain {
  static constexpr std::int64_t kBytes = kBlock * Load::kBytes;
  static constexpr unsigned kStreams = 4;
  static void load(const std::byte* from, __m256* w) {
    for (std::int64_t j = 0; j < 4; ++j) w[j] = Load::at(from + 8 * j * Load::kBytes);
  }
  static __m256 tail(const std::byte* from, std::int64_t n) {
    alignas(32) std::byte padded[8 * Load::kBytes] = {};
    for (std::int64_t i = 0; i < n * Load::kBytes; ++i) padded[i] = from[i];
    return Load::at(padded);
  }
};

__m256 scale_of(const std::byte* block) {
  return _mm256_set1_ps(_cvtsh_ss(*reinterpret_cast<const std::uint16_t*>(block)));
}

__m256 scaled(__m128i bytes, __m256 scale) {
  return _mm256_mul_ps(scale, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)));
}

struct Q8 {
  static constexpr std::int64_t kBytes = 34;
  static constexpr unsigned kStreams = 8;
  static void load(const std::byte* from, __m256* w) {
    const __m256 scale = scale_of(from);
    for (std::int64_t j = 0; j < 4; ++j) {
      w[j] = scaled(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + 2 + 8 * j)), scale);
    }
  }
  static __m256 tail(const std::byte*, std::int64_t) { return _mm256_setzero_ps(); }
};

struct Q4 {
  static constexpr std::int64_t kBytes = 18;
  static constexpr unsigned kStreams = 8;
  static void load(const std::byte* from, __m256* w) {
    const __m256 scale = scale_of(from);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2));
    const __m128i mask = _mm_set1_epi8(15);
    const __m128i eight = _mm_set1_epi8(8);
    const __m128i low = _mm_sub_epi8(_mm_and_si128(bytes, mask), eight);
    const __m128i high = _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), mask), eight);
    w[0] = scaled(low, scale);
    w[1] = scaled(_mm_srli_si128(low, 8), scale);
    w[2] = scaled(high, scale);
    w[3] = scaled(_mm_srli_si128(high, 8), scale);
  }
  static __m256 tail(const std::byte*, std::int64_t) { return _mm256_setzero_ps(); }
};

/// Ends the chains of one result.
void finish(const GemmArgs& a, std::int64_t row, std::int64_t out, __m256 chains) {
  float sum = lane_sum(chains);
  if (a.bias != nullptr) sum += a.bias[out];
  float& y = a.y[row * a.weight.n_out + out];
  y = a.accumulate ? y + sum : sum;
}

const float* acts_of(const GemmArgs& a, std::int64_t row) {
  return reinterpret_cast<const float*>(a.acts) + row * a.weight.n_in;
}

/// R rows by C columns with the weights straight from memory.
template <typename Type, unsigned R, unsigned C>
void direct_block(const GemmArgs& a, std::int64_t out) {
  const std::int64_t n_in = a.weight.n_in;
  const std::int64_t whole = n_in / kBlock * kBlock;
  const std::int64_t row_bytes_in =
      static_cast<std::int64_t>(row_bytes(a.weight.type, static_cast<std::uint64_t>(n_in)));
  const std::byte* w = static_cast<const std::byte*>(a.weight.data) + out * row_bytes_in;
  __m256 sum[R][C];
  for (auto& row : sum) {
    for (__m256& chains : row) chains = _mm256_setzero_ps();
  }
  for (std::int64_t k = 0; k < whole; k += kBlock, w += Type::kBytes) {
    for (unsigned c = 0; c < C; ++c) {
      __m256 values[4];
      Type::load(w + c * row_bytes_in, values);
      for (unsigned r = 0; r < R; ++r) {
        for (int j = 0; j < 4; ++j) {
          const __m256 x = _mm256_loadu_ps(acts_of(a, r) + k + 8 * j);
          sum[r][c] = _mm256_fmadd_ps(values[j], x, sum[r][c]);
        }
      }
    }
  }
  for (std::int64_t k = whole; k < n_in; k += 8) {  // only plain types come here
    const std::int64_t n = n_in - k < 8 ? n_in - k : 8;
    for (unsigned c = 0; c < C; ++c) {
      const __m256 values =
          Type::tail(w + c * row_bytes_in + (k - whole) * (Type::kBytes / kBlock), n);
      for (unsigned r = 0; r < R; ++r) {
        const __m256 x = _mm256_maskload_ps(acts_of(a, r) + k, first_lanes(n));
        sum[r][c] = _mm256_fmadd_ps(values, x, sum[r][c]);
      }
    }
  }
  for (unsigned r = 0; r < R; ++r) {
    for (unsigned c = 0; c < C; ++c) finish(a, r, out + c, sum[r][c]);
  }
}

template <typename Type, unsigned R, unsigned C>
void direct_columns(const GemmArgs& a, std::int64_t out, std::int64_t end) {
  for (; out + C <= end; out += C) direct_block<Type, R, C>(a, out);
  for (; out < end; ++out) direct_block<Type, R, 1>(a, out);
}

template <typename Type>
void direct(const GemmArgs& a, std::int64_t out, std::int64_t end) {
  static_assert(kFewRows == 4);
  switch (a.n_rows) {
    case 1:
      return direct_columns<Type, 1, Type::kStreams>(a, out, end);
    case 2:
      return direct_columns<Type, 2, 4>(a, out, end);
    case 3:
      return direct_columns<Type, 3, 2>(a, out, end);
    default:
      return direct_columns<Type, 4, 2>(a, out, end);
  }
}

/// Columns of weights as floats, and the chains of the rows that use them.
struct Panel {
  alignas(64) float weight[kColumns][kDepth];
  __m256 sum[kRows][kColumns];
};

/// Decodes the 32 weights at a time of one column.
template <typename Type>
void fill_column(const std::byte* from, std::int64_t n, float* to) {
  std::int64_t k = 0;
  for (; k + kBlock <= n; k += kBlock, from += Type::kBytes) {
    __m256 values[4];
    Type::load(from, values);
    for (std::int64_t j = 0; j < 4; ++j) _mm256_store_ps(to + k + 8 * j, values[j]);
  }
  for (; k < n; k += 8, from += 8 * (Type::kBytes / kBlock)) {
    _mm256_store_ps(to + k, Type::tail(from, n - k < 8 ? n - k : 8));
  }
}

void fill_column(DType type, const std::byte* from, std::int64_t n, float* to) {
  switch (type) {
    case DType::f32:
      return fill_column<Plain<LoadF32>>(from, n, to);
    case DType::f16:
      return fill_column<Plain<LoadF16>>(from, n, to);
    case DType::bf16:
      return fill_column<Plain<LoadBf16>>(from, n, to);
    case DType::q8_0:
      return fill_column<Q8>(from, n, to);
    case DType::q4_0:
      return fill_column<Q4>(from, n, to);
    default:
      ref::decode(type, from, to, static_cast<std::size_t>(n));
      for (std::int64_t k = n; k % 8 != 0; ++k) to[k] = 0;
  }
}

/// R rows by 4 columns over `n` of the panel's depth, x the first row at that depth.
template <unsigned R>
void panel_block(Panel& panel, std::int64_t row, std::int64_t column, const float* x,
                 std::int64_t stride, std::int64_t n) {
  __m256 sum[R][4];
  for (unsigned r = 0; r < R; ++r) {
    for (unsigned c = 0; c < 4; ++c) sum[r][c] = panel.sum[row + r][column + c];
  }
  const auto step = [&](std::int64_t k, auto load) {
    __m256 values[R];
    for (unsigned r = 0; r < R; ++r) values[r] = load(x + r * stride + k);
    for (unsigned c = 0; c < 4; ++c) {
      const __m256 weight = _mm256_load_ps(&panel.weight[column + c][k]);
      for (unsigned r = 0; r < R; ++r) sum[r][c] = _mm256_fmadd_ps(weight, values[r], sum[r][c]);
    }
  };
  std::int64_t k = 0;
  for (; k + 8 <= n; k += 8) step(k, [](const float* from) { return _mm256_loadu_ps(from); });
  if (k < n) {
    const __m256i mask = first_lanes(n - k);
    step(k, [mask](const float* from) { return _mm256_maskload_ps(from, mask); });
  }
  for (unsigned r = 0; r < R; ++r) {
    for (unsigned c = 0; c < 4; ++c) panel.sum[row + r][column + c] = sum[r][c];
  }
}

/// Up to kRows rows from `row` on by up to kColumns columns from `out` on.
void panel_rows(const GemmArgs& a, Panel& panel, std::int64_t row, std::int64_t n_rows,
                std::int64_t out, std::int64_t n_columns) {
  const std::int64_t n_in = a.weight.n_in;
  const TypeTraits type = traits(a.weight.type);
  const std::int64_t row_bytes_in = n_in / type.block * type.block_bytes;
  const auto* w = static_cast<const std::byte*>(a.weight.data) + out * row_bytes_in;
  for (std::int64_t r = 0; r < n_rows; ++r) {
    for (__m256& chains : panel.sum[r]) chains = _mm256_setzero_ps();
  }
  for (std::int64_t k = 0; k < n_in; k += kDepth) {
    const std::int64_t n = n_in - k < kDepth ? n_in - k : kDepth;
    for (std::int64_t c = 0; c < n_columns; ++c) {
      fill_column(a.weight.type, w + c * row_bytes_in + k / type.block * type.block_bytes, n,
                  panel.weight[c]);
    }
    const float* x = acts_of(a, row) + k;
    for (std::int64_t r = 0; r < n_rows; r += 3, x += 3 * n_in) {
      for (std::int64_t c = 0; c < n_columns; c += 4) {
        switch (n_rows - r) {
          case 1:
            panel_block<1>(panel, r, c, x, n_in, n);
            break;
          case 2:
            panel_block<2>(panel, r, c, x, n_in, n);
            break;
          default:
            panel_block<3>(panel, r, c, x, n_in, n);
        }
      }
    }
  }
  for (std::int64_t r = 0; r < n_rows; ++r) {
    for (std::int64_t c = 0; c < n_columns; ++c) finish(a, row + r, out + c, panel.sum[r][c]);
  }
}

void panels(const GemmArgs& a, std::int64_t out, std::int64_t end) {
  Panel panel;
  for (auto& column : panel.weight) {
    for (float& weight : column) weight = 0;  // columns beyond the last are multiplied too
  }
  for (; out < end; out += kColumns) {
    const std::int64_t n_columns = end - out < kColumns ? end - out : kColumns;
    for (std::int64_t row = 0; row < a.n_rows; row += kRows) {
      const std::int64_t left = a.n_rows - row;
      panel_rows(a, panel, row, left < kRows ? left : kRows, out, n_columns);
    }
  }
}

void columns(const GemmArgs& a, std::int64_t out, std::int64_t end) {
  if (a.n_rows > kFewRows) return panels(a, out, end);
  switch (a.weight.type) {
    case DType::f32:
      return direct<Plain<LoadF32>>(a, out, end);
    case DType::f16:
      return direct<Plain<LoadF16>>(a, out, end);
    case DType::bf16:
      return direct<Plain<LoadBf16>>(a, out, end);
    case DType::q8_0:
      return direct<Q8>(a, out, end);
    case DType::q4_0:
      return direct<Q4>(a, out, end);
    default:
      return panels(a, out, end);
  }
}

}  // namespace

void gemm(const Device& device, const GemmArgs& a) {
  if (a.n_rows == 0) return;
  shares(device, a.weight.n_out, kColumns,
         [&](std::int64_t out, std::int64_t end) { columns(a, out, end); });
}

}  // namespace mr::kern::avx2
