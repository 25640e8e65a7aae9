#include "sample/draw.h"

#include <algorithm>
#include <cmath>

namespace mr::sample {
namespace {

// u lies in [2^-33, 1 - 2^-33], so the noise lies below this.
constexpr double kMostNoise = 22.88;

double noise_of(std::uint32_t bits) {
  const double u = (static_cast<double>(bits) + 0.5) * 0x1p-32;
  return -std::log(-std::log(u));
}

/// Fewer bits than these make less noise than `noise`; short by 2, so that rounding cannot matter.
std::uint32_t least_bits(double noise) {
  const double u = std::exp(-std::exp(-noise));
  return static_cast<std::uint32_t>(std::clamp(u * 0x1p32 - 2.0, 0.0, 0x1p32 - 2.0));
}

/// The best so far, and the words of the group of tokens last looked at.
struct Search {
  std::size_t best = kNone;
  double score = -std::numeric_limits<double>::infinity();
  std::uint32_t group = std::numeric_limits<std::uint32_t>::max();  // no token's
  std::array<std::uint32_t, 4> words = {};
};

/// Looks through the candidates from `begin` to `end`, the largest logit of which is `max`.
void search(const Candidates& c, const Key& key, std::size_t begin, std::size_t end, double max,
            Search& s) {
  const std::uint32_t floor = least_bits(s.score - max);
  for (std::size_t i = begin; i < end; ++i) {
    const auto logit = static_cast<double>(c.logit[i]);
    if (!(logit + kMostNoise > s.score)) continue;
    const auto token = static_cast<std::uint32_t>(token_of(c, i));
    if (token / 4 != s.group) {
      s.group = token / 4;
      s.words = random_words(key, s.group, 0);
    }
    const std::uint32_t bits = s.words[token % 4];
    if (bits < floor) continue;
    const double score = logit + noise_of(bits);
    if (score > s.score) {
      s.score = score;
      s.best = i;
    }
  }
}

}  // namespace

double gumbel(const Key& key, std::uint32_t token) {
  return noise_of(random_words(key, token / 4, 0)[token % 4]);
}

std::size_t draw(const Candidates& c, const Key& key) {
  Search s;
  for (std::size_t begin = 0; begin < c.logit.size(); begin += kBlock) {
    const std::size_t end = std::min(c.logit.size(), begin + kBlock);
    const float max = c.token.empty()
                          ? c.block_max[begin / kBlock]
                          : *std::max_element(c.logit.data() + begin, c.logit.data() + end);
    if (max == kNever || !(static_cast<double>(max) + kMostNoise > s.score)) continue;
    search(c, key, begin, end, static_cast<double>(max), s);
  }
  return s.best;
}

}  // namespace mr::sample
