#include "api/forms.h"

#include "api/chat.h"
#include "api/completion.h"
#include "api/embeddings.h"
#include "api/messages.h"
#include "api/openai_form.h"
#include "api/responses.h"

namespace mr::api {

std::string event(Generation& generation, const Piece& piece) {
  return std::visit([&](auto& form) { return event(form, generation, piece); },
                    generation.ask.form);
}

std::string last(Generation& generation) {
  std::string out;
  if (!generation.cache.is_null()) {
    boost::json::object chunk = head(generation.ask, "cache");
    chunk["choices"] = boost::json::array();
    chunk["cache"] = generation.cache;
    out = data_event(chunk);
  }
  return out + std::visit([&](auto& form) { return last(form, generation); }, generation.ask.form);
}

std::string ping(const Generation& generation) {
  return std::holds_alternative<MessagesForm>(generation.ask.form) ? messages_ping() : ": ping\n\n";
}

std::string error_event(const Generation& generation, const Problem& problem) {
  const Form& form = generation.ask.form;
  if (std::holds_alternative<MessagesForm>(form)) return messages_error(problem);
  if (std::holds_alternative<ResponsesForm>(form)) return responses_error(problem);
  return data_event(openai_error(problem));
}

boost::json::object whole(Generation& generation) {
  boost::json::object out =
      std::visit([&](auto& form) { return whole(form, generation); }, generation.ask.form);
  if (!generation.cache.is_null()) out["cache"] = generation.cache;
  return out;
}

}  // namespace mr::api
