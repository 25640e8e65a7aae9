#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "text/stop_strings.h"
#include "text/stream_decoder.h"
#include "text/think_marks.h"

/// What people see of an answer whose tokens come one by one.
namespace mr::text {

struct AnswerOptions {
  std::vector<std::string> stop = {};    ///< each ends the answer; thoughts are not searched
  bool include_stop = false;             ///< the stop string is part of the text
  std::int32_t min_tokens = 0;           ///< of the answer, before a stop string counts
  bool show_special = false;             ///< control tokens are text, as they are spelled
  std::optional<ThinkMarks> marks = {};  ///< none: the thought is a part of the text
  bool begins_in_thought = false;        ///< the prompt has opened one
  bool shows_thought = false;            ///< it stays in the text, with its marks
};

/// New text. Both parts are UTF-8, whatever the tokens hold, and end between characters.
struct AnswerDelta {
  std::string reasoning;
  std::string text;
};

/// One answer under way. Line ends around a thought belong to neither part.
struct AnswerStream {
  AnswerOptions options;
  StreamDecoder decoder;
  StopStrings stops;
  bool thinking = false;       ///< the next token is part of a thought
  bool at_start = false;       ///< only line ends have come since a mark
  std::string line_ends = {};  ///< at the end of the thought so far
  std::int32_t n_tokens = 0;
  std::int32_t n_reasoning = 0;  ///< of them within thoughts, without marks
};

/// `tok` outlives the stream.
AnswerStream make_answer_stream(const Tokenizer& tok, AnswerOptions options);

/// The text that is complete with this token. The stop token that ends an answer is not pushed.
AnswerDelta push(AnswerStream& stream, Id id);

/// What is left at the end.
AnswerDelta finish(AnswerStream& stream);

/// Whether a stop string has ended the answer: nothing more comes, whatever is pushed.
inline bool stopped(const AnswerStream& stream) {
  return stream.stops.found.has_value();
}

}  // namespace mr::text
