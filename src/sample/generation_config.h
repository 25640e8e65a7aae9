#pragma once
#include <boost/json/object.hpp>

#include "sample/params.h"

namespace mr::sample {

/// What the generation_config.json of a model says about draws, over `params`: do_sample (false:
/// temperature 0), temperature, top_k, top_p, min_p, typical_p, repetition_penalty,
/// no_repeat_ngram_size, min_new_tokens, bad_words_ids and suppress_tokens. Other fields are left
/// alone. Errors: bad_model naming the field, for wrong types, ranges and tokens.
Expected<Params> with_generation_config(Params params, const boost::json::object& config,
                                        std::int32_t n_vocab);

}  // namespace mr::sample
