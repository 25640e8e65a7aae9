#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"
#include "text/jinja/run.h"

namespace mr::text::jinja {
namespace {

Expected<void> assign_target(Run& run, Scope* scope, const Target& target, Value value) {
  if (target.attribute != kNone) {
    return set_attribute(run, lookup(run, scope, target.name), run.parsed.names[target.attribute],
                         value);
  }
  if (target.name != kNone) {
    assign(run, *scope, target.name, value);
    return {};
  }
  MR_TRY(const auto items, items_of(run, value, "cannot unpack non-iterable ", " object"));
  if (items.size() != target.parts.size()) {
    return fail_run((items.size() > target.parts.size() ? "too many" : "not enough") +
                    std::string(" values to unpack (expected ") +
                    std::to_string(target.parts.size()) + ")");
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    MR_TRY_VOID(assign_target(run, scope, target.parts[i], items[i]));
  }
  return {};
}

Expected<Flow> execute_branch(Run& run, Scope* scope, const Stmt& stmt) {
  for (std::size_t i = 0; i < stmt.exprs.size(); ++i) {
    MR_TRY(const Value test, eval(run, scope, stmt.exprs[i]));
    if (is_true(test)) return execute(run, scope, stmt.bodies[i]);
  }
  if (stmt.bodies.size() > stmt.exprs.size()) return execute(run, scope, stmt.bodies.back());
  return Flow::normal;
}

Expected<Flow> execute_loop(Run& run, Scope* scope, const Stmt& stmt) {
  MR_TRY(const Value source, eval(run, scope, stmt.expr));
  MR_TRY(const auto items, items_of(run, source));
  return run_loop(run, scope, stmt, items, 0);
}

/// The output of a block given to a filter, or as it is.
Expected<Value> filtered(Run& run, Scope* scope, const Stmt& stmt) {
  Scope* inner = new_scope(run, scope);
  MR_TRY(const Value text, capture(run, inner, stmt.bodies[0]));
  if (stmt.expr == kNone) return text;
  const Value outer = std::exchange(run.block_text, text);
  auto value = eval(run, inner, stmt.expr);
  run.block_text = outer;
  return value;
}

Expected<Flow> execute_call_block(Run& run, Scope* scope, const Stmt& stmt) {
  const Expr& expr = run.parsed.exprs[stmt.expr];
  MR_TRY(const Value callee, eval(run, scope, expr.parts[0]));
  MR_TRY(Args args, eval_arguments(run, scope, expr.arguments));
  Value caller;
  caller.kind = Kind::macro;
  caller.macro = keep(run.heap, Macro{&stmt, scope});
  args.keyword.emplace_back("caller", caller);
  MR_TRY(const Value text, call(run, callee, args));
  MR_TRY_VOID(append_str(run, *run.out, text));
  return Flow::normal;
}

Expected<Flow> execute_with(Run& run, Scope* scope, const Stmt& stmt) {
  Scope* inner = new_scope(run, scope);
  std::vector<Value> values;
  for (const ExprId expr : stmt.exprs) {
    MR_TRY(const Value value, eval(run, scope, expr));
    values.push_back(value);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    assign(run, *inner, stmt.targets[i].name, values[i]);
  }
  return execute(run, inner, stmt.bodies[0]);
}

Expected<Flow> execute_output(Run& run, Scope* scope, const Stmt& stmt) {
  for (const ExprId expr : stmt.exprs) {
    MR_TRY(const Value value, eval(run, scope, expr));
    MR_TRY_VOID(append_str(run, *run.out, value));
  }
  return Flow::normal;
}

Expected<Flow> execute_one(Run& run, Scope* scope, const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::text:
      append(*run.out, stmt.text, false);
      break;
    case StmtKind::output:
      return execute_output(run, scope, stmt);
    case StmtKind::branch:
      return execute_branch(run, scope, stmt);
    case StmtKind::loop:
      return execute_loop(run, scope, stmt);
    case StmtKind::set: {
      MR_TRY(const Value value, eval(run, scope, stmt.expr));
      MR_TRY_VOID(assign_target(run, scope, stmt.targets[0], value));
      break;
    }
    case StmtKind::set_block: {
      MR_TRY(const Value value, filtered(run, scope, stmt));
      MR_TRY_VOID(assign_target(run, scope, stmt.targets[0], value));
      break;
    }
    case StmtKind::filter_block: {
      MR_TRY(const Value value, filtered(run, scope, stmt));
      MR_TRY_VOID(append_str(run, *run.out, value));
      break;
    }
    case StmtKind::macro: {
      Value macro;
      macro.kind = Kind::macro;
      macro.macro = keep(run.heap, Macro{&stmt, scope});
      assign(run, *scope, stmt.name, macro);
      break;
    }
    case StmtKind::call_block:
      return execute_call_block(run, scope, stmt);
    case StmtKind::with:
      return execute_with(run, scope, stmt);
    case StmtKind::scope:
      return execute(run, new_scope(run, scope), stmt.bodies[0]);
    case StmtKind::block:
      return execute(run, new_scope(run, stmt.flag ? scope : run.root), stmt.bodies[0]);
    case StmtKind::leave_loop:
      return Flow::leave_loop;
    case StmtKind::next_round:
      return Flow::next_round;
  }
  return Flow::normal;
}

/// The items that a loop's `if` lets through.
Expected<std::vector<Value>> chosen(Run& run, Scope* scope, const Stmt& stmt,
                                    std::span<const Value> items) {
  std::vector<Value> kept;
  for (const Value item : items) {
    Scope* inner = new_scope(run, scope);
    MR_TRY_VOID(assign_target(run, inner, stmt.targets[0], item));
    MR_TRY(const Value test, eval(run, inner, stmt.test));
    if (is_true(test)) kept.push_back(item);
  }
  return kept;
}

}  // namespace

