#pragma once
#include "io/gguf.h"
#include "sample/params.h"

namespace mr::sample {

/// What a GGUF file says about draws, over `params`: the keys general.sampling.* that llama.cpp
/// writes and reads: sequence, temp, top_k, top_p, min_p, xtc_probability, xtc_threshold,
/// penalty_last_n, penalty_repeat, mirostat, mirostat_tau, mirostat_eta.
/// Errors: bad_model naming the key, for wrong types and ranges.
Expected<Params> with_gguf_config(Params params, const gguf::File& file);

}  // namespace mr::sample
