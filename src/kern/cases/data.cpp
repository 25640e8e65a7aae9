#include "kern/cases/data.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "kern/ref/decode.h"

namespace mr::kern::cases {
namespace {

/// Whether values are fit for a test: finite, none huge, not all tiny.
bool is_ordinary(const std::vector<float>& values) {
  float top = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) return false;
    top = std::max(top, std::fabs(value));
  }
  return top > 0.01F && top < 4.0F;
}

}  // namespace

std::vector<float> random_floats(std::uint64_t seed, std::int64_t n) {
  Rng rng{seed};
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(unit(rng) * 2 - 1);
  return values;
}

std::vector<std::byte> random_matrix(DType type, std::int64_t n_out, std::int64_t n_in,
                                     std::uint64_t seed) {
  Rng rng{seed * 64 + static_cast<std::uint64_t>(type)};
  const TypeTraits of = traits(type);
  constexpr std::size_t kDistinct = 61;
  constexpr std::size_t kPeriod = std::size_t{1} << 20;  // blocks, so that large ones are made fast
  std::vector<std::byte> pool;
  std::vector<std::byte> block(of.block_bytes);
  std::vector<float> values(of.block);
  while (pool.size() < kDistinct * of.block_bytes) {
    for (std::byte& byte : block) byte = static_cast<std::byte>(next(rng));
    ref::decode(type, block.data(), values.data(), values.size());
    if (is_ordinary(values)) pool.insert(pool.end(), block.begin(), block.end());
  }
  std::vector<std::byte> matrix(row_bytes(type, static_cast<std::uint64_t>(n_out * n_in)));
  const std::size_t period = of.block_bytes * kPeriod;
  for (std::size_t at = 0; at < std::min(matrix.size(), period); at += of.block_bytes) {
    std::memcpy(&matrix[at], &pool[below(rng, kDistinct) * of.block_bytes], of.block_bytes);
  }
  for (std::size_t at = period; at < matrix.size(); at += period) {
    std::memcpy(&matrix[at], &matrix[0], std::min(matrix.size() - at, period));
  }
  return matrix;
}

std::vector<float> decoded(DType type, const std::vector<std::byte>& matrix) {
  std::vector<float> values(matrix.size() / traits(type).block_bytes * traits(type).block);
  ref::decode(type, matrix.data(), values.data(), values.size());
  return values;
}

void* reserve(Prepared& to, const Device& device, std::size_t bytes) {
  auto buffer = make_buffer(device, bytes, "a case");
  MR_CHECK(buffer.has_value());
  to.memory.push_back(std::move(*buffer));
  return to.memory.back().data;
}

float* reserve_floats(Prepared& to, const Device& device, std::int64_t n) {
  return static_cast<float*>(reserve(to, device, static_cast<std::size_t>(n) * sizeof(float)));
}

std::byte* reserve_acts(Prepared& to, const Device& device, std::int64_t n_rows, std::int64_t dim) {
  return static_cast<std::byte*>(reserve(to, device, device.ops->act_bytes(n_rows, dim)));
}

Weight put_weight(Prepared& to, const Device& device, DType type,
                  const std::vector<std::byte>& matrix, std::int64_t n_out, std::int64_t n_in) {
  void* data = reserve(to, device, device.ops->packed_bytes(type, n_out, n_in));
  device.ops->pack(device,
                   {.to = data, .from = matrix.data(), .type = type, .n_out = n_out, .n_in = n_in});
  device.ops->synchronize(device);
  return {.data = data, .type = type, .n_out = n_out, .n_in = n_in};
}

std::byte* put_acts(Prepared& to, const Device& device, const std::vector<float>& x,
                    std::int64_t n_rows) {
  const std::int64_t dim = static_cast<std::int64_t>(x.size()) / n_rows;
  const std::vector<float> ones(static_cast<std::size_t>(dim), 1.0F);
  std::byte* acts = reserve_acts(to, device, n_rows, dim);
  device.ops->rms_norm(device, {.x = put(to, device, x),
                                .weight = put(to, device, ones),
                                .n_rows = static_cast<std::int32_t>(n_rows),
                                .dim = static_cast<std::int32_t>(dim),
                                .acts = acts});
  return acts;
}

std::vector<float> normed(const std::vector<float>& x, std::int64_t n_rows) {
  const std::size_t dim = x.size() / static_cast<std::size_t>(n_rows);
  std::vector<float> y(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += dim) {
    double squares = 0;
    for (std::size_t i = 0; i < dim; ++i) squares += double{x[begin + i]} * double{x[begin + i]};
    const double factor = 1 / std::sqrt(squares / static_cast<double>(dim));
    for (std::size_t i = 0; i < dim; ++i) {
      y[begin + i] = static_cast<float>(double{x[begin + i]} * factor);
    }
  }
  return y;
}

std::vector<float> get(const Device& device, const void* from, std::int64_t n) {
  std::vector<float> host(static_cast<std::size_t>(n));
  device.ops->download(device, host.data(), from, host.size() * sizeof(float));
  return host;
}

