#include <algorithm>
#include <cmath>

#include "kern/cases/data.h"
#include "kern/cases/operation.h"

namespace mr::kern::cases {
namespace {

std::string sizes(std::int64_t a, std::int64_t b, std::int64_t c) {
  return std::to_string(a) + 'x' + std::to_string(b) + 'x' + std::to_string(c);
}

const char* name_of(DType type) {
  return traits(type).name;
}

std::vector<float> weight_values(DType type, std::int64_t n_out, std::int64_t n_in,
                                 std::uint64_t seed = 1) {
  return decoded(type, random_matrix(type, n_out, n_in, seed));
}

double weight_bytes(DType type, std::int64_t n) {
  return static_cast<double>(row_bytes(type, static_cast<std::uint64_t>(n)));
}

}  // namespace

std::string name_of(const Gemm& c) {
  return std::string("gemm/") + name_of(c.type) + '/' + sizes(c.n_rows, c.n_out, c.n_in) +
         (c.has_bias ? "+bias" : "") + (c.accumulate ? "+y" : "");
}

Prepared prepare_case(const Gemm& c, const Device& device) {
  Prepared p;
  GemmArgs args{.weight = put_weight(p, device, c.type, random_matrix(c.type, c.n_out, c.n_in),
                                     c.n_out, c.n_in),
                .acts = put_acts(p, device, random_floats(2, c.n_rows * c.n_in), c.n_rows),
                .n_rows = static_cast<std::int32_t>(c.n_rows),
                .accumulate = c.accumulate,
                .y = put(p, device, random_floats(3, c.n_rows * c.n_out))};
  if (c.has_bias) args.bias = put(p, device, random_floats(4, c.n_out));
  p.outputs = {{.data = args.y, .n_rows = c.n_rows, .dim = c.n_out}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const Gemm& c, Precision precision) {
  auto bound = product_bound(normed(random_floats(2, c.n_rows * c.n_in), c.n_rows),
                             weight_values(c.type, c.n_out, c.n_in), c.n_in, c.type, precision);
  for (double& b : bound) b += 4 * kUnit;  // bias and y are below 1
  return bound;
}

Cost cost_of(const Gemm& c) {
  return {.bytes = weight_bytes(c.type, c.n_out * c.n_in) +
                   4.0 * static_cast<double>(c.n_rows * (c.n_in + c.n_out)),
          .flops = 2.0 * static_cast<double>(c.n_rows * c.n_out * c.n_in)};
}

std::string name_of(const Embed& c) {
  return std::string("embed/") + name_of(c.type) + '/' + std::to_string(c.n_rows) + 'x' +
         std::to_string(c.dim);
}

Prepared prepare_case(const Embed& c, const Device& device) {
  constexpr std::int64_t kVocab = 11;
  Prepared p;
  std::vector<std::int32_t> tokens;
  for (std::int64_t i = 0; i < c.n_rows; ++i) {
    tokens.push_back(static_cast<std::int32_t>((i * 7 + 10) % kVocab));
  }
  const EmbedArgs args{
      .table = put_weight(p, device, c.type, random_matrix(c.type, kVocab, c.dim), kVocab, c.dim),
      .token = put(p, device, tokens),
      .n_rows = static_cast<std::int32_t>(c.n_rows),
      .scale = c.scale,
      .x = reserve_floats(p, device, c.n_rows * c.dim)};
  p.outputs = {{.data = args.x, .n_rows = c.n_rows, .dim = c.dim}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const Embed& c) {
  return std::vector<double>(static_cast<std::size_t>(c.n_rows * c.dim),
                             4 * kUnit * std::fabs(double{c.scale}));
}

Cost cost_of(const Embed& c) {
  return {.bytes = weight_bytes(c.type, c.n_rows * c.dim), .flops = 0};
}

std::string name_of(const GateUp& c) {
  return std::string("gate_up_act/") + name_of(c.type) + '/' + sizes(c.n_rows, c.n_out, c.n_in) +
         (c.activation == Activation::silu ? "/silu" : "/gelu");
}

Prepared prepare_case(const GateUp& c, const Device& device) {
  Prepared p;
  const auto weight = [&](std::uint64_t seed) {
    return put_weight(p, device, c.type, random_matrix(c.type, c.n_out, c.n_in, seed), c.n_out,
                      c.n_in);
  };
  const GateUpArgs args{.acts = put_acts(p, device, random_floats(2, c.n_rows * c.n_in), c.n_rows),
                        .gate = weight(1),
                        .up = weight(2),
                        .activation = c.activation,
                        .n_rows = static_cast<std::int32_t>(c.n_rows),
                        .gate_scratch = reserve_floats(p, device, c.n_rows * c.n_out),
                        .up_scratch = reserve_floats(p, device, c.n_rows * c.n_out),
                        .acts_out = reserve_acts(p, device, c.n_rows, c.n_out)};
  p.outputs = {
      {.kind = Output::Kind::acts, .data = args.acts_out, .n_rows = c.n_rows, .dim = c.n_out}};
  p.args = args;
  return p;
}

// Both activations have slopes of at most 1.13 and values of at most |gate|.
std::vector<double> bound_of(const GateUp& c, Precision precision) {
  const auto acts = normed(random_floats(2, c.n_rows * c.n_in), c.n_rows);
  const auto gate_weight = weight_values(c.type, c.n_out, c.n_in, 1);
  const auto up_weight = weight_values(c.type, c.n_out, c.n_in, 2);
  const auto gate = product(acts, gate_weight, c.n_in);
  const auto up = product(acts, up_weight, c.n_in);
  const auto gate_bound = product_bound(acts, gate_weight, c.n_in, c.type, precision);
  const auto up_bound = product_bound(acts, up_weight, c.n_in, c.type, precision);
  std::vector<double> bound;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    const double g = std::fabs(gate[i]);
    const double u = std::fabs(up[i]);
    bound.push_back(1.13 * gate_bound[i] * u + g * up_bound[i] +
                    1.13 * gate_bound[i] * up_bound[i] + 24 * kUnit * g * u);
  }
  return bound;
}

Cost cost_of(const GateUp& c) {
  const Cost one = cost_of(Gemm{c.type, c.n_rows, c.n_out, c.n_in});
  return {.bytes = 2 * one.bytes, .flops = 2 * one.flops};
}

std::string name_of(const Head& c) {
  return std::string("head/") + name_of(c.type) + '/' + sizes(c.n_rows, c.n_vocab, c.dim) +
         (c.softcap > 0 ? "/softcap" : "");
}

Prepared prepare_case(const Head& c, const Device& device) {
  Prepared p;
  std::vector<std::int32_t> rows;  // every second one, backwards
  for (std::int64_t i = 0; i < c.n_rows; ++i) {
    rows.push_back(static_cast<std::int32_t>(2 * (c.n_rows - 1 - i)));
  }
  const HeadArgs args{
      .x = put(p, device, random_floats(2, 2 * c.n_rows * c.dim)),
      .row = put(p, device, rows),
      .n_rows = static_cast<std::int32_t>(c.n_rows),
      .norm = put(p, device, random_floats(3, c.dim)),
      .eps = 1e-5F,
      .weight =
          put_weight(p, device, c.type, random_matrix(c.type, c.n_vocab, c.dim), c.n_vocab, c.dim),
      .scale = c.scale,
      .softcap = c.softcap,
      .x_scratch = reserve_floats(p, device, c.n_rows * c.dim),
      .acts_scratch = reserve_acts(p, device, c.n_rows, c.dim),
      .logits = reserve_floats(p, device, c.n_rows * c.n_vocab)};
  p.outputs = {{.data = args.logits, .n_rows = c.n_rows, .dim = c.n_vocab}};
  p.args = args;
  return p;
}

// The gains are below 1 and eps only makes values smaller, so the bound without them is larger.
std::vector<double> bound_of(const Head& c, Precision precision) {
  const auto all = normed(random_floats(2, 2 * c.n_rows * c.dim), 2 * c.n_rows);
  std::vector<float> acts;
  for (std::int64_t i = 0; i < c.n_rows; ++i) {
    const auto begin = all.begin() + 2 * (c.n_rows - 1 - i) * c.dim;
    acts.insert(acts.end(), begin, begin + c.dim);
  }
  auto bound =
      product_bound(acts, weight_values(c.type, c.n_vocab, c.dim), c.dim, c.type, precision);
  for (double& b : bound) b = b * double{c.scale} + 16 * kUnit * double{c.softcap};
  return bound;
}

Cost cost_of(const Head& c) {
  return cost_of(Gemm{c.type, c.n_rows, c.n_vocab, c.dim});
}

}  // namespace mr::kern::cases
