#pragma once
#include "api/fields.h"
#include "api/served.h"

namespace mr::api {

/// The samplers of a request, by the names of OpenAI, vLLM and llama.cpp, over the model's own.
sample::Params get_sampling(Fields& fields, const Served& served);

}  // namespace mr::api