std::vector<float> get_acts(const Device& device, const std::byte* acts, std::int64_t n_rows,
                            std::int64_t dim) {
  Prepared scratch;
  std::vector<float> identity(static_cast<std::size_t>(dim * dim));
  for (std::int64_t i = 0; i < dim; ++i) identity[static_cast<std::size_t>(i * dim + i)] = 1.0F;
  std::vector<std::byte> bytes(identity.size() * sizeof(float));
  std::memcpy(bytes.data(), identity.data(), bytes.size());
  float* y = reserve_floats(scratch, device, n_rows * dim);
  device.ops->gemm(device, {.weight = put_weight(scratch, device, DType::f32, bytes, dim, dim),
                            .acts = acts,
                            .n_rows = static_cast<std::int32_t>(n_rows),
                            .y = y});
  return get(device, y, n_rows * dim);
}

std::vector<double> product(const std::vector<float>& acts, const std::vector<float>& weight,
                            std::int64_t n_in) {
  const auto depth = static_cast<std::size_t>(n_in);
  std::vector<double> y;
  for (std::size_t row = 0; row < acts.size(); row += depth) {
    for (std::size_t out = 0; out < weight.size(); out += depth) {
      double sum = 0;
      for (std::size_t k = 0; k < depth; ++k)
        sum += double{acts[row + k]} * double{weight[out + k]};
      y.push_back(sum);
    }
  }
  return y;
}

DType type_named(const std::string& name) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (name == traits(static_cast<DType>(i)).name) return static_cast<DType>(i);
  }
  MR_CHECK(!"a type of that name");
  return DType::f32;
}

std::vector<double> product_bound(const std::vector<float>& acts, const std::vector<float>& weight,
                                  std::int64_t n_in) {
  const auto magnitudes = [](std::vector<float> values) {
    for (float& value : values) value = std::fabs(value);
    return values;
  };
  std::vector<double> bound = product(magnitudes(acts), magnitudes(weight), n_in);
  for (double& b : bound) b *= (static_cast<double>(n_in) / 8 + 16) * kUnit;
  return bound;
}

std::vector<float> half_steps(const std::vector<float>& values, std::int64_t n_in) {
  constexpr std::int64_t kGroup = 32;
  std::vector<float> steps(values.size());
  for (std::size_t row = 0; row < values.size(); row += static_cast<std::size_t>(n_in)) {
    for (std::int64_t begin = 0; begin < n_in; begin += kGroup) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(row) + begin;
      const std::int64_t n = std::min(kGroup, n_in - begin);
      float top = 0;
      for (std::int64_t i = 0; i < n; ++i) top = std::max(top, std::fabs(from[i]));
      std::fill_n(steps.begin() + static_cast<std::ptrdiff_t>(row) + begin, n, top / 254);
    }
  }
  return steps;
}

bool is_cold(DType type) {
  return type == DType::iq3_s || type == DType::iq3_xxs || type == DType::iq2_xxs ||
         type == DType::iq2_xs || type == DType::iq2_s;
}

std::vector<double> product_bound(const std::vector<float>& acts, const std::vector<float>& weight,
                                  std::int64_t n_in, DType type, Precision precision) {
  std::vector<double> bound = product_bound(acts, weight, n_in);
  if (precision == Precision::pairs && type == DType::bf16) {
    // Rows are rounded to 8 bits, and sums take one pair after the other.
    for (double& b : bound) b *= 4 + 0x1p-8 / ((static_cast<double>(n_in) / 8 + 16) * kUnit);
  }
  if (precision == Precision::fp32 || traits(type).block == 1) return bound;
  const auto magnitudes = [](std::vector<float> values) {
    for (float& value : values) value = std::fabs(value);
    return values;
  };
  const auto add = [&](const std::vector<float>& x, const std::vector<float>& w) {
    const auto more = product(x, w, n_in);
    for (std::size_t i = 0; i < bound.size(); ++i) bound[i] += 1.001 * more[i];
  };
  const auto act_steps = half_steps(acts, n_in);
  add(act_steps, magnitudes(weight));
  if (is_cold(type)) {
    const auto weight_steps = half_steps(weight, n_in);
    add(magnitudes(acts), weight_steps);
    add(act_steps, weight_steps);
  }
  return bound;
}

double attention_bound(const Attention& shape) {
  // Queries, keys and values are below 1, the scale is 1 / sqrt(k_dim).
  const double largest = std::sqrt(static_cast<double>(shape.k_dim));
  const double score =
      largest * (shape.k_dim / 8.0 + 20) * kUnit + 4 * kUnit * double{shape.softcap};
  double n_seen = 0;
  for (const Attender& row : shape.rows) {
    n_seen = std::max(n_seen, row.context + static_cast<double>(row.path.size()));
  }
  return 2 * score + (n_seen + 24) * kUnit;
}

}  // namespace mr::kern::cases
