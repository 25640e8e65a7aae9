#pragma once
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/tool_format.h"
#include "engine/engine.h"
#include "text/answer_stream.h"

namespace mr::api {

/// How an answer of /v1/completions is written.
struct CompletionForm {
  bool logprobs = false;
  std::vector<std::size_t> offsets = {};  ///< by choice: characters of text streamed so far
};

/// How an answer of /v1/chat/completions is written.
struct ChatForm {
  bool logprobs = false;
  bool deepseek = false;          ///< the thought by one of its names alone: reasoning_content
  std::vector<bool> begun = {};   ///< by choice: its role was sent
  std::vector<int> n_calls = {};  ///< by choice: calls sent
};

/// How an answer of /v1/messages is written, and where its stream is.
struct MessagesForm {
  bool begun = false;
  int index = 0;          ///< of the block
  std::string kind = {};  ///< of the block that is open; none: nothing
  std::string stop_reason = "end_turn";
  std::optional<std::string> stop_sequence = {};
};

/// How an answer of /v1/responses is written, and where its stream is.
struct ResponsesForm {
  boost::json::object echo = {};   ///< what it repeats of the request
  boost::json::array input = {};   ///< items up to this answer, its forerunners' among them
  bool store = true;               ///< so that a later one may go on from it
  std::uint64_t scope = 0;         ///< of the key that asks
  boost::json::array output = {};  ///< items that are complete
  bool begun = false;
  bool cut = false;          ///< at the limit of tokens
  int sequence = 0;          ///< number of the next event
  std::string kind = {};     ///< of the item that is open; none: nothing
  std::string item_id = {};  ///< of that
  std::string text = {};     ///< of that
};

/// How an answer of /v1/embeddings is written.
struct EmbeddingsForm {
  bool base64 = false;
};

using Form = std::variant<CompletionForm, ChatForm, MessagesForm, ResponsesForm, EmbeddingsForm>;

struct Chat;

/// A request for tokens, made ready by its protocol: what the engine is to do, how the answer is
/// read, and how it is written.
struct Ask {
  std::string id;
  std::int64_t created = 0;
  std::string model;
  std::string fingerprint;
  std::vector<engine::Submit> prompts;  ///< each for best_of choices
  text::AnswerOptions reading = {};
  std::int32_t n = 1;        ///< choices given back of each prompt
  std::int32_t best_of = 1;  ///< choices made of each prompt, at least n
  bool stream = false;
  bool include_usage = false;
  bool continuous_usage = false;
  bool token_ids = false;                       ///< shown with the text
  bool tool_calls = false;                      ///< looked for in the text, in the form ...
  ToolFormat tool_format = ToolFormat::hermes;  ///< ... of the model
  bool parallel_calls = true;                   ///< more than one
  std::shared_ptr<text::grammar::Matcher> grammar = {};  ///< that the prompts' parameters point to
  std::vector<std::string> echo = {};     ///< by prompt: what its text begins with; none: nothing
  bool cache_report = false;              ///< told why a prompt was not found in the cache whole
  std::shared_ptr<const Chat> chat = {};  ///< that the prompt was made of, for that
  Form form;
};

}  // namespace mr::api