Expected<Flow> execute(Run& run, Scope* scope, const Body& body) {
  for (const StmtId id : body) {
    const Stmt& stmt = run.parsed.stmts[id];
    MR_TRY_VOID(charge(run));
    auto flow = execute_one(run, scope, stmt);
    if (!flow) {
      if (std::exchange(run.located, true)) return flow;
      return fail_line(stmt.line, flow.error().message, flow.error().fault);
    }
    if (run.out->too_long) {
      return fail(Fault::does_not_fit,
                  "template printed more than " + std::to_string(run.out->max_bytes) + " bytes");
    }
    if (*flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Expected<Flow> run_loop(Run& run, Scope* scope, const Stmt& stmt, std::span<const Value> items,
                        std::int64_t depth) {
  if (stmt.test != kNone) {
    MR_TRY(const auto kept, chosen(run, scope, stmt, items));
    items = keep_all(run.heap, std::span<const Value>(kept));
  }
  Value loop;
  loop.kind = Kind::loop;
  loop.loop = keep(run.heap, Loop{items, 0, &stmt, scope, depth});
  bool completed = false;
  const auto loop_name = run.parsed.name_ids.find("loop");
  for (std::size_t i = 0; i < items.size(); ++i) {
    MR_TRY_VOID(charge(run));
    loop.loop->index = i;
    Scope* inner = new_scope(run, scope);
    if (loop_name != run.parsed.name_ids.end()) assign(run, *inner, loop_name->second, loop);
    MR_TRY_VOID(assign_target(run, inner, stmt.targets[0], items[i]));
    MR_TRY(const Flow flow, execute(run, inner, stmt.bodies[0]));
    if (flow == Flow::leave_loop) break;
    completed = completed || flow == Flow::normal;
  }
  // jinja2 runs the else part where no round came to its end, be it for a break or a continue.
  if (completed || stmt.bodies.size() < 2) return Flow::normal;
  return execute(run, new_scope(run, scope), stmt.bodies[1]);
}

}  // namespace mr::text::jinja
