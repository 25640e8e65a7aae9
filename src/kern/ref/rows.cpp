#include <algorithm>
#include <cmath>
#include <limits>

#include "kern/ref/decode.h"
#include "kern/ref/ref.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {
namespace {

constexpr std::int64_t kGrain = 1 << 14;  // values that one thread does sooner than a team

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::gelu_tanh: {
      constexpr double kSqrt2OverPi = 0.797884560802865355880;
      return 0.5 * x * (1.0 + std::tanh(kSqrt2OverPi * (x + 0.044715 * x * x * x)));
    }
    case Activation::swiglu_clamped:
      break;
  }
  return 0;
}

double swiglu_clamped(const ActMulArgs& a, std::int64_t i) {
  const double limit = a.limit;
  const double gate = std::min<double>(a.gate[i], limit);
  const double up = std::clamp<double>(a.up[i], -limit, limit);
  return gate / (1.0 + std::exp(-static_cast<double>(a.alpha) * gate)) * (up + 1.0);
}

}  // namespace

void embed(const Device& device, const EmbedArgs& a) {
  const std::int64_t dim = a.table.n_in;
  const auto* table = static_cast<const std::byte*>(a.table.data);
  const auto bytes = static_cast<std::int64_t>(packed_bytes(a.table.type, 1, dim));
  each(device, a.n_rows, [&](std::int64_t r) {
    float* x = a.x + r * dim;
    decode(a.table.type, table + a.token[r] * bytes, x, static_cast<std::size_t>(dim));
    for (std::int64_t i = 0; i < dim; ++i) x[i] *= a.scale;
  });
}

void rms_norm(const Device& device, const RmsNormArgs& a) {
  const std::int64_t dim = a.dim;
  float* to = a.acts != nullptr ? reinterpret_cast<float*>(a.acts) : a.y;
  shares(device, a.n_rows, std::max<std::int64_t>(1, kGrain / dim),
         [&](std::int64_t r, std::int64_t end) {
           for (; r < end; ++r) {
             const float* x = a.x + r * dim;
             double squares = 0;
             for (std::int64_t i = 0; i < dim; ++i) squares += static_cast<double>(x[i]) * x[i];
             const double factor =
                 1.0 / std::sqrt(squares / static_cast<double>(dim) + static_cast<double>(a.eps));
             for (std::int64_t i = 0; i < dim; ++i) {
               to[r * dim + i] = static_cast<float>(x[i] * factor * a.weight[i]);
             }
           }
         });
}

void to_acts(const Device& device, const ToActsArgs& a) {
  const std::int64_t n = std::int64_t{a.n_rows} * a.dim;
  auto* to = reinterpret_cast<float*>(a.acts);
  shares(device, n, kGrain,
         [&](std::int64_t i, std::int64_t end) { std::copy(a.x + i, a.x + end, to + i); });
}

void act_mul(const Device& device, const ActMulArgs& a) {
  auto* to = reinterpret_cast<float*>(a.acts);
  const std::int64_t n = std::int64_t{a.n_rows} * a.dim;
  shares(device, n, kGrain / 8, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      to[i] = static_cast<float>(a.activation == Activation::swiglu_clamped
                                     ? swiglu_clamped(a, i)
                                     : activate(a.activation, a.gate[i]) * a.up[i]);
    }
  });
}

void add(const Device& device, const AddArgs& a) {
  shares(device, a.n, kGrain, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) {
      a.x[i] = static_cast<float>(a.x[i] + static_cast<double>(a.scale) * a.y[i]);
    }
  });
}

void gather(const Device& device, const GatherArgs& a) {
  const std::int64_t dim = a.dim;
  shares(device, a.n_rows, std::max<std::int64_t>(1, kGrain / dim),
         [&](std::int64_t r, std::int64_t end) {
           for (; r < end; ++r) std::copy_n(a.x + a.row[r] * dim, dim, a.y + r * dim);
         });
}

void scale_cap(const Device& device, const ScaleCapArgs& a) {
  const double scale = a.scale;
  const double cap = a.softcap;
  const std::int64_t per_row = (a.dim + kLogitBlock - 1) / kLogitBlock;
  shares(device, a.n_rows * per_row, kGrain / 8 / kLogitBlock,
         [&](std::int64_t block, std::int64_t last) {
           for (; block < last; ++block) {
             const std::int64_t begin = block % per_row * kLogitBlock;
             float* row = a.x + block / per_row * a.dim;
             float top = -std::numeric_limits<float>::infinity();
             bool finite = true;
             for (std::int64_t i = begin; i < std::min(a.dim, begin + kLogitBlock); ++i) {
               const double x = scale * row[i];
               row[i] = static_cast<float>(cap > 0 ? cap * std::tanh(x / cap) : x);
               top = std::max(top, row[i]);
               finite = finite && std::isfinite(row[i]);
             }
             if (a.block_max == nullptr) continue;
             a.block_max[block] = finite ? top : std::numeric_limits<float>::quiet_NaN();
           }
         });
}

void argmax(const Device& device, const ArgmaxArgs& a) {
  const std::int64_t dim = a.dim;
  each(device, a.n_rows, [&](std::int64_t r) {
    const float* x = a.x + r * dim;
    std::int64_t best = 0;
    float top = -std::numeric_limits<float>::infinity();
    for (std::int64_t i = 0; i < dim; ++i) {
      if (x[i] > top) {
        top = x[i];
        best = i;
      }
    }
    a.index[r] = static_cast<std::int32_t>(best);
  });
}

}  // namespace mr::kern::ref
