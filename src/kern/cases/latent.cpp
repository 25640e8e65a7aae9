#include <algorithm>
#include <cmath>
#include <cstring>

#include "kern/cases/cache.h"
#include "kern/cases/data.h"
#include "kern/cases/operation.h"

// What multi-head latent attention adds to the table.
namespace mr::kern::cases {
namespace {

/// A matrix as in a file, on the device.
Weight put_plain(Prepared& to, const Device& device, DType type, std::int64_t n_out,
                 std::int64_t n_in, std::uint64_t seed) {
  const auto matrix = random_matrix(type, n_out, n_in, seed);
  return {put(to, device, matrix), type, n_out, n_in};
}

}  // namespace

std::string name_of(const ProjectHeads& c) {
  return std::string("project_heads/") + traits(c.type).name + '/' + std::to_string(c.n_rows) +
         'x' + std::to_string(c.n_heads) + 'x' + std::to_string(c.n_out) + 'x' +
         std::to_string(c.n_in);
}

Prepared prepare_case(const ProjectHeads& c, const Device& device) {
  Prepared p;
  const std::int64_t x_stride = c.n_in + 3;
  const std::int64_t y_stride = c.n_out + 2;
  const std::int64_t n = c.n_rows * c.n_heads;
  const ProjectHeadsArgs args{
      .weight = put_plain(p, device, c.type, c.n_heads * c.n_out, c.n_in, 1),
      .n_heads = static_cast<std::int32_t>(c.n_heads),
      .x = put(p, device, random_floats(2, n * x_stride)),
      .x_stride = static_cast<std::int32_t>(x_stride),
      .n_rows = static_cast<std::int32_t>(c.n_rows),
      .y = put(p, device, random_floats(3, n * y_stride)),
      .y_stride = static_cast<std::int32_t>(y_stride)};
  p.outputs = {{.data = args.y, .n_rows = n, .dim = y_stride}};
  p.args = args;
  return p;
}

// Weights are below 4 and x below 1; what lies between the heads' results stays as it is.
std::vector<double> bound_of(const ProjectHeads& c) {
  const auto depth = static_cast<double>(c.n_in);
  std::vector<double> one(static_cast<std::size_t>(c.n_out), 4 * depth * (depth / 8 + 16) * kUnit);
  one.resize(one.size() + 2, 0.0);
  std::vector<double> bound;
  for (std::int64_t i = 0; i < c.n_rows * c.n_heads; ++i) {
    bound.insert(bound.end(), one.begin(), one.end());
  }
  return bound;
}

Cost cost_of(const ProjectHeads& c) {
  const Cost one = cost_of(Gemm{c.type, c.n_rows, c.n_out, c.n_in});
  const auto n = static_cast<double>(c.n_heads);
  return {.bytes = n * one.bytes, .flops = n * one.flops};
}

std::string name_of(const CopyColumns& c) {
  return "copy_columns/" + std::to_string(c.n_rows) + 'x' + std::to_string(c.dim);
}

Prepared prepare_case(const CopyColumns& c, const Device& device) {
  Prepared p;
  const std::int64_t x_stride = c.dim + 5;
  const std::int64_t y_stride = c.dim + 1;
  const CopyColumnsArgs args{.x = put(p, device, random_floats(1, c.n_rows * x_stride)),
                             .x_stride = static_cast<std::int32_t>(x_stride),
                             .n_rows = static_cast<std::int32_t>(c.n_rows),
                             .dim = static_cast<std::int32_t>(c.dim),
                             .y = put(p, device, random_floats(2, c.n_rows * y_stride)),
                             .y_stride = static_cast<std::int32_t>(y_stride)};
  p.outputs = {{.data = args.y, .n_rows = c.n_rows, .dim = y_stride}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const CopyColumns& c) {
  return std::vector<double>(static_cast<std::size_t>(c.n_rows * (c.dim + 1)), 0.0);
}

Cost cost_of(const CopyColumns& c) {
  return {.bytes = 8.0 * static_cast<double>(c.n_rows * c.dim), .flops = 0};
}

std::string name_of(const LatentQkv& c) {
  return std::string("latent_qkv_store/") + traits(c.type).name + '/' + std::to_string(c.dim) +
         (c.q_rank > 0 ? "/low" : "");
}

namespace {

constexpr std::int64_t kNope = 24;

std::int32_t rope_dim(const LatentQkv& c) {
  return c.seen.k_dim - c.seen.v_dim;
}

}  // namespace

Prepared prepare_case(const LatentQkv& c, const Device& device) {
  Prepared p;
  const Cache cache = put_cache(p, device, c.seen);
  const KvView& kv = cache.kv;
  const auto n_rows = static_cast<std::int64_t>(c.seen.rows.size());
  const std::int64_t q_dim = c.seen.n_heads * (kNope + rope_dim(c));
  const std::int64_t q_in = c.q_rank > 0 ? c.q_rank : c.dim;
  const auto weight = [&](std::int64_t n_out, std::int64_t n_in, std::uint64_t seed) {
    return put_weight(p, device, c.type, random_matrix(c.type, n_out, n_in, seed), n_out, n_in);
  };
  p.reader = put_attention(p, device, c.seen, kv);
  std::vector<std::int32_t> slots;
  for (const Attender& row : c.seen.rows) {
    slots.push_back(row.path.empty() ? row.context - 1 : row.path.back());
  }
  LatentQkvArgs args{.acts = put_acts(p, device, random_floats(2, n_rows * c.dim), n_rows),
                     .wq = weight(q_dim, q_in, 1),
                     .w_latent = weight(kv.v_dim, c.dim, 2),
                     .b_latent = put(p, device, random_floats(17, kv.v_dim)),
                     .kv_norm = put(p, device, random_floats(14, kv.v_dim)),
                     .w_rope = weight(rope_dim(c), c.dim, 3),
                     .b_rope = put(p, device, random_floats(18, rope_dim(c))),
                     .wk_b = put_plain(p, device, DType::f32, c.seen.n_heads * kv.v_dim, kNope, 4),
                     .eps = 1e-6F,
                     .n_heads = c.seen.n_heads,
                     .rope_dim = rope_dim(c),
                     .angles = put(p, device, random_floats(16, n_rows * rope_dim(c))),
                     .kv = kv,
                     .rows = p.reader->rows,
                     .layer = 1,
                     .q = reserve_floats(p, device, n_rows * c.seen.n_heads * kv.k_dim),
                     .q_heads = reserve_floats(p, device, n_rows * q_dim),
                     .latent = reserve_floats(p, device, n_rows * kv.v_dim),
                     .k_rope = reserve_floats(p, device, n_rows * rope_dim(c)),
                     .k = reserve_floats(p, device, n_rows * kv.k_dim)};
  if (c.q_rank > 0) {
    args.wq_a = weight(c.q_rank, c.dim, 5);
    args.bq_a = put(p, device, random_floats(19, c.q_rank));
    args.q_norm = put(p, device, random_floats(15, c.q_rank));
    args.low = reserve_floats(p, device, n_rows * c.q_rank);
    args.low_acts = reserve_acts(p, device, n_rows, c.q_rank);
  }
  args.rows.slot = put(p, device, slots);
  p.outputs = {{.data = args.q, .n_rows = n_rows, .dim = c.seen.n_heads * kv.k_dim},
               seen_by(c.seen, *p.reader)};
  p.args = args;
  return p;
}

namespace {

/// The largest of what a product's error and size may be.
struct Spread {
  double error = 0;
  double size = 0;
};

/// After a product of vectors below `in.size` each with errors below `in.error`.
Spread through(const Spread& in, const std::vector<float>& weight, std::int64_t n_in, DType type,
               Precision precision) {
  const std::vector<float> top(static_cast<std::size_t>(n_in), static_cast<float>(in.size));
  std::vector<float> magnitude = weight;
  for (float& w : magnitude) w = std::fabs(w);
  Spread out;
  for (const double b : product_bound(top, weight, n_in, type, precision))
    out.error = std::max(out.error, b);
  for (const double y : product(top, magnitude, n_in)) out.size = std::max(out.size, y);
  out.error += out.size * in.error / in.size;
  return out;
}

/// After an RMS norm over n values with gains below 1; the rms of such products is above 1/2.
Spread after_norm(const Spread& in, std::int64_t n) {
  const double root = std::sqrt(static_cast<double>(n));
  return {2 * in.error * (1 + root) + (static_cast<double>(n) / 8 + 16) * kUnit * root, root};
}

/// After a rotation by cosines and sines below 1.
Spread after_rope(const Spread& in) {
  return {2 * in.error + 5 * kUnit * in.size, 2 * in.size};
}

}  // namespace

std::vector<double> bound_of(const LatentQkv& c, Precision precision) {
  const std::int64_t q_dim = c.seen.n_heads * (kNope + rope_dim(c));
  const std::int64_t q_in = c.q_rank > 0 ? c.q_rank : c.dim;
  const auto values = [&](std::int64_t n_out, std::int64_t n_in, std::uint64_t seed) {
    return decoded(c.type, random_matrix(c.type, n_out, n_in, seed));
  };
  const auto n_rows = static_cast<std::int64_t>(c.seen.rows.size());
  const Spread acts{0, std::sqrt(3.0)};  // of uniform numbers, about
  Spread low = acts;
  if (c.q_rank > 0) {
    low = after_norm(through(acts, values(c.q_rank, c.dim, 5), c.dim, c.type, precision), c.q_rank);
  }
  const Spread heads = through(low, values(q_dim, q_in, 1), q_in, c.type, precision);
  const auto wk_b =
      decoded(DType::f32, random_matrix(DType::f32, c.seen.n_heads * c.seen.v_dim, kNope, 4));
  const double q_error =
      std::max(through(heads, wk_b, kNope, DType::f32, precision).error, after_rope(heads).error);
  const Spread latent = after_norm(
      through(acts, values(c.seen.v_dim, c.dim, 2), c.dim, c.type, precision), c.seen.v_dim);
  const Spread turned =
      after_rope(through(acts, values(rope_dim(c), c.dim, 3), c.dim, c.type, precision));
  const Spread key{std::max(latent.error, turned.error), std::max(latent.size, turned.size)};
  const double root = std::sqrt(static_cast<double>(c.seen.k_dim));
  const double score = root * (key.error + key.size * (c.seen.k_dim / 8.0 + 20) * kUnit);
  std::vector<double> bound(static_cast<std::size_t>(n_rows * c.seen.n_heads * c.seen.k_dim),
                            q_error);
  bound.resize(bound.size() + static_cast<std::size_t>(n_rows * c.seen.n_heads * c.seen.v_dim),
               2 * score * latent.size + latent.error + 64 * kUnit * latent.size);
  return bound;
}

Cost cost_of(const LatentQkv& c) {
  const auto n_rows = static_cast<std::int64_t>(c.seen.rows.size());
  return cost_of(
      Gemm{c.type, n_rows, c.seen.n_heads * (kNope + rope_dim(c)) + c.seen.k_dim, c.dim});
}

}  // namespace mr::kern::cases
