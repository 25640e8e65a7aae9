#include "api/completion.h"

#include "api/answer_grammar.h"
#include "api/fill_in.h"
#include "api/logprob_form.h"
#include "api/openai_form.h"
#include "api/prompts.h"
#include "text/valid_utf8.h"

namespace mr::api {
namespace json = boost::json;
namespace {

/// Puts a prompt around the gap that `suffix` leaves.
std::vector<std::int32_t> around_gap(Fields& fields, const Served& served,
                                     std::vector<std::int32_t> before, std::string_view suffix) {
  const auto marks = fill_in(*served.tokenizer);
  const auto after = text::encode(*served.tokenizer, suffix);
  if (!marks) {
    complain(fields, "suffix",
             {.status = 501,
              .message = "this model has no tokens to fill gaps with",
              .code = "unsupported_field"});
  } else if (!after) {
    complain(fields, "suffix", problem_of(after.error()));
  } else {
    before.insert(before.begin(), marks->prefix);
    before.push_back(marks->suffix);
    before.insert(before.end(), after->begin(), after->end());
    before.push_back(marks->middle);
  }
  return before;
}

CompletionForm completion_form(Fields& fields, const Served& served, Shared& shared) {
  const Range range{0, static_cast<double>(served.limits.logprobs)};
  const auto n = get_integer(fields, "logprobs", range);
  if (n) shared.sample.n_logprobs = static_cast<std::int32_t>(*n);
  if (!n && shared.ask.best_of > shared.ask.n) shared.sample.n_logprobs = 0;
  return {.logprobs = n.has_value(), .offsets = {}};
}

/// The text that a prompt stands for when it is echoed.
std::string echo_of(const Served& served, const std::vector<std::int32_t>& tokens) {
  const std::vector<text::Id> ids(tokens.begin(), tokens.end());
  return text::valid_utf8(text::decode(*served.tokenizer, ids));
}

json::object choice_of(const CompletionForm& form, const Generation& generation, const Piece& piece,
                       std::size_t& offset) {
  json::object choice{{"index", piece.index}, {"text", piece.text}, {"logprobs", nullptr}};
  if (form.logprobs) {
    choice["logprobs"] = completion_logprobs(*generation.tokenizer, piece.tokens, offset);
  }
  choice["finish_reason"] = finish_reason(piece);
  choice["stop_reason"] = stop_reason(generation, piece);
  if (generation.ask.token_ids) choice["token_ids"] = token_ids(piece);
  return choice;
}

}  // namespace

Checked<Ask> parse_completion(const json::object& body, const Served& served,
                              const Asking& asking) {
  Fields fields{.object = body};
  Shared shared = get_shared(fields, served, asking, "cmpl-");
  CompletionForm form = completion_form(fields, served, shared);
  const auto n_new =
      get_integer(fields, "max_tokens", {0, static_cast<double>(served.limits.max_tokens)});
  const bool echo = get_flag(fields, "echo").value_or(false);
  const bool add_special = get_flag(fields, "add_special_tokens").value_or(true);
  if (echo && shared.ask.stream) complain(fields, "echo", "not with stream: true");
  const auto suffix = get_text(fields, "suffix");
  if (!set_grammar(fields, served, shared, {}, {})) return refuse(std::move(*fields.problem));
  refuse_known(fields);
  pass_harmless(fields);
  for (const json::value* prompt : get_prompts(fields, "prompt", served)) {
    std::vector<std::int32_t> tokens =
        prompt_tokens(fields, "prompt", served, *prompt, add_special);
    if (suffix && !suffix->empty()) {
      tokens = around_gap(fields, served, std::move(tokens), *suffix);
    }
    if (fields.problem) break;
    if (echo) shared.ask.echo.push_back(echo_of(served, tokens));
    add_prompt(fields, served, shared, "prompt", std::move(tokens), n_new.value_or(16));
    if (fields.problem) break;
    if (echo && form.logprobs) {
      shared.ask.prompts.back().n_prompt_logprobs = shared.sample.n_logprobs;
    }
  }
  settle_unread(fields, served);
  if (fields.problem) return refuse(std::move(*fields.problem));
  form.offsets.resize(shared.ask.prompts.size() * static_cast<std::size_t>(shared.ask.n));
  shared.ask.form = std::move(form);
  return std::move(shared.ask);
}

json::object whole(const CompletionForm& form, Generation& generation) {
  json::object out = head(generation.ask, "text_completion");
  json::array choices;
  for (const Piece& piece : whole_choices(generation)) {
    std::size_t offset = 0;
    choices.push_back(choice_of(form, generation, piece, offset));
  }
  out["choices"] = std::move(choices);
  out["usage"] = usage_object(usage_of(generation));
  return out;
}

std::string event(CompletionForm& form, const Generation& generation, const Piece& piece) {
  json::object out = head(generation.ask, "text_completion");
  std::size_t& offset = form.offsets[static_cast<std::size_t>(piece.index)];
  out["choices"] = json::array{choice_of(form, generation, piece, offset)};
  if (generation.ask.continuous_usage) out["usage"] = usage_object(usage_of(generation));
  return data_event(out);
}

std::string last(const CompletionForm&, const Generation& generation) {
  return stream_end(generation, "text_completion");
}

}  // namespace mr::api
