#pragma once
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "io/resolve.h"
#include "model/source.h"
#include "text/tokenizer.h"

namespace mr::app {

/// The tokens that end an answer of a model, rising: those that its vocabulary names, the
/// eos_token_id of its generation_config.json (one or a list), and the ids of a GGUF file for the
/// end of a turn and of a message. Ids outside the vocabulary mean nothing.
/// Errors: bad_model naming the file, for wrong types.
Expected<std::vector<std::int32_t>> model_ends(const io::ModelFiles& files,
                                               const model::Source& source,
                                               const text::Tokenizer& tokenizer);

}  // namespace mr::app
