#include <algorithm>
#include <cmath>

#include "kern/cases/data.h"
#include "kern/cases/operation.h"

// Operations on rows of plain floats.
namespace mr::kern::cases {
namespace {

std::string sizes(std::int64_t n_rows, std::int64_t dim) {
  return std::to_string(n_rows) + 'x' + std::to_string(dim);
}

/// factor * |x| for each x.
std::vector<double> relative(const std::vector<float>& x, double factor) {
  std::vector<double> bound;
  for (const float value : x) bound.push_back(factor * std::fabs(double{value}));
  return bound;
}

Cost elementwise(std::int64_t n, double arrays) {
  return {.bytes = 4.0 * arrays * static_cast<double>(n), .flops = static_cast<double>(n)};
}

std::vector<float> scaled(std::vector<float> x, float factor) {
  for (float& value : x) value *= factor;
  return x;
}

}  // namespace

std::string name_of(const RmsNorm& c) {
  return "rms_norm/" + sizes(c.n_rows, c.dim) + (c.to_acts ? "/acts" : "");
}

Prepared prepare_case(const RmsNorm& c, const Device& device) {
  Prepared p;
  float* x = put(p, device, scaled(random_floats(1, c.n_rows * c.dim), 3.0F));
  RmsNormArgs args{.x = x,
                   .weight = put(p, device, random_floats(2, c.dim)),
                   .eps = 1e-6F,
                   .n_rows = static_cast<std::int32_t>(c.n_rows),
                   .dim = static_cast<std::int32_t>(c.dim)};
  if (c.to_acts) {
    args.acts = reserve_acts(p, device, c.n_rows, c.dim);
    p.outputs = {{.kind = Output::Kind::acts, .data = args.acts, .n_rows = c.n_rows, .dim = c.dim}};
  } else {
    args.y = x;
    p.outputs = {{.data = x, .n_rows = c.n_rows, .dim = c.dim}};
  }
  p.args = args;
  return p;
}

std::vector<double> bound_of(const RmsNorm& c) {
  return relative(normed(random_floats(1, c.n_rows * c.dim), c.n_rows),
                  (static_cast<double>(c.dim) / 8 + 16) * kUnit);
}

Cost cost_of(const RmsNorm& c) {
  return elementwise(c.n_rows * c.dim, 2);
}

std::string name_of(const ToActs& c) {
  return "to_acts/" + sizes(c.n_rows, c.dim);
}

Prepared prepare_case(const ToActs& c, const Device& device) {
  Prepared p;
  const ToActsArgs args{.x = put(p, device, random_floats(1, c.n_rows * c.dim)),
                        .n_rows = static_cast<std::int32_t>(c.n_rows),
                        .dim = static_cast<std::int32_t>(c.dim),
                        .acts = reserve_acts(p, device, c.n_rows, c.dim)};
  p.outputs = {{.kind = Output::Kind::acts, .data = args.acts, .n_rows = c.n_rows, .dim = c.dim}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const ToActs& c) {
  return std::vector<double>(static_cast<std::size_t>(c.n_rows * c.dim), 0.0);
}

Cost cost_of(const ToActs& c) {
  return elementwise(c.n_rows * c.dim, 2);
}

std::string name_of(const RopeAngles& c) {
  return "rope_angles/" + sizes(c.n_rows, c.n_dims);
}

namespace {

std::vector<std::int32_t> positions(std::int64_t n) {
  std::vector<std::int32_t> pos;
  for (std::int64_t i = 0; i < n; ++i) pos.push_back(static_cast<std::int32_t>(i * i * i));
  return pos;
}

std::vector<float> frequencies(std::int64_t n_pairs) {
  std::vector<float> inv_freq;
  for (std::int64_t i = 0; i < n_pairs; ++i) {
    const double power = static_cast<double>(i) / static_cast<double>(n_pairs);
    inv_freq.push_back(static_cast<float>(std::pow(10000.0, -power)));
  }
  return inv_freq;
}

}  // namespace

Prepared prepare_case(const RopeAngles& c, const Device& device) {
  Prepared p;
  const RopeAnglesArgs args{.pos = put(p, device, positions(c.n_rows)),
                            .inv_freq = put(p, device, frequencies(c.n_dims / 2)),
                            .n_rows = static_cast<std::int32_t>(c.n_rows),
                            .n_dims = static_cast<std::int32_t>(c.n_dims),
                            .magnitude = c.magnitude,
                            .angles = reserve_floats(p, device, c.n_rows * c.n_dims)};
  p.outputs = {{.data = args.angles, .n_rows = c.n_rows, .dim = c.n_dims}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const RopeAngles& c) {
  std::vector<double> bound;
  for (const std::int32_t pos : positions(c.n_rows)) {
    for (const float inv_freq : frequencies(c.n_dims / 2)) {
      const double angle = pos * double{inv_freq};
      bound.insert(bound.end(), 2, double{c.magnitude} * kUnit * (2 * angle + 8));
    }
  }
  return bound;
}

Cost cost_of(const RopeAngles& c) {
  return elementwise(c.n_rows * c.n_dims, 1);
}

std::string name_of(const RopeTurn& c) {
  return "rope/" + sizes(c.n_rows * c.n_heads, c.head_dim) + '/' + std::to_string(c.n_dims) +
         (c.kind == Rope::neox ? "/neox" : "/adjacent");
}

Prepared prepare_case(const RopeTurn& c, const Device& device) {
  Prepared p;
  const RopeArgs args{.x = put(p, device, random_floats(1, c.n_rows * c.n_heads * c.head_dim)),
                      .angles = put(p, device, random_floats(2, c.n_rows * c.n_dims)),
                      .n_rows = static_cast<std::int32_t>(c.n_rows),
                      .n_heads = static_cast<std::int32_t>(c.n_heads),
                      .head_dim = static_cast<std::int32_t>(c.head_dim),
                      .n_dims = static_cast<std::int32_t>(c.n_dims),
                      .kind = c.kind};
  p.outputs = {{.data = args.x, .n_rows = c.n_rows * c.n_heads, .dim = c.head_dim}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const RopeTurn& c) {  // two products below 1 and their sum
  return std::vector<double>(static_cast<std::size_t>(c.n_rows * c.n_heads * c.head_dim),
                             5 * kUnit);
}

Cost cost_of(const RopeTurn& c) {
  return elementwise(c.n_rows * c.n_heads * c.head_dim, 2);
}

std::string name_of(const ActMul& c) {
  const char* const names[] = {"/silu", "/gelu", "/swiglu_clamped"};
  return "act_mul/" + sizes(c.n_rows, c.dim) + names[static_cast<int>(c.activation)];
}

Prepared prepare_case(const ActMul& c, const Device& device) {
  Prepared p;
  const std::int64_t n = c.n_rows * c.dim;
  const ActMulArgs args{.gate = put(p, device, scaled(random_floats(1, n), 100.0F)),
                        .up = put(p, device, random_floats(2, n)),
                        .activation = c.activation,
                        .alpha = 1.702F,
                        .limit = 0.9F,  // both sides of up
                        .n_rows = static_cast<std::int32_t>(c.n_rows),
                        .dim = static_cast<std::int32_t>(c.dim),
                        .acts = reserve_acts(p, device, c.n_rows, c.dim)};
  p.outputs = {{.kind = Output::Kind::acts, .data = args.acts, .n_rows = c.n_rows, .dim = c.dim}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const ActMul& c) {
  const std::int64_t n = c.n_rows * c.dim;
  const auto gate = scaled(random_floats(1, n), 100.0F);
  auto bound = relative(random_floats(2, n), 16 * kUnit);
  const bool clamped = c.activation == Activation::swiglu_clamped;
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (clamped) bound[i] += 16 * kUnit;  // up + 1
    bound[i] *= std::fabs(double{gate[i]});
  }
  return bound;
}

Cost cost_of(const ActMul& c) {
  return elementwise(c.n_rows * c.dim, 3);
}

std::string name_of(const Add& c) {
  return "add/" + std::to_string(c.n);
}

Prepared prepare_case(const Add& c, const Device& device) {
  Prepared p;
  const AddArgs args{.x = put(p, device, random_floats(1, c.n)),
                     .y = put(p, device, random_floats(2, c.n)),
                     .scale = c.scale,
                     .n = c.n};
  p.outputs = {{.data = args.x, .dim = c.n}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const Add& c) {
  return std::vector<double>(static_cast<std::size_t>(c.n),
                             3 * kUnit * (1 + std::fabs(double{c.scale})));
}

Cost cost_of(const Add& c) {
  return elementwise(c.n, 3);
}

std::int64_t blocks_of(const ScaleCap& c) {
  return (c.dim + kLogitBlock - 1) / kLogitBlock;
}

std::string name_of(const ScaleCap& c) {
  return "scale_cap/" + sizes(c.n_rows, c.dim) + (c.scale != 1.0F ? "/scaled" : "") +
         (c.softcap > 0 ? "/softcap" : "");
}

Prepared prepare_case(const ScaleCap& c, const Device& device) {
  Prepared p;
  const ScaleCapArgs args{.x = put(p, device, scaled(random_floats(1, c.n_rows * c.dim), 50.0F)),
                          .n_rows = c.n_rows,
                          .dim = c.dim,
                          .scale = c.scale,
                          .softcap = c.softcap,
                          .block_max = reserve_floats(p, device, c.n_rows * blocks_of(c))};
  p.outputs = {{.data = args.x, .n_rows = c.n_rows, .dim = c.dim},
               {.data = args.block_max, .n_rows = c.n_rows, .dim = blocks_of(c)}};
  p.args = args;
  return p;
}

/// No maximum moves further than the logits of its block may.
std::vector<double> bound_of(const ScaleCap& c) {
  auto bound =
      relative(scaled(random_floats(1, c.n_rows * c.dim), 50.0F), 4 * kUnit * double{c.scale});
  for (double& b : bound) b += 8 * kUnit * double{c.softcap};
  std::vector<double> of_blocks;
  for (std::int64_t r = 0; r < c.n_rows; ++r) {
    for (std::int64_t begin = 0; begin < c.dim; begin += kLogitBlock) {
      const auto row = bound.begin() + r * c.dim;
      of_blocks.push_back(
          *std::max_element(row + begin, row + std::min(c.dim, begin + kLogitBlock)));
    }
  }
  bound.insert(bound.end(), of_blocks.begin(), of_blocks.end());
  return bound;
}

Cost cost_of(const ScaleCap& c) {
  return elementwise(c.n_rows * c.dim, 2);
}

std::string name_of(const Gather& c) {
  return "gather/" + sizes(c.n_rows, c.dim);
}

Prepared prepare_case(const Gather& c, const Device& device) {
  Prepared p;
  std::vector<std::int32_t> rows;
  for (std::int64_t i = 0; i < c.n_rows; ++i) {
    rows.push_back(static_cast<std::int32_t>((i * 5 + 3) % (c.n_rows + 2)));
  }
  const GatherArgs args{.x = put(p, device, random_floats(1, (c.n_rows + 2) * c.dim)),
                        .row = put(p, device, rows),
                        .n_rows = static_cast<std::int32_t>(c.n_rows),
                        .dim = static_cast<std::int32_t>(c.dim),
                        .y = reserve_floats(p, device, c.n_rows * c.dim)};
  p.outputs = {{.data = args.y, .n_rows = c.n_rows, .dim = c.dim}};
  p.args = args;
  return p;
}

std::vector<double> bound_of(const Gather& c) {
  return std::vector<double>(static_cast<std::size_t>(c.n_rows * c.dim), 0.0);
}

Cost cost_of(const Gather& c) {
  return elementwise(c.n_rows * c.dim, 2);
}

std::string name_of(const Argmax& c) {
  return "argmax/" + sizes(c.n_rows, c.dim);
}

Prepared prepare_case(const Argmax& c, const Device& device) {
  Prepared p;
  auto x = random_floats(1, c.n_rows * c.dim);
  for (std::int64_t r = 0; r < c.n_rows; ++r) {  // the same top twice, at any distance
    float* row = x.data() + r * c.dim;
    row[(r * 13 + 5) % c.dim] = 2.0F;
    row[(r * 29 + 11) % c.dim] = 2.0F;
    if (r % 3 == 2) row[r % c.dim] = NAN;
  }
  auto* index = reserve(p, device, static_cast<std::size_t>(c.n_rows) * sizeof(std::int32_t));
  p.args = ArgmaxArgs{.x = put(p, device, x),
                      .n_rows = static_cast<std::int32_t>(c.n_rows),
                      .dim = static_cast<std::int32_t>(c.dim),
                      .index = static_cast<std::int32_t*>(index)};
  p.outputs = {{.kind = Output::Kind::ints, .data = index, .dim = c.n_rows}};
  return p;
}

std::vector<double> bound_of(const Argmax& c) {
  return std::vector<double>(static_cast<std::size_t>(c.n_rows), 0.0);
}

Cost cost_of(const Argmax& c) {
  return elementwise(c.n_rows * c.dim, 1);
}

}  // namespace mr::kern::cases
