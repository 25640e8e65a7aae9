#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

/// Tokens to nodes, by recursive descent; the depth limit bounds the recursion.
/// Source: jinja2 3.1 parser.py, whose grammar and oddities this follows.
namespace mr::text::jinja {

/// Which of the special names a macro's body uses without assigning them first.
struct MacroScan {
  bool uses[3] = {};     ///< caller, kwargs, varargs
  bool assigns[3] = {};  ///< before any use
};

struct Parser {
  Template& result;
  std::vector<Token> tokens;
  std::size_t at = 0;
  int depth = 0;
  int n_loops = 0;    ///< around this point, within the same macro
  bool soft = false;  ///< in a branch, where an unknown filter or test fails only when reached
  std::vector<MacroScan> macros = {};
};

inline const Token& current(const Parser& parser) {
  return parser.tokens[parser.at];
}
const Token& look(const Parser& parser);
bool is_op(const Parser& parser, std::string_view op);
bool is_name(const Parser& parser, std::string_view name);
bool skip_op(Parser& parser, std::string_view op);
bool skip_name(Parser& parser, std::string_view name);
Expected<void> expect_op(Parser& parser, std::string_view op);
Expected<NameId> expect_name(Parser& parser);
tl::unexpected<Error> fail_here(const Parser& parser, std::string_view message);
/// What the current token is, for messages.
std::string describe(const Parser& parser);

NameId intern(Parser& parser, std::string_view name);
ExprId add(Parser& parser, Expr expr);

/// Notes that a variable is read or assigned, for the macros around.
void note_name(Parser& parser, std::string_view name, bool assigned);

/// Enters one more level of nesting. Errors: too deep.
Expected<void> enter(Parser& parser);

Expected<ExprId> parse_expression(Parser& parser, bool with_condition = true);
/// An expression, or a tuple where commas follow; ends before a name in `stop`.
Expected<ExprId> parse_tuple(Parser& parser, bool with_condition = true, std::string_view stop = {},
                             bool in_parentheses = false);
/// `| name(args) | ...` onto `value`; the first without its bar if `inline_start`.
Expected<ExprId> parse_filters(Parser& parser, ExprId value, bool inline_start);
Expected<Target> parse_target(Parser& parser, bool with_attributes);

/// Statements and text up to a tag named in `ends` (which is then current), or to the end.
Expected<Body> parse_body(Parser& parser, std::vector<std::string_view> ends);

}  // namespace mr::text::jinja
