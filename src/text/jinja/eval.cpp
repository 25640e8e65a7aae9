#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/dict.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/run.h"

namespace mr::text::jinja {
namespace {

/// Counts evaluations within one another, so that the C++ stack is bounded whatever the template.
constexpr int kFramesPerDepth = 16;

Expected<std::vector<Value>> eval_all(Run& run, Scope* scope, std::span<const ExprId> parts) {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (const ExprId part : parts) {
    MR_TRY(const Value value, eval(run, scope, part));
    values.push_back(value);
  }
  return values;
}

Expected<Value> eval_dict(Run& run, Scope* scope, const Expr& expr) {
  DictBuilder dict;
  for (std::size_t i = 0; i < expr.parts.size(); i += 2) {
    MR_TRY(const Value key, eval(run, scope, expr.parts[i]));
    MR_TRY(const Value value, eval(run, scope, expr.parts[i + 1]));
    MR_TRY_VOID(put(run, dict, key, value));
  }
  return finish(run, dict);
}

Expected<Value> eval_concat(Run& run, Scope* scope, const Expr& expr) {
  Marked text = marked(run);
  for (const ExprId part : expr.parts) {
    MR_TRY(const Value value, eval(run, scope, part));
    MR_TRY_VOID(append_str(run, text, value));
  }
  return finish(run, text);
}

Expected<Value> eval_logic(Run& run, Scope* scope, const Expr& expr) {
  Value value;
  for (const ExprId part : expr.parts) {
    MR_TRY(value, eval(run, scope, part));
    if (is_true(value) == (expr.kind == ExprKind::any)) break;
  }
  return value;
}

Expected<Value> eval_chain(Run& run, Scope* scope, const Expr& expr) {
  MR_TRY(Value value, eval(run, scope, expr.parts[0]));
  for (std::size_t i = 0; i < expr.ops.size(); ++i) {
    MR_TRY(const Value right, eval(run, scope, expr.parts[i + 1]));
    MR_TRY_VOID(charge(run));
    MR_TRY(value, arithmetic(run, expr.ops[i], value, right));
  }
  return value;
}

Expected<Value> eval_compare(Run& run, Scope* scope, const Expr& expr) {
  MR_TRY(Value left, eval(run, scope, expr.parts[0]));
  for (std::size_t i = 0; i < expr.ops.size(); ++i) {
    MR_TRY(const Value right, eval(run, scope, expr.parts[i + 1]));
    MR_TRY(const bool verdict, compare(run, expr.ops[i], left, right));
    if (!verdict) return boolean(false);
    left = right;
  }
  return boolean(true);
}

Expected<Value> eval_condition(Run& run, Scope* scope, const Expr& expr) {
  MR_TRY(const Value test, eval(run, scope, expr.parts[0]));
  if (is_true(test)) return eval(run, scope, expr.parts[1]);
  if (expr.parts[2] != kNone) return eval(run, scope, expr.parts[2]);
  return undefined(run.heap, "the inline if-expression on line " + std::to_string(expr.line) +
                                 " evaluated to false and no else section was defined.");
}

Expected<Value> eval_item(Run& run, Scope* scope, const Expr& expr, Value object) {
  const Expr& index = run.parsed.exprs[expr.parts[1]];
  if (index.kind != ExprKind::slice) {
    MR_TRY(const Value at, eval(run, scope, expr.parts[1]));
    return get_item(run, object, at);
  }
  Value parts[3];
  for (std::size_t i = 0; i < 3; ++i) {
    if (index.parts[i] == kNone) continue;
    MR_TRY(parts[i], eval(run, scope, index.parts[i]));
  }
  return get_slice(run, object, parts[0], parts[1], parts[2]);
}

/// One step of a chain of attributes, items, calls, filters and tests.
Expected<Value> eval_step(Run& run, Scope* scope, const Expr& expr, Value value) {
  const auto name = [&]() -> std::string_view { return run.parsed.names[expr.name]; };
  if (expr.kind == ExprKind::attribute) return get_attribute(run, value, name());
  if (expr.kind == ExprKind::item) return eval_item(run, scope, expr, value);
  MR_TRY(const Args args, eval_arguments(run, scope, expr.arguments));
  if (expr.kind == ExprKind::call) return call(run, value, args);
  if (expr.kind == ExprKind::filter) return apply_filter(run, name(), value, args);
  MR_TRY(const bool verdict, apply_test(run, name(), value, args));
  return boolean(verdict);
}

bool is_step(ExprKind kind) {
  return kind == ExprKind::attribute || kind == ExprKind::item || kind == ExprKind::call ||
         kind == ExprKind::filter || kind == ExprKind::test;
}

/// Chains may be long: they are walked, not recursed into.
Expected<Value> eval_steps(Run& run, Scope* scope, ExprId id) {
  std::vector<const Expr*> steps;
  while (id != kNone && is_step(run.parsed.exprs[id].kind)) {
    steps.push_back(&run.parsed.exprs[id]);
    id = steps.back()->parts[0];
  }
  Value value = run.block_text;
  if (id != kNone) {
    MR_TRY(value, eval(run, scope, id));
  }
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    MR_TRY(value, eval_step(run, scope, **step, value));
  }
  return value;
}

Expected<Value> eval_node(Run& run, Scope* scope, ExprId id) {
  const Expr& expr = run.parsed.exprs[id];
  switch (expr.kind) {
    case ExprKind::literal:
      return expr.literal;
    case ExprKind::name:
      return lookup(run, scope, expr.name);
    case ExprKind::list:
    case ExprKind::tuple: {
      MR_TRY(const auto items, eval_all(run, scope, expr.parts));
      return expr.kind == ExprKind::list ? list(run.heap, items) : tuple(run.heap, items);
    }
    case ExprKind::dict:
      return eval_dict(run, scope, expr);
    case ExprKind::concat:
      return eval_concat(run, scope, expr);
    case ExprKind::all:
    case ExprKind::any:
      return eval_logic(run, scope, expr);
    case ExprKind::negation: {
      MR_TRY(const Value value, eval(run, scope, expr.parts[0]));
      return boolean(!is_true(value));
    }
    case ExprKind::sign: {
      MR_TRY(const Value value, eval(run, scope, expr.parts[0]));
      return expr.ops[0] == Op::sub ? negate(run, value) : unary_plus(run, value);
    }
    case ExprKind::chain:
      return eval_chain(run, scope, expr);
    case ExprKind::compare:
      return eval_compare(run, scope, expr);
    case ExprKind::condition:
      return eval_condition(run, scope, expr);
    case ExprKind::slice:
      return fail_run("a slice among several indices is not supported");
    default:
      return eval_steps(run, scope, id);
  }
}

}  // namespace

