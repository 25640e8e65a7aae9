#pragma once
#include <cstdint>
#include <span>

/// From logits to the next token. A draw depends on its key and the logits alone, so neither batch
/// nor order changes it, and a draft that draws with the same key agrees as often as it can.
namespace mr::sample {

/// What a request asks of its draws.
struct Params {
  float temperature = 0.8F;  ///< 0: the most probable token
  std::uint64_t seed = 0;
};

/// Where a draw stands: the noise of every token id follows from it.
struct Key {
  std::uint64_t seed = 0;
  std::uint32_t choice = 0;    ///< which of the request's answers
  std::uint32_t position = 0;  ///< of the token that is drawn
};

/// The Gumbel noise of one token: -log(-log(u)), u uniform in (0, 1).
double gumbel(const Key& key, std::uint32_t token);

/// The token with the largest logit / temperature + noise; at temperature 0 the largest logit, the
/// lowest id where several are equal. Logits of -inf are never drawn; -1 where no logit is finite.
/// Source: Gumbel 1954; Maddison et al. 2014, "A* sampling", arXiv:1411.0030, section 2.
std::int32_t draw(std::span<const float> logits, const Params& params, const Key& key);

}  // namespace mr::sample
