#include "kern/simd/activate.h"
#include "kern/simd/avx2.h"
#include "kern/simd/parallel.h"
#include "kern/simd/quantize.h"
#include "kern/simd/vec8.h"

namespace mr::kern::avx2 {
namespace {

constexpr std::int64_t kGrain = 1 << 14;  // values that one thread does sooner than a team

/// Calls body(i, mask) for every 8 values of [begin, end).
template <typename Body>
void by_eight(std::int64_t begin, std::int64_t end, const Body& body) {
  for (std::int64_t i = begin; i < end; i += 8) body(i, first_lanes(end - i));
}

void norm_row(const RmsNormArgs& a, const float* x, float* y) {
  __m256 squares = _mm256_setzero_ps();
  by_eight(0, a.dim, [&](std::int64_t i, __m256i mask) {
    const __m256 values = _mm256_maskload_ps(x + i, mask);
    squares = _mm256_fmadd_ps(values, values, squares);
  });
  const float mean = lane_sum(squares) / static_cast<float>(a.dim);
  const __m256 rms = _mm256_sqrt_ps(_mm256_set1_ps(mean + a.eps));
  by_eight(0, a.dim, [&](std::int64_t i, __m256i mask) {
    const __m256 values = _mm256_div_ps(_mm256_maskload_ps(x + i, mask), rms);
    _mm256_maskstore_ps(y + i, mask, _mm256_mul_ps(values, _mm256_maskload_ps(a.weight + i, mask)));
  });
}

std::int64_t argmax_of(const float* x, std::int64_t n) {
  const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
  __m256 tops = lowest;
  by_eight(0, n, [&](std::int64_t i, __m256i mask) {
    const __m256 values =
        _mm256_blendv_ps(lowest, _mm256_maskload_ps(x + i, mask), _mm256_castsi256_ps(mask));
    tops = _mm256_max_ps(values, tops);  // in this order NaN is passed over
  });
  const float top = lane_max(tops);
  for (std::int64_t i = 0; i < n; ++i) {
    if (x[i] == top) return i;
  }
  return 0;
}

/// Scales and caps n logits; their largest, or NaN where one is not finite: 0 times that is NaN.
float finish_block(const ScaleCapArgs& a, float* logits, std::int64_t n, bool changes) {
  const __m256 scale = _mm256_set1_ps(a.scale);
  const __m256 cap = _mm256_set1_ps(a.softcap);
  const __m256 lowest = _mm256_set1_ps(-__builtin_inff());
  __m256 tops = lowest;
  __m256 zeros = _mm256_setzero_ps();
  by_eight(0, n, [&](std::int64_t i, __m256i mask) {
    __m256 x = _mm256_maskload_ps(logits + i, mask);
    if (changes) {
      x = _mm256_mul_ps(scale, x);
      if (a.softcap > 0) x = _mm256_mul_ps(cap, tanh8(_mm256_div_ps(x, cap)));
      _mm256_maskstore_ps(logits + i, mask, x);
    }
    zeros = _mm256_fmadd_ps(x, _mm256_setzero_ps(), zeros);
    tops = _mm256_max_ps(tops, _mm256_blendv_ps(lowest, x, _mm256_castsi256_ps(mask)));
  });
  return lane_sum(zeros) == 0.0F ? lane_max(tops) : __builtin_nanf("");
}

}  // namespace

void rms_norm(const Device& device, const RmsNormArgs& a) {
  const std::int64_t dim = a.dim;
  const std::int64_t stride = act_layout(dim).stride;
  shares(device, a.n_rows, kGrain / dim + 1, [&](std::int64_t r, std::int64_t end) {
    for (; r < end; ++r) {
      if (a.acts == nullptr) {
        norm_row(a, a.x + r * dim, a.y + r * dim);
        continue;
      }
      std::byte* row = a.acts + r * stride;
      norm_row(a, a.x + r * dim, act_part<float>(row, 0));
      quantize(row, dim, 0, dim);
    }
  });
}

void to_acts(const Device& device, const ToActsArgs& a) {
  const std::int64_t dim = a.dim;
  const std::int64_t stride = act_layout(dim).stride;
  shares(device, a.n_rows, kGrain / dim + 1, [&](std::int64_t r, std::int64_t end) {
    for (; r < end; ++r) {
      std::byte* row = a.acts + r * stride;
      __builtin_memcpy(row, a.x + r * dim, static_cast<std::size_t>(4 * dim));
      quantize(row, dim, 0, dim);
    }
  });
}

void act_mul(const Device& device, const ActMulArgs& a) {
  constexpr std::int64_t kColumns = 256;  // of a row that are activated and quantized together
  const std::int64_t dim = a.dim;
  const std::int64_t per_row = (dim + kColumns - 1) / kColumns;
  shares(device, a.n_rows * per_row, kGrain / 4 / kColumns, [&](std::int64_t i, std::int64_t last) {
    for (; i < last; ++i) {
      const std::int64_t begin = i % per_row * kColumns;
      activate_columns(a, i / per_row, begin, dim - begin < kColumns ? dim : begin + kColumns);
    }
  });
}

void spread(const Device& device, std::byte* acts, std::int64_t n_rows, std::int64_t dim) {
  const std::int64_t stride = act_layout(dim).stride;
  const auto* plain = reinterpret_cast<const float*>(acts);
  for (std::int64_t r = n_rows - 1; r > 0; --r) {  // downwards, so that none is overwritten early
    __builtin_memmove(acts + r * stride, plain + r * dim, static_cast<std::size_t>(4 * dim));
  }
  each(device, n_rows, [&](std::int64_t r) { quantize(acts + r * stride, dim, 0, dim); });
}

void combine(const Device& device, const CombineArgs& a) {
  const std::int64_t dim = a.dim;
  shares(device, a.n_rows, kGrain / (dim * a.n_used) + 1, [&](std::int64_t r, std::int64_t end) {
    for (; r < end; ++r) {
      by_eight(0, dim, [&](std::int64_t i, __m256i mask) {
        __m256 sum = _mm256_setzero_ps();
        for (std::int64_t j = r * a.n_used; j < (r + 1) * a.n_used; ++j) {
          const __m256 y = _mm256_maskload_ps(a.y + a.item[j] * dim + i, mask);
          sum = _mm256_fmadd_ps(_mm256_set1_ps(a.weight[j]), y, sum);
        }
        float* x = a.x + r * dim + i;
        _mm256_maskstore_ps(x, mask, _mm256_add_ps(_mm256_maskload_ps(x, mask), sum));
      });
    }
  });
}

void add(const Device& device, const AddArgs& a) {
  const __m256 scale = _mm256_set1_ps(a.scale);
  shares(device, a.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    by_eight(begin, end, [&](std::int64_t i, __m256i mask) {
      const __m256 x = _mm256_maskload_ps(a.x + i, mask);
      const __m256 y = _mm256_maskload_ps(a.y + i, mask);
      _mm256_maskstore_ps(a.x + i, mask, _mm256_fmadd_ps(y, scale, x));
    });
  });
}

void scale_cap(const Device& device, const ScaleCapArgs& a) {
  const bool changes = a.scale != 1.0F || a.softcap != 0;
  if (!changes && a.block_max == nullptr) return;
  const std::int64_t per_row = (a.dim + kLogitBlock - 1) / kLogitBlock;
  shares(device, a.n_rows * per_row, kGrain / kLogitBlock,
         [&](std::int64_t block, std::int64_t last) {
           for (; block < last; ++block) {
             const std::int64_t begin = block % per_row * kLogitBlock;
             const std::int64_t n = a.dim - begin < kLogitBlock ? a.dim - begin : kLogitBlock;
             const float top = finish_block(a, a.x + block / per_row * a.dim + begin, n, changes);
             if (a.block_max != nullptr) a.block_max[block] = top;
           }
         });
}

void argmax(const Device& device, const ArgmaxArgs& a) {
  const std::int64_t dim = a.dim;
  shares(device, a.n_rows, kGrain / dim + 1, [&](std::int64_t r, std::int64_t end) {
    for (; r < end; ++r) a.index[r] = static_cast<std::int32_t>(argmax_of(a.x + r * dim, dim));
  });
}

}  // namespace mr::kern::avx2
