#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace mr::sample {

inline constexpr float kNever = -std::numeric_limits<float>::infinity();
inline constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
inline constexpr std::size_t kBlock = 64;

/// One entry of a selection by weight: the larger keys first, then the lower indices.
struct Weighted {
  float key;
  float weight;
  std::uint32_t index;
};

/// The tokens that may still be drawn, by rising token id; every sampler is a function that changes
/// or drops some of them. Logits are finite or -inf, the latter never drawn. One of these serves
/// any number of draws, one after the other, and keeps its memory.
struct Candidates {
  std::vector<float> logit;         ///< (n)
  std::vector<std::int32_t> token;  ///< (n) empty: logit i is that of token i
  std::vector<float> block_max;  ///< (ceil(n / kBlock)) of each block, as long as `token` is empty
  std::size_t n_vocab = 0;

  // Working memory; what it holds between calls means nothing.
  std::vector<Weighted> weighted;
  std::vector<float> values;
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> count;  ///< (n_vocab) all 0 between calls
};

/// The logits of one row as the head leaves them.
struct LogitRow {
  std::span<const float> logits;  ///< (n_vocab)
  /// (ceil(n_vocab / kBlock)) the largest of each block, NaN where a logit of it is not finite;
  /// empty: not known.
  std::span<const float> block_max = {};
};

/// All tokens of the vocabulary with these logits; numbers that are none count as -inf, infinity as
/// the largest float. Returns whether all were finite. Cost: one copy of the logits, and where the
/// block maxima are not known, a pass that finds them.
bool start(Candidates& candidates, const LogitRow& row);
inline bool start(Candidates& candidates, std::span<const float> logits) {
  return start(candidates, LogitRow{.logits = logits});
}

/// The token of candidate i.
inline std::int32_t token_of(const Candidates& candidates, std::size_t i) {
  return candidates.token.empty() ? static_cast<std::int32_t>(i) : candidates.token[i];
}

/// The candidate of a token, or kNone.
std::size_t find(const Candidates& candidates, std::int32_t token);

/// Gives candidate i another logit, which may be any float.
void set(Candidates& candidates, std::size_t i, float logit);

/// Gives these tokens, in rising order, a logit of -inf.
void ban(Candidates& candidates, std::span<const std::int32_t> tokens);

/// The largest logit; -inf where there is none.
float largest(const Candidates& candidates);

/// Puts exp(logit - max) of each candidate into `values`, to 2e-7 of it and at least e^-87, and
/// returns their sum; 0 and no values where max is -inf.
double weigh(Candidates& candidates, float max);

/// Keeps the logits above `floor`, and the first n_equal of those equal to it.
void keep(Candidates& candidates, float floor, std::size_t n_equal = kNone);

/// Keeps the candidates whose mark is not 0. Shapes: (n).
void keep_marked(Candidates& candidates, std::span<const std::uint8_t> marks);

}  // namespace mr::sample
