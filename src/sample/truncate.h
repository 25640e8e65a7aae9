#pragma once
#include "sample/candidates.h"
#include "sample/key.h"

/// Samplers that drop candidates. Where the choice falls between equal logits, the lower token ids
/// are kept. None drops the last one.
namespace mr::sample {

/// Keeps the k most probable; all where k is below 1.
/// Cost: of a whole vocabulary, only the blocks that hold one of the k largest block maxima.
void top_k(Candidates& candidates, std::int32_t k);

/// Keeps the fewest most probable whose probabilities sum to p at least; all where p is 1.
/// Source: Holtzman et al. 2020, "The curious case of neural text degeneration".
void top_p(Candidates& candidates, float p);

/// Keeps those at least p times as probable as the most probable one.
/// Source: Nguyen et al. 2024, "Min-p sampling", arXiv:2407.01082.
void min_p(Candidates& candidates, float p);

/// Keeps those whose surprise is nearest to the entropy, the fewest whose probabilities sum to more
/// than p; all where p is 1.
/// Source: Meister et al. 2022, "Locally typical sampling", arXiv:2202.00666.
void typical_p(Candidates& candidates, float p);

/// Logits more than n standard deviations below the largest become -inf; off where n is not above
/// 0. Source: Tang et al. 2024, "Top-nsigma", arXiv:2411.07641.
void top_n_sigma(Candidates& candidates, float n);

/// With a chance of `probability`, drops all that are at least as probable as `threshold` but the
/// least probable of them. The chance follows from the key.
/// Source: llama.cpp, tools/completion/README.md, "XTC Sampling".
void xtc(Candidates& candidates, float probability, float threshold, const Key& key);

}  // namespace mr::sample
