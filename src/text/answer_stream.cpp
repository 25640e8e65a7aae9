#include "text/answer_stream.h"

#include <utility>

#include "text/valid_utf8.h"

namespace mr::text {
namespace {

/// Sorts decoded bytes into the part they belong to.
void add(AnswerStream& stream, const std::string& bytes, AnswerDelta& delta) {
  std::string text = valid_utf8(bytes);
  if (stream.options.shows_thought && stream.thinking) {
    delta.text += text;
    return;
  }
  if (stream.at_start) {
    const std::size_t begin = text.find_first_not_of('\n');
    if (begin == std::string::npos) return;
    text.erase(0, begin);
    stream.at_start = false;
  }
  if (!stream.thinking) {
    delta.text += push(stream.stops, text, stream.n_tokens > stream.options.min_tokens);
    return;
  }
  const std::size_t last = text.find_last_not_of('\n');
  const std::size_t end = last == std::string::npos ? 0 : last + 1;
  if (end > 0) delta.reasoning += std::exchange(stream.line_ends, {}) + text.substr(0, end);
  stream.line_ends += text.substr(end);
}

}  // namespace

AnswerStream make_answer_stream(const Tokenizer& tok, AnswerOptions options) {
  AnswerStream stream{.options = std::move(options), .decoder = {&tok}, .stops = {}};
  stream.stops = make_stop_strings(stream.options.stop, stream.options.include_stop);
  stream.thinking = stream.options.marks && stream.options.begins_in_thought;
  stream.at_start = stream.thinking && !stream.options.shows_thought;
  return stream;
}

AnswerDelta push(AnswerStream& stream, Id id) {
  AnswerDelta delta;
  if (stopped(stream)) return delta;
  ++stream.n_tokens;
  const auto& marks = stream.options.marks;
  if (marks && (id == marks->open || id == marks->close)) {
    add(stream, finish(stream.decoder), delta);
    stream.thinking = id == marks->open;
    if (stream.options.shows_thought) {
      if (stopped(stream)) return delta;
      delta.text += finish(stream.stops) + valid_utf8(piece_bytes(*stream.decoder.tok, id, false));
      return delta;
    }
    stream.at_start = true;
    stream.line_ends.clear();
    return delta;
  }
  if (stream.thinking) ++stream.n_reasoning;
  if (stream.options.show_special || !is_control(*stream.decoder.tok, id)) {
    add(stream, push(stream.decoder, id), delta);
  }
  return delta;
}

AnswerDelta finish(AnswerStream& stream) {
  AnswerDelta delta;
  if (stopped(stream)) return delta;
  add(stream, finish(stream.decoder), delta);
  delta.text += finish(stream.stops);
  return delta;
}

}  // namespace mr::text
