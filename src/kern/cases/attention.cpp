#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "kern/cases/cache.h"
#include "kern/cases/data.h"
#include "kern/cases/operation.h"

// Attention over a filled cache, and what changes a cache.
namespace mr::kern::cases {
namespace {

const char* name_of(Upkeep::What what) {
  switch (what) {
    case Upkeep::What::store:
      return "store_kv";
    case Upkeep::What::move:
      return "move_slots";
    case Upkeep::What::copy:
      return "copy_pages";
    case Upkeep::What::zero:
      return "zero_pages";
  }
  return "";
}

std::size_t n_results(const Attention& c) {
  return c.rows.size() * static_cast<std::size_t>(c.n_heads * c.v_dim);
}

}  // namespace

std::string name_of(const Attention& c) {
  return std::string("attention/") + c.name + '/' + traits(c.type).name + '/' +
         std::to_string(c.n_heads) + 'x' + std::to_string(c.n_kv_heads) + 'x' +
         std::to_string(c.k_dim) + 'x' + std::to_string(c.v_dim) + (c.window > 0 ? "/window" : "") +
         (c.softcap > 0 ? "/softcap" : "") + (c.has_sinks ? "/sinks" : "") +
         (c.v_in_k ? "/v_in_k" : "") + (c.to_plain ? "/plain" : "");
}

Prepared prepare_case(const Attention& c, const Device& device) {
  Prepared p;
  const Cache cache = put_cache(p, device, c);
  const AttentionArgs args = put_attention(p, device, c, cache.kv);
  p.outputs = {seen_by(c, args)};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const Attention& c) {
  return std::vector<double>(n_results(c), attention_bound(c));
}

Cost cost_of(const Attention& c) {
  double n_seen = 0;
  for (const Attender& row : c.rows) n_seen += row.context + static_cast<double>(row.path.size());
  return {.bytes = n_seen * c.n_kv_heads * (c.k_dim + c.v_dim) * traits(c.type).block_bytes,
          .flops = 2 * n_seen * c.n_heads * (c.k_dim + c.v_dim)};
}

std::string name_of(const Upkeep& c) {
  return std::string(name_of(c.what)) + '/' + name_of(c.seen);
}

Prepared prepare_case(const Upkeep& c, const Device& device) {
  Prepared p;
  const Cache cache = put_cache(p, device, c.seen);
  const KvView& kv = cache.kv;
  p.reader = put_attention(p, device, c.seen, kv);
  p.outputs = {seen_by(c.seen, *p.reader)};
  const auto ints = [&](const std::vector<std::int32_t>& values) { return put(p, device, values); };
  switch (c.what) {
    case Upkeep::What::store: {
      const std::vector<std::int32_t> slots{0, 63, 64, 77, 1};
      p.args = StoreKvArgs{.kv = kv,
                           .rows = {.n_rows = 5, .seq = ints({0, 0, 0, 0, 0}), .slot = ints(slots)},
                           .layer = 1,
                           .k = put(p, device, random_floats(7, 5 * kv.n_kv_heads * kv.k_dim)),
                           .v = put(p, device, random_floats(8, 5 * kv.n_kv_heads * kv.v_dim))};
      break;
    }
    case Upkeep::What::move:  // a chain (70 to 65, then 90 to 70), inside a page and across
      p.args = MoveSlotsArgs{.kv = kv,
                             .seq = ints({0, 0, 0, 0}),
                             .from = ints({70, 90, 64, 3}),
                             .to = ints({65, 70, 2, 3}),
                             .n = 4};
      break;
    case Upkeep::What::copy:
      p.args = CopyPagesArgs{.kv = kv,
                             .from = ints({cache.pages[0], cache.pages[0]}),
                             .to = ints({cache.pages[1], cache.pages[2]}),
                             .n_slots = ints({37, 64}),
                             .n = 2};
      break;
    case Upkeep::What::zero:
      p.args = ZeroPagesArgs{.kv = kv,
                             .page = ints({cache.pages[0], cache.pages[1], cache.pages[2]}),
                             .begin = ints({5, 0, 64}),
                             .n = 3};
      break;
  }
  return p;
}

std::vector<double> bound_of(const Upkeep& c) {
  return bound_of(c.seen);
}

Cost cost_of(const Upkeep& c) {
  return {.bytes = 4.0 * c.seen.n_kv_heads * (c.seen.k_dim + c.seen.v_dim), .flops = 0};
}

std::string name_of(const Qkv& c) {
  return std::string("qkv_rope_store/") + traits(c.type).name + '/' + std::to_string(c.dim) +
         (c.has_bias ? "/bias" : "") + (c.has_norm ? "/norm" : "") +
         (c.rope_dims > 0 ? "/rope" : "");
}

Prepared prepare_case(const Qkv& c, const Device& device) {
  Prepared p;
  const Cache cache = put_cache(p, device, c.seen);
  const KvView& kv = cache.kv;
  const auto n_rows = static_cast<std::int64_t>(c.seen.rows.size());
  const std::int64_t q_dim = c.seen.n_heads * kv.k_dim;
  const std::int64_t k_dim = kv.n_kv_heads * kv.k_dim;
  const std::int64_t v_dim = kv.n_kv_heads * kv.v_dim;
  const auto weight = [&](std::int64_t n_out, std::uint64_t seed) {
    return put_weight(p, device, c.type, random_matrix(c.type, n_out, c.dim, seed), n_out, c.dim);
  };
  p.reader = put_attention(p, device, c.seen, kv);
  std::vector<std::int32_t> slots;
  for (const Attender& row : c.seen.rows) {
    slots.push_back(row.path.empty() ? row.context - 1 : row.path.back());
  }
  QkvArgs args{.acts = put_acts(p, device, random_floats(2, n_rows * c.dim), n_rows),
               .wq = weight(q_dim, 1),
               .wk = weight(k_dim, 2),
               .wv = weight(v_dim, 3),
               .eps = 1e-6F,
               .n_heads = c.seen.n_heads,
               .rope_dims = c.rope_dims,
               .kv = kv,
               .rows = p.reader->rows,
               .layer = 1,
               .q = reserve_floats(p, device, n_rows * q_dim),
               .k = reserve_floats(p, device, n_rows * k_dim),
               .v = reserve_floats(p, device, n_rows * v_dim)};
  args.rows.slot = put(p, device, slots);
  if (c.has_bias) {
    args.bq = put(p, device, random_floats(11, q_dim));
    args.bk = put(p, device, random_floats(12, k_dim));
    args.bv = put(p, device, random_floats(13, v_dim));
  }
  if (c.has_norm) {
    args.q_norm = put(p, device, random_floats(14, kv.k_dim));
    args.k_norm = put(p, device, random_floats(15, kv.k_dim));
  }
  if (c.rope_dims > 0) args.angles = put(p, device, random_floats(16, n_rows * c.rope_dims));
  p.outputs = {{.data = args.q, .n_rows = n_rows, .dim = q_dim}, seen_by(c.seen, *p.reader)};
  p.args = args;
  return p;
}

// The weights keep K below `largest`, see qkv_cases: a product's error goes into the values as it
// is, into the scores by |q| (below 1 in the reader) times k_dim / sqrt(k_dim).
std::vector<double> bound_of(const Qkv& c, Precision precision) {
  const auto n_rows = static_cast<std::int64_t>(c.seen.rows.size());
  const auto acts = normed(random_floats(2, n_rows * c.dim), n_rows);
  const double root = std::sqrt(static_cast<double>(c.seen.k_dim));
  double error = 0;    // of a value before the head norm
  double largest = 0;  // value
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::int64_t heads = seed == 1 ? c.seen.n_heads : c.seen.n_kv_heads;
    const std::int64_t n_out = heads * (seed == 3 ? c.seen.v_dim : c.seen.k_dim);
    const auto weight = decoded(c.type, random_matrix(c.type, n_out, c.dim, seed));
    for (const double b : product_bound(acts, weight, c.dim, c.type, precision))
      error = std::max(error, b);
    for (const double y : product(acts, weight, c.dim)) largest = std::max(largest, std::fabs(y));
  }
  error += 4 * kUnit * (1 + largest);
  largest += 1;  // the bias
  double head_error = error;
  double head_largest = largest;
  if (c.has_norm) {  // gains below 1; the rms of a head of such weights is above 1/2
    head_error = 2 * error * (1 + root) + (c.seen.k_dim / 8.0 + 16) * kUnit * root;
    head_largest = root;
  }
  if (c.rope_dims > 0) {  // angles below 1, so a pair grows by at most 2
    head_error = 2 * head_error + 5 * kUnit * head_largest;
    head_largest *= 2;
  }
  const double score = root * (head_error + head_largest * (c.seen.k_dim / 8.0 + 20) * kUnit);
  std::vector<double> bound(acts.size() / static_cast<std::size_t>(c.dim) *
                                static_cast<std::size_t>(c.seen.n_heads * c.seen.k_dim),
                            head_error);
  bound.insert(bound.end(), n_results(c.seen), 2 * score * largest + error + 64 * kUnit * largest);
  return bound;
}

Cost cost_of(const Qkv& c) {
  const auto n_rows = static_cast<std::int64_t>(c.seen.rows.size());
  const std::int64_t n_out =
      c.seen.n_heads * c.seen.k_dim + c.seen.n_kv_heads * (c.seen.k_dim + c.seen.v_dim);
  return cost_of(Gemm{c.type, n_rows, n_out, c.dim});
}

}  // namespace mr::kern::cases
