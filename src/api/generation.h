#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/ask.h"
#include "api/tool_stream.h"

/// A request for tokens under way: what comes from the engine made into what a client reads.
/// Pure logic; the forms (completion_form.h and others) make bytes of it.
namespace mr::api {

enum class Finish : std::uint8_t { stop, length, tool_calls, failed };

/// OpenAI's name for it.
std::string_view name_of(Finish finish);

/// A token as it is told with logprobs.
struct ShownToken {
  std::int32_t id = -1;
  std::optional<sample::Logprobs> logprobs = {};  ///< none of the first token of a prompt
};

/// What one choice has to say at one moment.
struct Piece {
  std::int32_t index = 0;  ///< of the choice in the answer
  std::string reasoning = {};
  std::string text = {};
  std::vector<ToolCall> calls = {};
  std::vector<ShownToken> tokens = {};
  std::optional<Finish> finish = {};
  std::optional<std::string> stop_string = {};  ///< that ended it
  std::optional<std::int32_t> stop_token = {};  ///< likewise, where it is none of the model's
};

/// One choice so far.
struct Choice {
  text::AnswerStream stream;
  ToolStream tools = {};
  std::int32_t n_tokens = 0;
  double sum_logprobs = 0;
  bool begun = false;
  Piece whole = {};  ///< all pieces in one, kept where the answer is not streamed
};

struct Usage {
  std::int32_t n_prompt = 0;
  std::int32_t n_cached = 0;
  std::int32_t n_completion = 0;
  std::int32_t n_reasoning = 0;
};

struct Generation {
  Ask ask;
  const text::Tokenizer* tokenizer;
  std::vector<Choice> choices = {};  ///< by prompt, then by choice: (n_prompts * best_of)
  std::vector<std::vector<ShownToken>> prompt_tokens = {};  ///< by prompt, where they are echoed
  std::vector<std::int32_t> n_cached = {};                  ///< by prompt
  std::vector<sched::Miss> miss = {};                       ///< by prompt: why not more
  std::vector<std::vector<float>> hidden = {};              ///< by prompt, where they are pooled
  boost::json::value cache = nullptr;                       ///< the report on it, once it is made
  std::int32_t n_open = 0;                                  ///< choices that have not finished
};

/// `tokenizer` outlives the generation.
Generation make_generation(Ask ask, const text::Tokenizer& tokenizer);

/// Takes in what came of a prompt; nothing where there is nothing to say. `finish` in the piece
/// without an end of the event means that a stop string ended the choice: the engine need not go
/// on.
std::optional<Piece> take_in(Generation& generation, std::int32_t prompt, engine::Event&& event);

Usage usage_of(const Generation& generation);

/// The choices to give back when all have finished: those of the highest mean logprob of each
/// prompt, in the order and with the indices of the answer.
std::vector<Piece> whole_choices(Generation& generation);

}  // namespace mr::api
