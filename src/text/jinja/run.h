#pragma once
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"
#include "text/jinja/marked.h"
#include "text/jinja/template.h"
#include "text/jinja/value.h"

/// A render under way: its variables, its output and what it has used of its limits.
namespace mr::text::jinja {

struct Binding {
  NameId name;
  Value value;
};

/// Variables of one block; macros keep the scope they were defined in.
struct Scope {
  Scope* parent = nullptr;
  std::span<Binding> bindings = {};
  std::size_t n_bindings = 0;
};

struct Macro {
  const Stmt* stmt;  ///< a macro or a call block
  Scope* scope;      ///< where it was defined
};

struct Loop {
  std::span<const Value> items;
  std::size_t index = 0;
  const Stmt* stmt;
  Scope* scope;  ///< around the loop
  std::int64_t depth = 0;
  Value changed = {};  ///< the tuple last given to changed()
};

struct Run {
  using Time = std::chrono::steady_clock::time_point;
  const Template& parsed;
  const RenderOptions& options;
  Heap heap = {};
  Marked* out = nullptr;            ///< where output goes at the moment
  Scope* root = nullptr;            ///< the template's own variables
  const Dict* variables = nullptr;  ///< what render was given
  Value block_text = {};  ///< what a filter without a value works on: the text of its block
  std::uint64_t steps = 0;
  std::uint64_t unchecked = 0;  ///< work since the clock was last read, in bytes
  Time deadline = {};
  std::uint64_t chance = 0;  ///< the state that draw() goes on from
  int n_calls = 0;           ///< macros, callers and recursive loops under way
  int n_frames = 0;          ///< evaluations under way, one within another
  bool located = false;      ///< the error on its way out names its line already
};

/// Pays for `n` steps. Errors: does_not_fit when steps, time or memory have run out.
Expected<void> charge(Run& run, std::uint64_t n = 1);
/// Pays for work on text or memory, in bytes.
Expected<void> charge_bytes(Run& run, std::uint64_t n_bytes);

/// A number below `n` (at least 1), by chance.
std::uint64_t draw(Run& run, std::uint64_t n);

/// What a template did wrong.
tl::unexpected<Error> fail_run(std::string message);
/// The failure of an undefined value in use.
tl::unexpected<Error> fail_undefined(Value value);

/// Text for building strings, held to the limit of one string.
inline Marked marked(const Run& run) {
  return Marked{run.options.limits.output_bytes, {}};
}
/// The string built. Errors: does_not_fit when it grew too long.
Expected<Value> finish(Run& run, const Marked& text, bool markup = false);

Scope* new_scope(Run& run, Scope* parent);
void assign(Run& run, Scope& scope, NameId name, Value value);
/// The value of a variable: from the scopes, the variables given, the globals, or undefined.
Value lookup(Run& run, const Scope* scope, NameId name);

Expected<Value> eval(Run& run, Scope* scope, ExprId expr);
/// The arguments of a call, evaluated.
Expected<Args> eval_arguments(Run& run, Scope* scope, std::uint32_t arguments);

enum class Flow : std::uint8_t { normal, leave_loop, next_round };
Expected<Flow> execute(Run& run, Scope* scope, const Body& body);

/// Runs a body and gives its output as a string.
Expected<Value> capture(Run& run, Scope* scope, const Body& body);

Expected<Value> call(Run& run, Value callee, const Args& args);
/// Calls a macro or a caller.
Expected<Value> call_macro(Run& run, const Macro& macro, const Args& args);
/// Runs a loop over items: the body for each, or the else part.
Expected<Flow> run_loop(Run& run, Scope* scope, const Stmt& stmt, std::span<const Value> items,
                        std::int64_t depth);

/// A filter's value for `value`; a test's verdict.
Expected<Value> apply_filter(Run& run, std::string_view name, Value value, const Args& args);
Expected<bool> apply_test(Run& run, std::string_view name, Value value, const Args& args);

}  // namespace mr::text::jinja
