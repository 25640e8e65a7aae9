#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/jinja/limits.h"
#include "text/jinja/value.h"

/// A parsed template. Nodes stand in two pools and point to each other by index, so that nothing
/// recurses but what the depth limit bounds.
namespace mr::text::jinja {

using ExprId = std::uint32_t;
using StmtId = std::uint32_t;
using NameId = std::uint32_t;
inline constexpr std::uint32_t kNone = UINT32_MAX;

enum class ExprKind : std::uint8_t {
  literal,
  name,
  list,
  tuple,
  dict,       ///< parts: key, value, key, value, ...
  concat,     ///< a ~ b ~ ...
  all,        ///< a and b and ...
  any,        ///< a or b or ...
  negation,   ///< not a
  sign,       ///< ops: plus or minus
  chain,      ///< a op b op ... of one precedence, from the left
  compare,    ///< a op b op ..., each pair
  condition,  ///< parts: test, then, else (or kNone)
  attribute,  ///< parts: object
  item,       ///< parts: object, index
  slice,      ///< parts: start, stop, step (or kNone); only as an index
  call,       ///< parts: callee
  filter,     ///< parts: value (or kNone: the text of a filter block)
  test,       ///< parts: value
};

enum class Op : std::uint8_t {
  add,
  sub,
  mul,
  div,
  floor_div,
  mod,
  pow,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  in,
  not_in
};

struct Expr {
  ExprKind kind;
  std::uint32_t line;
  NameId name = kNone;              ///< of a variable, attribute, filter or test
  std::uint32_t arguments = kNone;  ///< of a call, filter or test
  Value literal = {};
  std::vector<ExprId> parts = {};
  std::vector<Op> ops = {};
};

struct Arguments {
  std::vector<ExprId> positional;
  std::vector<std::pair<NameId, ExprId>> keyword;
  ExprId star = kNone, double_star = kNone;
};

/// What can be assigned to: a name, an attribute of a namespace, or a tuple of these.
struct Target {
  NameId name = kNone;
  NameId attribute = kNone;
  std::vector<Target> parts = {};  ///< of a tuple: then there is no name
};

enum class StmtKind : std::uint8_t {
  text,
  output,
  branch,
  loop,
  set,
  set_block,
  filter_block,
  macro,
  call_block,
  with,
  scope,  ///< `generation`
  block,
  leave_loop,
  next_round,
};

using Body = std::vector<StmtId>;

struct Signature {
  std::vector<NameId> names;
  std::vector<ExprId> defaults;  ///< of the last names
  bool takes_caller = false, takes_kwargs = false, takes_varargs = false;
};

struct Stmt {
  StmtKind kind;
  std::uint32_t line;
  bool flag = false;                 ///< loop: recursive; block: scoped
  NameId name = kNone;               ///< of a macro
  ExprId expr = kNone;               ///< what to print, loop over, assign, call or filter with
  ExprId test = kNone;               ///< of a loop: which items
  std::string_view text = {};        ///< template data
  std::vector<Target> targets = {};  ///< of a loop, set or with
  std::vector<ExprId> exprs = {};    ///< tests of branches, values of a with
  std::vector<Body> bodies = {};     ///< a branch's and its else, a loop's and its else
  Signature signature = {};          ///< of a macro or call block
};

struct Template {
  Limits limits;
  std::vector<Expr> exprs;
  std::vector<Arguments> arguments;
  std::vector<Stmt> stmts;
  Body body;
  std::deque<std::string> names;  ///< by NameId
  std::unordered_map<std::string_view, NameId> name_ids;
  std::unique_ptr<const std::string> source;  ///< with newlines normalised
  std::deque<std::string> strings;            ///< what literals point to
  std::deque<Str> literals;
};

}  // namespace mr::text::jinja
