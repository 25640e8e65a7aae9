#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/dict.h"
#include "text/jinja/run.h"

namespace mr::text::jinja {
namespace {

/// Counts calls within one another while it lives.
Expected<void> enter_call(Run& run) {
  if (++run.n_calls <= run.options.limits.depth) return {};
  return fail(Fault::does_not_fit, "template calls itself more than " +
                                       std::to_string(run.options.limits.depth) + " levels deep");
}

std::string macro_name(const Run& run, const Macro& macro) {
  return macro.stmt->name == kNone ? "None" : "'" + run.parsed.names[macro.stmt->name] + "'";
}

/// The value of a macro's own parameter: as given, its default, or undefined.
Expected<Value> parameter(Run& run, Scope* scope, const Signature& signature, std::size_t i,
                          Value given) {
  if (given.kind != Kind::missing) return given;
  const std::size_t n_plain = signature.names.size() - signature.defaults.size();
  if (i >= n_plain) return eval(run, scope, signature.defaults[i - n_plain]);
  return undefined(run.heap,
                   "parameter '" + run.parsed.names[signature.names[i]] + "' was not provided");
}

Value take_keyword(Args& args, std::string_view name) {
  const auto found = std::find_if(args.keyword.begin(), args.keyword.end(),
                                  [&](const auto& keyword) { return keyword.first == name; });
  if (found == args.keyword.end()) return {};
  const Value value = found->second;
  args.keyword.erase(found);
  return value;
}

Expected<void> assign_text(Run& run, Scope& scope, std::string_view name, Value value) {
  const auto id = run.parsed.name_ids.find(name);
  if (id != run.parsed.name_ids.end()) assign(run, scope, id->second, value);
  return {};
}

/// caller, kwargs and varargs, where the body uses them; else what is left over is an error.
Expected<void> assign_specials(Run& run, Scope& scope, const Macro& macro, Args& args) {
  const Signature& signature = macro.stmt->signature;
  const std::size_t n_named = signature.names.size();
  if (signature.takes_caller) {
    Value caller = take_keyword(args, "caller");
    if (caller.kind == Kind::missing) caller = undefined(run.heap, "No caller defined");
    MR_TRY_VOID(assign_text(run, scope, "caller", caller));
  }
  if (signature.takes_kwargs) {
    DictBuilder rest;
    for (const auto& [name, value] : args.keyword) {
      MR_TRY_VOID(put(run, rest, string(run.heap, name), value));
    }
    MR_TRY_VOID(assign_text(run, scope, "kwargs", finish(run, rest)));
  } else if (!args.keyword.empty()) {
    return fail_run("macro " + macro_name(run, macro) + " takes no keyword argument '" +
                    std::string(args.keyword.front().first) + "'");
  }
  const auto rest =
      std::span<const Value>(args.positional).subspan(std::min(n_named, args.positional.size()));
  if (signature.takes_varargs) {
    MR_TRY_VOID(assign_text(run, scope, "varargs", tuple(run.heap, rest)));
  } else if (!rest.empty()) {
    return fail_run("macro " + macro_name(run, macro) + " takes not more than " +
                    std::to_string(n_named) + " argument(s)");
  }
  return {};
}

Expected<Value> call_loop(Run& run, const Loop& loop, const Args& args) {
  if (!loop.stmt->flag) {
    return fail_run("The loop must have the 'recursive' marker to be called recursively.");
  }
  if (args.positional.size() != 1) return fail_run("loop() takes one iterable");
  MR_TRY_VOID(enter_call(run));
  MR_TRY(const auto items, items_of(run, args.positional[0]));
  Marked text = marked(run);
  Marked* outer = std::exchange(run.out, &text);
  const auto flow = run_loop(run, loop.scope, *loop.stmt, items, loop.depth + 1);
  run.out = outer;
  if (!flow) return tl::unexpected(flow.error());
  --run.n_calls;
  return finish(run, text);
}

}  // namespace

Expected<Value> capture(Run& run, Scope* scope, const Body& body) {
  Marked text = marked(run);
  Marked* outer = std::exchange(run.out, &text);
  const auto flow = execute(run, scope, body);
  run.out = outer;
  if (!flow) return tl::unexpected(flow.error());
  return finish(run, text);
}

Expected<Value> call_macro(Run& run, const Macro& macro, const Args& given) {
  MR_TRY_VOID(enter_call(run));
  MR_TRY_VOID(charge(run, 1 + given.positional.size() + given.keyword.size()));
  const Signature& signature = macro.stmt->signature;
  Args args = given;
  Scope* scope = new_scope(run, macro.scope);
  std::vector<Value> values(signature.names.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i < args.positional.size()
                    ? args.positional[i]
                    : take_keyword(args, run.parsed.names[signature.names[i]]);
  }
  MR_TRY_VOID(assign_specials(run, *scope, macro, args));
  for (std::size_t i = 0; i < values.size(); ++i) {
    MR_TRY(const Value value, parameter(run, scope, signature, i, values[i]));
    assign(run, *scope, signature.names[i], value);
  }
  MR_TRY(const Value text, capture(run, scope, macro.stmt->bodies[0]));
  --run.n_calls;
  return text;
}

Expected<Value> call(Run& run, Value callee, const Args& args) {
  MR_TRY_VOID(charge(run));
  switch (callee.kind) {
    case Kind::macro:
      return call_macro(run, *callee.macro, args);
    case Kind::function:
      return callee.function->call(run, callee.function->self, args);
    case Kind::loop:
      return call_loop(run, *callee.loop, args);
    case Kind::joiner: {
      Joiner& joiner = *callee.joiner;
      if (std::exchange(joiner.used, true)) return joiner.separator;
      return string(run.heap, "");
    }
    case Kind::undefined:
      return fail_undefined(callee);
    default:
      return fail_run("'" + std::string(type_name(callee)) + "' object is not callable");
  }
}

}  // namespace mr::text::jinja
