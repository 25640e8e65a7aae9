#include "api/tool_stream.h"

#include <algorithm>
#include <utility>

namespace mr::api {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// Bytes at the end of a text that may be the beginning of a mark.
std::size_t held_back(std::string_view text, std::string_view mark) {
  for (std::size_t n = std::min(text.size(), mark.size() - 1); n > 0; --n) {
    if (mark.starts_with(text.substr(text.size() - n))) return n;
  }
  return 0;
}

/// Text outside of calls; white space between calls is none.
void add_text(ToolStream& stream, std::string_view text, ToolDelta& delta) {
  if (stream.after_call) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return;
    text.remove_prefix(begin);
    stream.after_call = false;
  }
  delta.text += text;
}

/// What begins calls, and what ends them; no end: the next beginning, or that of the answer.
struct Marks {
  std::string_view open;
  std::string_view close;
};

Marks marks_around(ToolFormat format) {
  if (format == ToolFormat::mistral) return {marks::kMistral, ""};
  if (format == ToolFormat::deepseek) return {marks::kDeepseekOpen, marks::kDeepseekClose};
  return {marks::kHermesOpen, marks::kHermesClose};
}

void end_call(ToolStream& stream, std::string_view open, std::string_view body,
              std::string_view close, ToolDelta& delta) {
  stream.inside = false;
  std::vector<ToolCall> calls = calls_in(stream.format, body);
  if (calls.empty()) {
    return add_text(stream, std::string(open) + std::string(body) + std::string(close), delta);
  }
  stream.n_calls += static_cast<int>(calls.size());
  std::ranges::move(calls, std::back_inserter(delta.calls));
  stream.after_call = true;
}

void push_marked(ToolStream& stream, std::string text, ToolDelta& delta) {
  const auto [open, close] = marks_around(stream.format);
  while (!text.empty()) {
    const std::string_view mark = stream.inside && !close.empty() ? close : open;
    const std::size_t at = text.find(mark);
    if (at == std::string::npos) {
      const std::size_t keep = stream.inside ? text.size() : held_back(text, mark);
      add_text(stream, std::string_view(text).substr(0, text.size() - keep), delta);
      stream.held = text.substr(text.size() - keep);
      return;
    }
    if (stream.inside) {
      end_call(stream, open, std::string_view(text).substr(0, at), close, delta);
    } else {
      std::string_view before = std::string_view(text).substr(0, at);
      const std::size_t last = before.find_last_not_of(kBlanks);
      before = before.substr(0, last == std::string_view::npos ? 0 : last + 1);
      add_text(stream, before, delta);
    }
    stream.inside = mark == open;
    text.erase(0, at + mark.size());
  }
}

/// An answer that begins as a call is one as a whole, or none.
void push_whole(ToolStream& stream, std::string text, ToolDelta& delta) {
  if (!stream.begun) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    const std::string_view rest =
        begin == std::string::npos ? "" : std::string_view(text).substr(begin);
    const bool may_be = rest.starts_with('{') || marks::kPython.starts_with(rest) ||
                        rest.starts_with(marks::kPython);
    stream.begun = !may_be;
    if (may_be) {
      stream.held = std::move(text);
      return;
    }
  }
  add_text(stream, text, delta);
}

/// Where the channel that a header names goes.
void open_channel(ToolStream& stream, std::string_view header) {
  stream.begun = true;
  stream.thinking = header.starts_with("analysis");
  stream.inside = header.find("to=functions.") != std::string_view::npos;
  stream.shown = !stream.thinking && !stream.inside;
}

void add_channel_text(ToolStream& stream, std::string_view text, ToolDelta& delta) {
  if (stream.thinking) delta.reasoning += text;
  if (stream.shown) delta.text += text;
}

/// Takes one message of harmony as far as it has come; false where more must come first.
bool push_message(ToolStream& stream, std::string& text, bool at_end, ToolDelta& delta) {
  if (!stream.thinking && !stream.shown) {  // in a header, or in a call
    const std::size_t message = text.find(marks::kMessage);
    if (message == std::string::npos) return false;
    const std::size_t channel = text.find(marks::kChannel);
    const std::size_t begin = channel < message ? channel + marks::kChannel.size() : std::size_t{0};
    open_channel(stream, std::string_view(text).substr(begin, message - begin));
    if (!stream.inside) {
      text.erase(0, message + marks::kMessage.size());
      return true;
    }
  }
  std::size_t end = text.size();
  std::size_t n_mark = 0;
  std::size_t keep = 0;
  for (const std::string_view mark : {marks::kEnd, marks::kCall, marks::kReturn, marks::kStart}) {
    const std::size_t at = text.find(mark);
    if (at < end) {
      end = at;
      n_mark = mark.size();
    }
    keep = std::max(keep, held_back(text, mark));
  }
  if (stream.inside) {
    if (n_mark == 0 && !at_end) return false;
    end_call(stream, "", std::string_view(text).substr(0, end), "", delta);
  } else {
    const std::size_t n_text = n_mark == 0 && !at_end ? text.size() - keep : end;
    add_channel_text(stream, std::string_view(text).substr(0, n_text), delta);
    if (n_mark == 0) {
      text.erase(0, n_text);
      return false;
    }
  }
  stream.thinking = stream.shown = stream.inside = false;
  text.erase(0, end + n_mark);
  return true;
}

void push_harmony(ToolStream& stream, std::string text, bool at_end, ToolDelta& delta) {
  while (!text.empty() && push_message(stream, text, at_end, delta)) {
  }
  stream.inside = false;  // a call is looked at again from its header on
  stream.held = std::move(text);
}

}  // namespace

ToolDelta push(ToolStream& stream, std::string_view piece) {
  ToolDelta delta;
  std::string text = std::exchange(stream.held, {}) + std::string(piece);
  if (stream.format == ToolFormat::harmony) {
    push_harmony(stream, std::move(text), false, delta);
  } else if (stream.format == ToolFormat::llama3) {
    push_whole(stream, std::move(text), delta);
  } else {
    push_marked(stream, std::move(text), delta);
  }
  return delta;
}

ToolDelta finish(ToolStream& stream) {
  ToolDelta delta;
  std::string rest = std::exchange(stream.held, {});
  if (stream.format == ToolFormat::harmony) {
    push_harmony(stream, std::move(rest), true, delta);
    // What never came to be a message is text all the same.
    if (!stream.begun && delta.text.empty()) delta.text = std::exchange(stream.held, {});
  } else if (stream.format == ToolFormat::llama3 && !rest.empty()) {
    std::string_view body = rest;
    const std::size_t mark = body.find(marks::kPython);
    if (mark != std::string_view::npos) body.remove_prefix(mark + marks::kPython.size());
    end_call(stream, rest.substr(0, rest.size() - body.size()), body, "", delta);
  } else if (stream.inside) {
    end_call(stream, marks_around(stream.format).open, rest, "", delta);
  } else {
    add_text(stream, rest, delta);
  }
  return delta;
}

}  // namespace mr::api
