#pragma once
#include "sample/candidates.h"
#include "sample/params.h"

/// The samplers that end a chain and learn from what was drawn. What they know is a small value
/// that goes along with the tokens of a path, so that every branch of a tree has its own.
namespace mr::sample {

struct Carry {
  float mirostat_mu = 0;           ///< surprise that is let through, in bits
  float adaptive_probability = 0;  ///< decaying sum of the probabilities of drawn tokens
  float adaptive_weight = 0;       ///< decaying number of them
  Thought thought = {};
  GrammarPlace grammar = {};
};

/// What is known before the first token.
Carry first_carry(const Params& params);

/// Drops what is more surprising than mu, but not the most probable.
/// Source: Basu et al. 2021, "Mirostat", arXiv:2007.14966, algorithm 2.
void mirostat(Candidates& candidates, const Carry& carry);

/// Moves mu by what candidate i, drawn from these, came to.
void learn_mirostat(Carry& carry, Candidates& candidates, std::size_t drawn, const Params& params);

/// Makes those the most probable whose probabilities are nearest to the target, which makes up for
/// what the last tokens missed it by. Leaves the probabilities that were in `candidates.values`.
/// Source: llama.cpp, include/llama.h, llama_sampler_init_adaptive_p.
void adaptive_p(Candidates& candidates, const Carry& carry, const Params& params);

/// Takes in the probability that the drawn token had before adaptive_p.
void learn_adaptive_p(Carry& carry, float probability, const Params& params);

}  // namespace mr::sample
