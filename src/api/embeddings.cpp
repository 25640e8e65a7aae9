#include "api/embeddings.h"

#include <bit>
#include <cmath>

#include "api/openai_form.h"
#include "api/prompts.h"
#include "text/base64.h"

namespace mr::api {
namespace json = boost::json;
namespace {

EmbeddingsForm get_form(Fields& fields) {
  const auto encoding = get_text(fields, "encoding_format").value_or("float");
  if (encoding != "float" && encoding != "base64") {
    complain(fields, "encoding_format", "wanted float or base64");
  }
  return {.base64 = encoding == "base64"};
}

void get_dimensions(Fields& fields, const Served& served) {
  const auto n = get_integer(fields, "dimensions", {1, 1e6});
  if (!n || *n == served.n_hidden) return;
  complain(fields, "dimensions",
           {.status = 501,
            .message = "this model's embeddings have " + std::to_string(served.n_hidden) +
                       " dimensions, and no others are supported",
            .code = "unsupported_field"});
}

/// Of length 1.
std::vector<float> normed(const std::vector<float>& hidden) {
  double sum = 0;
  for (const float x : hidden) sum += static_cast<double>(x) * static_cast<double>(x);
  const double scale = sum > 0 ? 1 / std::sqrt(sum) : 0;
  std::vector<float> out;
  for (const float x : hidden) out.push_back(static_cast<float>(static_cast<double>(x) * scale));
  return out;
}

/// As little-endian floats in base64, or as a list of numbers.
json::value written(const std::vector<float>& hidden, bool base64) {
  if (!base64) return json::array(hidden.begin(), hidden.end());
  static_assert(std::endian::native == std::endian::little);
  return json::value(text::to_base64(
      {reinterpret_cast<const char*>(hidden.data()), hidden.size() * sizeof(float)}));
}

}  // namespace

Checked<Ask> parse_embeddings(const json::object& body, const Served& served,
                              const Asking& asking) {
  Fields fields{.object = body};
  Shared shared;
  shared.ask.created = asking.now;
  shared.ask.model = get_model(fields, served);
  shared.salt = asking.scope;
  shared.tenant = asking.scope;
  get_salt(fields, served, shared);
  shared.ask.form = get_form(fields);
  get_dimensions(fields, served);
  const bool add_special = get_flag(fields, "add_special_tokens").value_or(true);
  pass_harmless(fields);
  refuse_known(fields);
  for (const json::value* input : get_prompts(fields, "input", served)) {
    std::vector<std::int32_t> tokens = prompt_tokens(fields, "input", served, *input, add_special);
    if (!fields.problem) add_prompt(fields, served, shared, "input", std::move(tokens), 0);
    if (fields.problem) break;
    shared.ask.prompts.back().pooling = served.pooling;
  }
  settle_unread(fields, served);
  if (fields.problem) return refuse(std::move(*fields.problem));
  return std::move(shared.ask);
}

json::object whole(const EmbeddingsForm& form, Generation& generation) {
  json::array data;
  for (std::size_t i = 0; i < generation.hidden.size(); ++i) {
    data.push_back({{"object", "embedding"},
                    {"index", i},
                    {"embedding", written(normed(generation.hidden[i]), form.base64)}});
  }
  const std::int32_t n_prompt = usage_of(generation).n_prompt;
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", generation.ask.model},
          {"usage", {{"prompt_tokens", n_prompt}, {"total_tokens", n_prompt}}}};
}

}  // namespace mr::api
