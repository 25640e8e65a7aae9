#include <algorithm>

#include "text/jinja/dict.h"
#include "text/jinja/run.h"
#include "text/jinja/template.h"

namespace mr::text::jinja {
namespace {

/// Words of the chat format, not of the one who chats: a template may build a control token of
/// them (`'<|' + message.role + '|>'`).
constexpr std::string_view kRoles[] = {"system",  "developer", "user",       "assistant",
                                       "tool",    "function",  "ipython",    "model",
                                       "context", "documents", "observation"};

/// Where in the variables a JSON value stands.
enum class Place : std::uint8_t { anywhere, messages, message };

Value text_value(Run& run, std::string_view text, bool input) {
  Str str{text, {}};
  const Range all{0, text.size()};
  if (input && !text.empty()) str.input = keep_all(run.heap, std::span<const Range>(&all, 1));
  return from(keep(run.heap, str));
}

Expected<Value> from_json(Run& run, const boost::json::value& json, bool input, Place place,
                          int depth);

Expected<Value> from_array(Run& run, const boost::json::array& array, bool input, Place place,
                           int depth) {
  std::vector<Value> items;
  items.reserve(array.size());
  const Place inner = place == Place::messages ? Place::message : Place::anywhere;
  for (const boost::json::value& json : array) {
    MR_TRY(const Value item, from_json(run, json, input, inner, depth + 1));
    items.push_back(item);
  }
  return list(run.heap, items);
}

Expected<Value> from_object(Run& run, const boost::json::object& object, bool input, Place place,
                            int depth) {
  DictBuilder dict;
  for (const auto& [key, json] : object) {
    MR_TRY(Value value, from_json(run, json, input, Place::anywhere, depth + 1));
    if (place == Place::message && key == "role" && is_string(value) &&
        std::find(std::begin(kRoles), std::end(kRoles), value.str->text) != std::end(kRoles)) {
      value = text_value(run, value.str->text, false);
    }
    MR_TRY_VOID(put(run, dict, text_value(run, {key.data(), key.size()}, input), value));
  }
  return finish(run, dict);
}

Expected<Value> from_json(Run& run, const boost::json::value& json, bool input, Place place,
                          int depth) {
  constexpr int kMaxDepth = 100;
  if (depth > kMaxDepth) return fail_run("variables nest too deeply");
  switch (json.kind()) {
    case boost::json::kind::null:
      return none();
    case boost::json::kind::bool_:
      return boolean(json.get_bool(), input);
    case boost::json::kind::int64:
      return integer(json.get_int64(), input);
    case boost::json::kind::uint64: {
      const std::uint64_t number = json.get_uint64();
      if (number <= INT64_MAX) return integer(static_cast<std::int64_t>(number), input);
      return fail_run("integer " + std::to_string(number) + " does not fit 64 bits");
    }
    case boost::json::kind::double_:
      return real(json.get_double(), input);
    case boost::json::kind::string:
      return text_value(run, {json.get_string().data(), json.get_string().size()}, input);
    case boost::json::kind::array:
      return from_array(run, json.get_array(), input, place, depth);
    case boost::json::kind::object:
      return from_object(run, json.get_object(), input, place, depth);
  }
  return none();
}

Expected<Value> make_variables(Run& run, std::span<const Variable> variables) {
  DictBuilder dict;
  for (const Variable& variable : variables) {
    const Place place = variable.name == "messages" ? Place::messages : Place::anywhere;
    MR_TRY(const Value value, from_json(run, *variable.value, !variable.trusted, place, 0));
    MR_TRY_VOID(put(run, dict, text_value(run, variable.name, false), value));
  }
  return finish(run, dict);
}

std::vector<Segment> segments_of(const Marked& text) {
  std::vector<Segment> segments;
  std::size_t at = 0;
  for (const Range& range : text.input) {
    if (range.begin > at) segments.push_back({at, range.begin, true});
    segments.push_back({range.begin, range.end, false});
    at = range.end;
  }
  if (at < text.text.size()) segments.push_back({at, text.text.size(), true});
  return segments;
}

}  // namespace

Expected<Rendered> render(const Template& parsed, std::span<const Variable> variables,
                          const RenderOptions& options) {
  Run run{parsed, options};
  const auto start = std::chrono::steady_clock::now();
  run.chance = static_cast<std::uint64_t>(start.time_since_epoch().count());
  run.deadline =
      start + std::chrono::microseconds(static_cast<std::int64_t>(options.limits.seconds * 1e6));
  MR_TRY(const Value context, make_variables(run, variables));
  run.variables = context.dict;
  run.root = new_scope(run, nullptr);
  run.steps = 0;  // what the caller's variables took is not the template's doing
  Marked out = marked(run);
  run.out = &out;
  MR_TRY_VOID(execute(run, run.root, parsed.body));
  std::vector<Segment> segments = segments_of(out);
  return Rendered{std::move(out.text), std::move(segments)};
}

}  // namespace mr::text::jinja
