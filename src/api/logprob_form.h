#pragma once
#include <boost/json.hpp>
#include <span>

#include "api/generation.h"

/// Logprobs as OpenAI's two protocols write them; minus infinity is -9999, as vLLM has it.
namespace mr::api {

/// {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}.
boost::json::object chat_logprobs(const text::Tokenizer& tokenizer,
                                  std::span<const ShownToken> tokens);

/// {"tokens", "token_logprobs", "top_logprobs", "text_offset"}; offsets count characters from
/// `offset` on.
boost::json::object completion_logprobs(const text::Tokenizer& tokenizer,
                                        std::span<const ShownToken> tokens, std::size_t& offset);

}  // namespace mr::api