Expected<Value> eval(Run& run, Scope* scope, ExprId id) {
  MR_TRY_VOID(charge(run));
  if (++run.n_frames > kFramesPerDepth * run.options.limits.depth) {
    return fail(Fault::does_not_fit, "template nests too deeply");
  }
  auto value = eval_node(run, scope, id);
  --run.n_frames;
  return value;
}

Expected<Args> eval_arguments(Run& run, Scope* scope, std::uint32_t id) {
  Args args;
  if (id == kNone) return args;
  const Arguments& arguments = run.parsed.arguments[id];
  MR_TRY(args.positional, eval_all(run, scope, arguments.positional));
  for (const auto& [name, expr] : arguments.keyword) {
    MR_TRY(const Value value, eval(run, scope, expr));
    args.keyword.emplace_back(run.parsed.names[name], value);
  }
  if (arguments.star != kNone) {
    MR_TRY(const Value star, eval(run, scope, arguments.star));
    MR_TRY(const auto items, items_of(run, star));
    MR_TRY_VOID(charge(run, items.size()));
    args.positional.insert(args.positional.end(), items.begin(), items.end());
  }
  if (arguments.double_star != kNone) {
    MR_TRY(const Value named, eval(run, scope, arguments.double_star));
    if (named.kind != Kind::dict) return fail_run("argument after ** must be a mapping");
    for (const Entry& entry : named.dict->entries) {
      if (!is_string(entry.key)) return fail_run("keywords must be strings");
      MR_TRY_VOID(charge(run));
      args.keyword.emplace_back(entry.key.str->text, entry.value);
    }
  }
  return args;
}

}  // namespace mr::text::jinja
