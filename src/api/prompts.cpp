#include "api/prompts.h"

namespace mr::api {
namespace json = boost::json;
namespace {

bool is_ids(const json::array& list) {
  return !list.empty() && list[0].is_number();
}

}  // namespace

std::vector<const json::value*> get_prompts(Fields& fields, std::string_view key,
                                            const Served& served) {
  const json::value* prompt = get(fields, key);
  if (prompt == nullptr) {
    complain(fields, key, "wanted a string, a list of strings or of token ids");
    return {};
  }
  const json::array* list = prompt->if_array();
  if (list == nullptr || is_ids(*list)) return {prompt};
  if (list->empty() || list->size() > served.limits.prompts) {
    complain(fields, key,
             "wanted 1 to " + std::to_string(served.limits.prompts) + " prompts, found " +
                 std::to_string(list->size()));
    return {};
  }
  std::vector<const json::value*> prompts;
  for (const json::value& item : *list) prompts.push_back(&item);
  return prompts;
}

std::vector<std::int32_t> prompt_tokens(Fields& fields, std::string_view key, const Served& served,
                                        const json::value& prompt, bool add_special) {
  if (const auto* text = prompt.if_string()) {
    const text::EncodeOptions options{.add_special = add_special, .parse_special = true};
    auto ids = text::encode(*served.tokenizer, as_text(*text), options);
    if (ids) return {ids->begin(), ids->end()};
    complain(fields, key, problem_of(ids.error()));
    return {};
  }
  const json::object wrapped{{key, prompt}};
  Fields own{.object = wrapped};
  auto ids = get_tokens(own, key, served.limits.prompt_tokens, served.n_vocab);
  join(fields, std::move(own.problem));
  return ids;
}

}  // namespace mr::api
