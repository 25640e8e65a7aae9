#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kern/ref/decode.h"
#include "kern/ref/ref.h"
#include "kern/simd/page.h"
#include "kern/simd/parallel.h"

namespace mr::kern::ref {
namespace {

/// One row and head: what it reads.
struct Query {
  const AttentionArgs& a;
  std::int64_t row = 0;
  std::int64_t kv_head = 0;
  const float* q = nullptr;  ///< (k_dim)
};

/// Values of the cache, as the page has them.
void read(const KvView& kv, const std::byte* from, const std::byte* scale_at, std::int64_t n,
          float* to) {
  if (kv.type != DType::i8) return decode(kv.type, from, to, static_cast<std::size_t>(n));
  float scale = 0;
  std::memcpy(&scale, scale_at, sizeof scale);
  const auto* q = reinterpret_cast<const std::int8_t*>(from);
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<float>(q[i]) * scale;
}

/// The score of a position, before the softmax.
double score(const Query& query, std::int64_t position) {
  const AttentionArgs& a = query.a;
  const std::int64_t slot = slot_of(a.rows, query.row, position);
  const std::byte* page = page_of(a.kv, a.layer, a.rows.seq[query.row], slot);
  float k[kMaxHeadDim];
  read(a.kv, page + k_offset(a.kv, query.kv_head, slot),
       page + k_scale_offset(a.kv, query.kv_head, slot), a.kv.k_dim, k);
  double sum = 0;
  for (std::int64_t i = 0; i < a.kv.k_dim; ++i) sum += static_cast<double>(query.q[i]) * k[i];
  sum *= static_cast<double>(a.scale);
  const double cap = a.softcap;
  return cap > 0 ? cap * std::tanh(sum / cap) : sum;
}

/// Adds `weight` times the V of a position.
void add_value(const Query& query, std::int64_t position, double weight, double* sum) {
  const AttentionArgs& a = query.a;
  const std::int64_t slot = slot_of(a.rows, query.row, position);
  const std::byte* page = page_of(a.kv, a.layer, a.rows.seq[query.row], slot);
  float v[kMaxHeadDim];
  read(a.kv, page + v_offset(a.kv, query.kv_head, slot),
       page + v_scale_offset(a.kv, query.kv_head, slot), a.kv.v_dim, v);
  for (std::int64_t i = 0; i < a.kv.v_dim; ++i) sum[i] += weight * static_cast<double>(v[i]);
}

/// One row and head: `sink` is a logit beside the scores.
void attend(const Query& query, double sink, float* to) {
  const Span span = attended(query.a.rows, query.row, query.a.window);
  double top = sink;
  for (std::int64_t j = span.begin; j < span.end; ++j) top = std::max(top, score(query, j));
  double total = std::isfinite(sink) ? std::exp(sink - top) : 0.0;
  double sum[kMaxHeadDim] = {};
  for (std::int64_t j = span.begin; j < span.end; ++j) {
    const double weight = std::exp(score(query, j) - top);
    total += weight;
    add_value(query, j, weight, sum);
  }
  for (std::int64_t i = 0; i < query.a.kv.v_dim; ++i) {
    to[i] = total == 0 ? 0.0F : static_cast<float>(sum[i] / total);
  }
}

}  // namespace

void attention(const Device& device, const AttentionArgs& a) {
  const std::int64_t n_heads = a.n_heads;
  const std::int64_t group = n_heads / a.kv.n_kv_heads;
  float* to = a.acts != nullptr ? reinterpret_cast<float*>(a.acts) : a.y;
  each(device, a.rows.n_rows * n_heads, [&](std::int64_t i) {
    const std::int64_t head = i % n_heads;
    const double sink = a.sinks != nullptr ? static_cast<double>(a.sinks[head])
                                           : -std::numeric_limits<double>::infinity();
    attend({a, i / n_heads, head / group, a.q + i * a.kv.k_dim}, sink, to + i * a.kv.v_dim);
  });
}

}  // namespace mr::kern::ref
