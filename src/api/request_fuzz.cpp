// Bodies of requests, through the protocols to what the engine is asked: any are refused or
// understood. The first byte picks the protocol.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/chat.h"
#include "api/completion.h"
#include "api/embeddings.h"
#include "api/json_limits.h"
#include "api/messages.h"
#include "api/responses.h"
#include "io/json.h"
#include "text/end_tokens.h"
#include "text/vocab.h"

namespace {

using namespace mr;

struct Model {
  text::Tokenizer tokenizer;
  api::Served served;
};

Model* load() {
  const std::string path =
      std::string(MILLRACE_SOURCE_DIR) + "/models/millrace-nano/millrace-nano-f16.gguf";
  auto* model = new Model{*text::make_tokenizer(*text::read_vocab(path)), {}};
  api::Served& served = model->served;
  served.names = {"nano"};
  served.tokenizer = &model->tokenizer;
  served.chat = std::move(*text::load_chat_template(path));
  served.vocabulary = std::make_shared<const text::grammar::Vocabulary>(
      text::grammar::make_vocabulary(model->tokenizer));
  served.end_tokens = text::end_tokens(model->tokenizer);
  served.marks = text::think_marks(model->tokenizer);
  served.n_vocab = static_cast<std::int32_t>(text::n_tokens(model->tokenizer));
  served.n_context = 512;
  served.strict = true;
  return model;
}

api::Checked<api::Ask> parse_responses(const boost::json::object& body, const api::Served& served,
                                       const api::Asking& asking) {
  static api::ResponseStore earlier;  // empty
  return api::parse_responses(body, served, earlier, asking);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Model* const model = load();
  if (size == 0) return 0;
  const auto document = mr::json::parse({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!document || !document->root.is_object()) return 0;
  if (!api::check_json(document->root, model->served.limits)) return 0;
  constexpr decltype(&api::parse_chat) kProtocols[] = {api::parse_chat, api::parse_completion,
                                                       api::parse_messages, parse_responses,
                                                       api::parse_embeddings};
  const auto ask = kProtocols[data[0] % 5](document->root.get_object(), model->served, {});
  if (!ask && ask.error().status < 400) std::abort();
  if (ask && ask->prompts.empty()) std::abort();
  return 0;
}
