#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "kern/cases/data.h"
#include "kern/cases/operation.h"

// Mixtures of experts: the choice, the ragged products, the whole.
namespace mr::kern::cases {
namespace {

/// Matrices of all experts, one after another, and as floats.
std::vector<std::byte> expert_matrices(DType type, std::int64_t n_experts, std::int64_t n_out,
                                       std::int64_t n_in, std::uint64_t seed) {
  return random_matrix(type, n_experts * n_out, n_in, seed);
}

Experts put_experts(Prepared& to, const Device& device, DType type, std::int64_t n_experts,
                    std::int64_t n_out, std::int64_t n_in, std::uint64_t seed) {
  const auto all = expert_matrices(type, n_experts, n_out, n_in, seed);
  const std::size_t packed = device.ops->packed_bytes(type, n_out, n_in);
  const std::size_t stride = (packed + 63) / 64 * 64;
  auto* data =
      static_cast<std::byte*>(reserve(to, device, stride * static_cast<std::size_t>(n_experts)));
  const std::size_t bytes = all.size() / static_cast<std::size_t>(n_experts);
  for (std::int64_t e = 0; e < n_experts; ++e) {
    device.ops->pack(device, {.to = data + static_cast<std::size_t>(e) * stride,
                              .from = all.data() + static_cast<std::size_t>(e) * bytes,
                              .type = type,
                              .n_out = n_out,
                              .n_in = n_in});
  }
  device.ops->synchronize(device);
  return {data, type, n_experts, n_out, n_in, static_cast<std::int64_t>(stride)};
}

std::vector<float> expert_values(DType type, std::int64_t n_experts, std::int64_t n_out,
                                 std::int64_t n_in, std::uint64_t seed) {
  return decoded(type, expert_matrices(type, n_experts, n_out, n_in, seed));
}

/// One expert's part of numbers that all experts have equally many of.
std::vector<float> part(const std::vector<float>& all, std::int64_t n_experts, std::int64_t e) {
  const auto n = static_cast<std::int64_t>(all.size()) / n_experts;
  return {all.begin() + e * n, all.begin() + (e + 1) * n};
}

std::int32_t* reserve_ints(Prepared& to, const Device& device, std::int64_t n) {
  return static_cast<std::int32_t*>(
      reserve(to, device, static_cast<std::size_t>(n) * sizeof(std::int32_t)));
}

}  // namespace

std::string name_of(const Route& c) {
  const char* const scores[] = {"softmax", "softmax_chosen", "sigmoid"};
  const Routing& r = c.routing;
  return std::string("route/") + scores[static_cast<int>(r.score)] + '/' +
         std::to_string(c.n_rows) + 'x' + std::to_string(c.n_experts) + 'x' +
         std::to_string(r.n_used) +
         (r.n_groups > 1
              ? "/groups" + std::to_string(r.n_used_groups) + "of" + std::to_string(r.n_groups)
              : "") +
         (c.has_bias ? "/bias" : "") + (r.normalize ? "/normalize" : "") +
         (c.has_ties ? "/ties" : "");
}

Prepared prepare_case(const Route& c, const Device& device) {
  Prepared p;
  auto logits = random_floats(1, c.n_rows * c.n_experts);
  for (float& x : logits) x = c.has_ties ? std::round(x * 4) / 4 : x * 4;
  const std::int64_t n_items = c.n_rows * c.routing.n_used;
  RouteArgs args{.logits = put(p, device, logits),
                 .routing = c.routing,
                 .n_rows = static_cast<std::int32_t>(c.n_rows),
                 .n_experts = static_cast<std::int32_t>(c.n_experts),
                 .expert = reserve_ints(p, device, n_items),
                 .weight = reserve_floats(p, device, n_items),
                 .begin = reserve_ints(p, device, c.n_experts + 1),
                 .row = reserve_ints(p, device, n_items),
                 .item = reserve_ints(p, device, n_items)};
  if (c.has_bias) args.routing.bias = put(p, device, random_floats(2, c.n_experts));
  using Kind = Output::Kind;
  p.outputs = {{.data = args.weight, .dim = n_items},
               {.kind = Kind::ints, .data = args.expert, .dim = n_items},
               {.kind = Kind::ints, .data = args.begin, .dim = c.n_experts + 1},
               {.kind = Kind::ints, .data = args.row, .dim = n_items},
               {.kind = Kind::ints, .data = args.item, .dim = n_items}};
  p.args = args;
  return p;
}

// Weights are at most `scale`; their relative error is that of one exponential and of two sums.
std::vector<double> bound_of(const Route& c) {
  const std::int64_t n_items = c.n_rows * c.routing.n_used;
  const double sums = static_cast<double>(c.n_experts + c.routing.n_used) + 16;
  std::vector<double> bound(static_cast<std::size_t>(n_items),
                            sums * kUnit * double{c.routing.scale});
  bound.resize(bound.size() + static_cast<std::size_t>(3 * n_items + c.n_experts + 1), 0.0);
  return bound;
}

Cost cost_of(const Route& c) {
  return {.bytes = 4.0 * static_cast<double>(c.n_rows * c.n_experts), .flops = 0};
}

std::string name_of(const ExpertGemm& c) {
  std::string rows;
  for (const std::int32_t n : c.n_rows) rows += (rows.empty() ? "" : "+") + std::to_string(n);
  return std::string("expert_gemm/") + traits(c.type).name + '/' + rows + 'x' +
         std::to_string(c.n_out) + 'x' + std::to_string(c.n_in) + (c.has_bias ? "+bias" : "");
}

Prepared prepare_case(const ExpertGemm& c, const Device& device) {
  Prepared p;
  const auto n_experts = static_cast<std::int64_t>(c.n_rows.size());
  std::vector<std::int32_t> begin{0};
  for (const std::int32_t n : c.n_rows) begin.push_back(begin.back() + n);
  const std::int64_t n_items = begin.back();
  ExpertGemmArgs args{.weight = put_experts(p, device, c.type, n_experts, c.n_out, c.n_in, 1),
                      .acts = put_acts(p, device, random_floats(2, n_items * c.n_in), n_items),
                      .begin = put(p, device, begin),
                      .n_items = begin.back(),
                      .y = reserve_floats(p, device, n_items * c.n_out)};
  if (c.has_bias) args.bias = put(p, device, random_floats(3, n_experts * c.n_out));
  p.outputs = {{.data = args.y, .n_rows = n_items, .dim = c.n_out}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const ExpertGemm& c, Precision precision) {
  const auto n_experts = static_cast<std::int64_t>(c.n_rows.size());
  const std::int64_t n_items = std::accumulate(c.n_rows.begin(), c.n_rows.end(), std::int64_t{0});
  const auto acts = normed(random_floats(2, n_items * c.n_in), n_items);
  const auto weights = expert_values(c.type, n_experts, c.n_out, c.n_in, 1);
  std::vector<double> bound;
  auto begin = acts.begin();
  for (std::int64_t e = 0; e < n_experts; ++e) {
    const auto end = begin + c.n_rows[static_cast<std::size_t>(e)] * c.n_in;
    for (const double b :
         product_bound({begin, end}, part(weights, n_experts, e), c.n_in, c.type, precision)) {
      bound.push_back(b + 2 * kUnit);  // the bias is below 1
    }
    begin = end;
  }
  return bound;
}

Cost cost_of(const ExpertGemm& c) {
  Cost all;
  for (const std::int32_t n : c.n_rows) {
    if (n == 0) continue;
    const Cost one = cost_of(Gemm{c.type, n, c.n_out, c.n_in});
    all.bytes += one.bytes;
    all.flops += one.flops;
  }
  return all;
}

std::string name_of(const Combine& c) {
  return "combine/" + std::to_string(c.n_rows) + 'x' + std::to_string(c.n_used) + 'x' +
         std::to_string(c.dim);
}

Prepared prepare_case(const Combine& c, const Device& device) {
  Prepared p;
  std::vector<std::int32_t> item(static_cast<std::size_t>(c.n_rows * c.n_used));
  std::iota(item.begin(), item.end(), 0);
  Rng rng{7};
  for (std::size_t i = item.size(); i > 1; --i) std::swap(item[i - 1], item[below(rng, i)]);
  const CombineArgs args{.y = put(p, device, random_floats(1, c.n_rows * c.n_used * c.dim)),
                         .item = put(p, device, item),
                         .weight = put(p, device, random_floats(2, c.n_rows * c.n_used)),
                         .n_rows = static_cast<std::int32_t>(c.n_rows),
                         .n_used = static_cast<std::int32_t>(c.n_used),
                         .dim = static_cast<std::int32_t>(c.dim),
                         .x = put(p, device, random_floats(3, c.n_rows * c.dim))};
  p.outputs = {{.data = args.x, .n_rows = c.n_rows, .dim = c.dim}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const Combine& c) {  // terms below 1
  const double n = static_cast<double>(c.n_used) + 1;
  return std::vector<double>(static_cast<std::size_t>(c.n_rows * c.dim), (n + 1) * n * kUnit);
}

Cost cost_of(const Combine& c) {
  return {.bytes = 4.0 * static_cast<double>(c.n_rows * c.dim * (c.n_used + 2)),
          .flops = 2.0 * static_cast<double>(c.n_rows * c.dim * c.n_used)};
}

std::string name_of(const Moe& c) {
  return std::string("moe/") + traits(c.type).name + '/' + std::to_string(c.n_rows) + 'x' +
         std::to_string(c.n_experts) + 'x' + std::to_string(c.n_used) + 'x' +
         std::to_string(c.dim) + 'x' + std::to_string(c.n_out) +
         (c.is_gpt_oss ? "/gpt-oss" : "/silu");
}

namespace {

constexpr float kAlpha = 1.702F;
constexpr float kLimit = 7.0F;

/// The router and its biases: scores so far apart that every level chooses the same experts.
std::vector<std::byte> router_matrix(const Moe& c) {
  return random_matrix(DType::f32, c.n_experts, c.dim, 9);
}

}  // namespace

Prepared prepare_case(const Moe& c, const Device& device) {
  Prepared p;
  const std::int64_t n_items = c.n_rows * c.n_used;
  MoeArgs args{
      .acts = put_acts(p, device, random_floats(2, c.n_rows * c.dim), c.n_rows),
      .router = put_weight(p, device, DType::f32, router_matrix(c), c.n_experts, c.dim),
      .routing = {.score = c.is_gpt_oss ? Routing::Score::softmax_chosen : Routing::Score::softmax,
                  .n_used = static_cast<std::int32_t>(c.n_used),
                  .normalize = !c.is_gpt_oss},
      .gate = put_experts(p, device, c.type, c.n_experts, c.n_out, c.dim, 1),
      .up = put_experts(p, device, c.type, c.n_experts, c.n_out, c.dim, 2),
      .down = put_experts(p, device, c.type, c.n_experts, c.dim, c.n_out, 3),
      .n_rows = static_cast<std::int32_t>(c.n_rows),
      .logits = reserve_floats(p, device, c.n_rows * c.n_experts),
      .expert = reserve_ints(p, device, n_items),
      .weight = reserve_floats(p, device, n_items),
      .begin = reserve_ints(p, device, c.n_experts + 1),
      .row = reserve_ints(p, device, n_items),
      .item = reserve_ints(p, device, n_items),
      .sorted_acts = reserve_acts(p, device, n_items, c.dim),
      .gate_scratch = reserve_floats(p, device, n_items * c.n_out),
      .up_scratch = reserve_floats(p, device, n_items * c.n_out),
      .hidden_acts = reserve_acts(p, device, n_items, c.n_out),
      .y = reserve_floats(p, device, n_items * c.dim),
      .x = put(p, device, random_floats(3, c.n_rows * c.dim))};
  if (c.is_gpt_oss) {
    args.router_bias = put(p, device, random_floats(4, c.n_experts));
    args.gate_bias = put(p, device, random_floats(5, c.n_experts * c.n_out));
    args.up_bias = put(p, device, random_floats(6, c.n_experts * c.n_out));
    args.down_bias = put(p, device, random_floats(7, c.n_experts * c.dim));
    args.activation = Activation::swiglu_clamped;
    args.alpha = kAlpha;
    args.limit = kLimit;
  }
  p.outputs = {{.kind = Output::Kind::ints, .data = args.expert, .dim = n_items},
               {.data = args.x, .n_rows = c.n_rows, .dim = c.dim}};
  p.args = args;
  return p;
}

// The largest error of any expert, whichever are chosen: weights of a row sum up to 1, and their
// relative error is below twice that of the router's products.
std::vector<double> bound_of(const Moe& c, Precision precision) {
  const auto acts = normed(random_floats(2, c.n_rows * c.dim), c.n_rows);
  const auto values = [&](std::int64_t n_out, std::int64_t n_in, std::uint64_t seed) {
    return expert_values(c.type, c.n_experts, n_out, n_in, seed);
  };
  const auto gates = values(c.n_out, c.dim, 1);
  const auto ups = values(c.n_out, c.dim, 2);
  const auto downs = values(c.dim, c.n_out, 3);
  double router = 0;
  for (const double b : product_bound(acts, decoded(DType::f32, router_matrix(c)), c.dim)) {
    router = std::max(router, b);
  }
  double error = 0;
  double largest = 0;
  for (std::int64_t e = 0; e < c.n_experts; ++e) {
    const auto gate = product(acts, part(gates, c.n_experts, e), c.dim);
    const auto up = product(acts, part(ups, c.n_experts, e), c.dim);
    const auto gate_bound =
        product_bound(acts, part(gates, c.n_experts, e), c.dim, c.type, precision);
    const auto up_bound = product_bound(acts, part(ups, c.n_experts, e), c.dim, c.type, precision);
    const auto down = part(downs, c.n_experts, e);
    std::vector<float> hidden;
    std::vector<float> hidden_error;
    for (std::size_t i = 0; i < gate.size(); ++i) {  // the biases are below 1, up gets 1 more
      const double g = std::fabs(gate[i]) + 1;
      const double u = std::fabs(up[i]) + 2;
      hidden.push_back(static_cast<float>(g * u));
      hidden_error.push_back(
          static_cast<float>(1.13 * (gate_bound[i] + kUnit * g) * (u + up_bound[i] + kUnit * u) +
                             g * (up_bound[i] + kUnit * u) + 24 * kUnit * g * u));
    }
    std::vector<float> magnitude = down;
    for (float& w : magnitude) w = std::fabs(w);
    std::vector<float> reached = hidden;
    for (std::size_t i = 0; i < reached.size(); ++i) reached[i] += hidden_error[i];
    const auto sums = product_bound(reached, down, c.n_out, c.type, precision);
    const auto carried = product(hidden_error, magnitude, c.n_out);
    const auto size = product(hidden, magnitude, c.n_out);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      error = std::max(error, sums[i] + carried[i]);
      largest = std::max(largest, size[i] + 1);
    }
  }
  const double n = static_cast<double>(c.n_experts + c.n_used) + 16;
  std::vector<double> bound(static_cast<std::size_t>(c.n_rows * c.n_used), 0.0);
  bound.resize(bound.size() + static_cast<std::size_t>(c.n_rows * c.dim),
               error + largest * (2 * router + n * kUnit));
  return bound;
}

Cost cost_of(const Moe& c) {
  const Cost one = cost_of(Gemm{c.type, 1, 3 * c.n_out, c.dim});
  const auto n = static_cast<double>(c.n_rows * c.n_used);
  const double n_touched = std::min(n, static_cast<double>(c.n_experts));
  return {.bytes = n_touched * one.bytes, .flops = n * one.flops};
}

}  // namespace mr::kern::cases
