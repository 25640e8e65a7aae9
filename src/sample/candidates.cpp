#include "sample/candidates.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace mr::sample {
namespace {

constexpr std::size_t kLanes = 16;

float lawful(float logit) {
  return std::isnan(logit) ? kNever : std::min(logit, std::numeric_limits<float>::max());
}

/// Lanes instead of a running maximum: GCC makes vector code of it without -ffast-math.
float largest_of(const float* logits, std::size_t n) {
  if (n < kBlock) return n == 0 ? kNever : *std::max_element(logits, logits + n);
  float lanes[kLanes];
  std::copy_n(logits, kLanes, lanes);
  for (std::size_t i = kLanes; i < kBlock; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) {
      lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
    }
  }
  return *std::max_element(lanes, lanes + kLanes);
}

/// Whether all numbers of a block are finite: 0 times anything else is NaN.
bool all_finite_of(const float* logits, std::size_t n) {
  if (n < kBlock) return std::all_of(logits, logits + n, [](float x) { return std::isfinite(x); });
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < kBlock; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += logits[i + j] * 0.0F;
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum == 0;
}

/// exp(x) for x from -87 to 0. Plain arithmetic: loops over it, and over nothing else, become
/// vector code. Source: Cody and Waite 1980 (ln 2 in two parts); the series of exp to the sixth
/// power.
float exp_of(float x) {
  const auto n = static_cast<std::int32_t>(x * 1.44269504F - 0.5F);
  const auto whole = static_cast<float>(n);
  const float r = x - whole * 0.693145752F - whole * 1.42860677e-6F;
  float sum = 8.3333333e-3F + r * 1.3888889e-3F;
  sum = 4.1666667e-2F + r * sum;
  sum = 1.6666667e-1F + r * sum;
  sum = 0.5F + r * sum;
  return (1 + r * (1 + r * sum)) * std::bit_cast<float>((n + 127) << 23);
}

double weigh_lanes(const float* logit, float max, float* weight) {
  float x[kLanes];
  for (std::size_t j = 0; j < kLanes; ++j) x[j] = logit[j] - max;
  for (std::size_t j = 0; j < kLanes; ++j) x[j] = x[j] < -87 ? -87 : x[j];
  for (std::size_t j = 0; j < kLanes; ++j) x[j] = exp_of(x[j]);
  std::copy_n(x, kLanes, weight);
  for (std::size_t j = 0; j < kLanes / 2; ++j) x[j] += x[j + kLanes / 2];
  for (std::size_t j = 0; j < kLanes / 4; ++j) x[j] += x[j + kLanes / 4];
  return static_cast<double>(x[0] + x[2]) + static_cast<double>(x[1] + x[3]);
}

std::size_t block_size(const Candidates& c, std::size_t block) {
  return std::min(kBlock, c.logit.size() - block * kBlock);
}

void set_block_max(Candidates& c, std::size_t block) {
  c.block_max[block] = largest_of(c.logit.data() + block * kBlock, block_size(c, block));
}

/// Moves candidate i behind those kept so far, of which `tokens` are the ids.
void take(Candidates& c, std::size_t i, bool dense) {
  c.logit[c.tokens.size()] = c.logit[i];
  c.tokens.push_back(dense ? static_cast<std::int32_t>(i) : c.token[i]);
}

void finish(Candidates& c) {
  c.logit.resize(c.tokens.size());
  std::swap(c.token, c.tokens);
  c.block_max.clear();
}

}  // namespace

bool start(Candidates& c, const LogitRow& row) {
  const std::size_t n = row.logits.size();
  c.n_vocab = n;
  c.token.clear();
  c.logit.assign(row.logits.begin(), row.logits.end());
  c.block_max.assign(row.block_max.begin(), row.block_max.end());
  const bool known = !row.block_max.empty();
  c.block_max.resize((n + kBlock - 1) / kBlock);
  bool all_finite = true;
  for (std::size_t block = 0; block < c.block_max.size(); ++block) {
    float* logits = c.logit.data() + block * kBlock;
    const std::size_t n_block = block_size(c, block);
    const bool finite = known ? !std::isnan(c.block_max[block]) : all_finite_of(logits, n_block);
    if (!finite) {
      all_finite = false;
      std::transform(logits, logits + n_block, logits, lawful);
    }
    if (!known || !finite) set_block_max(c, block);
  }
  return all_finite;
}

std::size_t find(const Candidates& c, std::int32_t token) {
  if (c.token.empty()) {
    const auto i = static_cast<std::size_t>(token);
    return token >= 0 && i < c.logit.size() ? i : kNone;
  }
  const auto at = std::lower_bound(c.token.begin(), c.token.end(), token);
  if (at == c.token.end() || *at != token) return kNone;
  return static_cast<std::size_t>(at - c.token.begin());
}

void set(Candidates& c, std::size_t i, float logit) {
  c.logit[i] = lawful(logit);
  if (c.token.empty()) set_block_max(c, i / kBlock);
}

void ban(Candidates& c, std::span<const std::int32_t> tokens) {
  std::size_t block = kNone;  // the one whose maximum may have changed
  for (const std::int32_t token : tokens) {
    const std::size_t i = find(c, token);
    if (i == kNone) continue;
    c.logit[i] = kNever;
    if (!c.token.empty() || i / kBlock == block) continue;
    if (block != kNone) set_block_max(c, block);
    block = i / kBlock;
  }
  if (block != kNone) set_block_max(c, block);
}

float largest(const Candidates& c) {
  const std::vector<float>& from = c.token.empty() ? c.block_max : c.logit;
  return from.empty() ? kNever : *std::max_element(from.begin(), from.end());
}

double weigh(Candidates& c, float max) {
  c.values.clear();
  if (max == kNever) return 0;
  const std::size_t n = c.logit.size();
  c.values.resize(n);
  double sum = 0;
  const std::size_t n_full = n / kLanes * kLanes;
  for (std::size_t i = 0; i < n_full; i += kLanes) {
    sum += weigh_lanes(c.logit.data() + i, max, c.values.data() + i);
  }
  float rest[kLanes];
  float weight[kLanes];
  std::fill_n(rest, kLanes, kNever);
  std::copy_n(c.logit.data() + n_full, n - n_full, rest);
  weigh_lanes(rest, max, weight);
  std::copy_n(weight, n - n_full, c.values.data() + n_full);
  for (std::size_t i = n_full; i < n; ++i) sum += static_cast<double>(c.values[i]);
  return sum;
}

void keep(Candidates& c, float floor, std::size_t n_equal) {
  const bool dense = c.token.empty();
  const std::size_t n = c.logit.size();
  c.tokens.clear();
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    if (dense && c.block_max[begin / kBlock] < floor) continue;
    for (std::size_t i = begin; i < std::min(n, begin + kBlock); ++i) {
      if (c.logit[i] < floor) continue;
      if (c.logit[i] == floor && n_equal-- == 0) {
        n_equal = 0;
        continue;
      }
      take(c, i, dense);
    }
  }
  finish(c);
}

void keep_marked(Candidates& c, std::span<const std::uint8_t> marks) {
  const bool dense = c.token.empty();
  c.tokens.clear();
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i] != 0) take(c, i, dense);
  }
  finish(c);
}

}  // namespace mr::sample
