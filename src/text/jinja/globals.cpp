#include "text/jinja/globals.h"

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/clock.h"
#include "text/jinja/dict.h"
#include "text/jinja/lipsum.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"

namespace mr::text::jinja {
namespace {

constexpr std::int64_t kMaxRange = 100'000;  // jinja2's sandbox

Expected<Value> make_range(Run& run, Value, const Args& args) {
  const std::size_t n = args.positional.size();
  if (n < 1 || n > 3 || !args.keyword.empty()) {
    return fail_run("range expected 1 to 3 arguments, got " + std::to_string(n));
  }
  std::int64_t parts[3] = {0, 0, 1};
  for (std::size_t i = 0; i < n; ++i) {
    MR_TRY(parts[n == 1 ? 1 : i], to_integer_or(args.positional[i], 0));
  }
  const auto [start, stop, step] = parts;
  if (step == 0) return fail_run("range() arg 3 must not be zero");
  const bool some = step > 0 ? start < stop : start > stop;
  const std::uint64_t distance =
      step > 0 ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
               : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
  const std::uint64_t stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const std::uint64_t n_items = some ? (distance - 1) / stride + 1 : 0;
  if (n_items > kMaxRange) {
    return fail_run("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
  }
  Value value;
  value.kind = Kind::range;
  value.interval = keep(run.heap, Interval{start, stop, step, static_cast<std::int64_t>(n_items)});
  return value;
}

/// What dict(...) and namespace(...) hold: pairs or a dict, then the named arguments.
Expected<DictBuilder> collect(Run& run, const Args& args) {
  DictBuilder dict;
  if (args.positional.size() > 1) return fail_run("dict expected at most 1 argument");
  for (const Value source : args.positional) {
    if (source.kind == Kind::dict) {
      for (const Entry& entry : source.dict->entries) {
        MR_TRY_VOID(charge(run));
        MR_TRY_VOID(put(run, dict, entry.key, entry.value));
      }
      continue;
    }
    MR_TRY(const auto pairs, items_of(run, source));
    for (const Value pair : pairs) {
      MR_TRY(const auto parts, items_of(run, pair));
      if (parts.size() != 2) {
        return fail_run("dictionary update sequence element has length " +
                        std::to_string(parts.size()) + "; 2 is required");
      }
      MR_TRY_VOID(put(run, dict, parts[0], parts[1]));
    }
  }
  for (const auto& [name, value] : args.keyword) {
    MR_TRY_VOID(put(run, dict, string(run.heap, name), value));
  }
  return dict;
}

Expected<Value> make_dict(Run& run, Value, const Args& args) {
  MR_TRY(const DictBuilder dict, collect(run, args));
  return finish(run, dict);
}

Expected<Value> make_namespace(Run& run, Value, const Args& args) {
  MR_TRY(const DictBuilder dict, collect(run, args));
  Value value;
  value.kind = Kind::space;
  value.space = keep(run.heap, Space{});
  for (const Entry& entry : dict.entries) {
    if (!is_string(entry.key)) return fail_run("attribute name must be string");
    MR_TRY_VOID(set_attribute(run, value, entry.key.str->text, entry.value));
  }
  return value;
}

Expected<Value> make_cycler(Run& run, Value, const Args& args) {
  if (args.positional.empty()) return fail_run("at least one item has to be provided");
  Value value;
  value.kind = Kind::cycler;
  value.cycler =
      keep(run.heap, Cycler{keep_all(run.heap, std::span<const Value>(args.positional))});
  return value;
}

Expected<Value> make_joiner(Run& run, Value, const Args& args) {
  MR_TRY(const auto p, bind("joiner", args, {"sep"}));
  Value value;
  value.kind = Kind::joiner;
  value.joiner = keep(run.heap, Joiner{p[0].kind == Kind::missing ? string(run.heap, ", ") : p[0]});
  return value;
}

Expected<Value> raise_exception(Run& run, Value, const Args& args) {
  MR_TRY(const auto p, bind("raise_exception", args, {"message"}, 1));
  Marked text = marked(run);
  MR_TRY_VOID(append_str(run, text, p[0]));
  return fail_run(std::move(text.text));
}

Expected<Value> strftime_now(Run& run, Value, const Args& args) {
  MR_TRY(const auto p, bind("strftime_now", args, {"format"}, 1));
  MR_TRY(const Str* format, to_text(p[0]));
  MR_TRY(const std::string text, format_time(run.options.now, format->text));
  Marked out = marked(run);
  append(out, text, !format->input.empty());
  return finish(run, out);
}

struct Global {
  std::string_view name;
  NativeFn call;
};
constexpr Global kGlobals[] = {
    {"range", make_range},          {"dict", make_dict},     {"namespace", make_namespace},
    {"cycler", make_cycler},        {"joiner", make_joiner}, {"raise_exception", raise_exception},
    {"strftime_now", strftime_now}, {"lipsum", lipsum},
};

}  // namespace

NativeFn find_global(std::string_view name) {
  for (const Global& global : kGlobals) {
    if (global.name == name) return global.call;
  }
  return nullptr;
}

}  // namespace mr::text::jinja
