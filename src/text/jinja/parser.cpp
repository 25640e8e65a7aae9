#include "text/jinja/parser.h"

#include <algorithm>
#include <charconv>

#include "text/jinja/filters.h"
#include "text/jinja/tests.h"

namespace mr::text::jinja {

const Token& look(const Parser& parser) {
  return parser.tokens[std::min(parser.at + 1, parser.tokens.size() - 1)];
}

bool is_op(const Parser& parser, std::string_view op) {
  return current(parser).kind == TokenKind::op && current(parser).text == op;
}

bool is_name(const Parser& parser, std::string_view name) {
  return current(parser).kind == TokenKind::name && current(parser).text == name;
}

bool skip_op(Parser& parser, std::string_view op) {
  if (!is_op(parser, op)) return false;
  ++parser.at;
  return true;
}

bool skip_name(Parser& parser, std::string_view name) {
  if (!is_name(parser, name)) return false;
  ++parser.at;
  return true;
}

tl::unexpected<Error> fail_here(const Parser& parser, std::string_view message) {
  return fail_line(current(parser).line, message);
}

std::string describe(const Parser& parser) {
  switch (current(parser).kind) {
    case TokenKind::data:
      return "template data / text";
    case TokenKind::variable_begin:
      return "begin of print statement";
    case TokenKind::variable_end:
      return "end of print statement";
    case TokenKind::block_begin:
      return "begin of statement block";
    case TokenKind::block_end:
      return "end of statement block";
    case TokenKind::end:
      return "end of template";
    default:
      return std::string(current(parser).text);
  }
}

Expected<void> expect_op(Parser& parser, std::string_view op) {
  if (skip_op(parser, op)) return {};
  return fail_here(parser,
                   "expected token '" + std::string(op) + "', got '" + describe(parser) + "'");
}

Expected<NameId> expect_name(Parser& parser) {
  if (current(parser).kind != TokenKind::name) {
    return fail_here(parser, "expected token 'name', got '" + describe(parser) + "'");
  }
  return intern(parser, parser.tokens[parser.at++].text);
}

NameId intern(Parser& parser, std::string_view name) {
  Template& result = parser.result;
  const auto known = result.name_ids.find(name);
  if (known != result.name_ids.end()) return known->second;
  const auto id = static_cast<NameId>(result.names.size());
  result.names.emplace_back(name);
  result.name_ids.emplace(result.names.back(), id);
  return id;
}

ExprId add(Parser& parser, Expr expr) {
  parser.result.exprs.push_back(std::move(expr));
  return static_cast<ExprId>(parser.result.exprs.size() - 1);
}

void note_name(Parser& parser, std::string_view name, bool assigned) {
  const int which = name == "caller" ? 0 : name == "kwargs" ? 1 : name == "varargs" ? 2 : -1;
  if (which < 0) return;
  for (MacroScan& scan : parser.macros) {
    if (assigned) {
      scan.assigns[which] = true;
    } else if (!scan.assigns[which]) {
      scan.uses[which] = true;
    }
  }
}

Expected<void> enter(Parser& parser) {
  if (++parser.depth > parser.result.limits.depth) {
    return fail_here(
        parser, "nested more than " + std::to_string(parser.result.limits.depth) + " levels deep");
  }
  return {};
}

namespace {

using Part = Expected<ExprId> (*)(Parser&);
struct OpName {
  std::string_view text;
  Op op;
};

/// `part op part op ...` with operators of one precedence, from the left.
Expected<ExprId> parse_chain(Parser& parser, Part part, std::span<const OpName> ops) {
  Expr chain{ExprKind::chain, current(parser).line};
  MR_TRY(const ExprId first, part(parser));
  chain.parts.push_back(first);
  while (current(parser).kind == TokenKind::op) {
    const auto op = std::find_if(ops.begin(), ops.end(), [&](const OpName& candidate) {
      return candidate.text == current(parser).text;
    });
    if (op == ops.end()) break;
    ++parser.at;
    MR_TRY(const ExprId next, part(parser));
    chain.parts.push_back(next);
    chain.ops.push_back(op->op);
  }
  return chain.ops.empty() ? first : add(parser, std::move(chain));
}

ExprId add_literal(Parser& parser, Value value) {
  Expr expr{ExprKind::literal, current(parser).line};
  expr.literal = value;
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_strings(Parser& parser) {
  std::string text;
  while (current(parser).kind == TokenKind::string) {
    MR_TRY(const std::string piece, unescape(current(parser)));
    text += piece;
    ++parser.at;
  }
  Template& result = parser.result;
  result.strings.push_back(std::move(text));
  result.literals.push_back(Str{result.strings.back(), {}});
  return add_literal(parser, from(&result.literals.back()));
}

Expected<ExprId> parse_number(Parser& parser) {
  const Token token = parser.tokens[parser.at++];
  std::string digits(token.text);
  std::erase(digits, '_');
  if (token.kind == TokenKind::real) {
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return add_literal(parser, real(number));
  }
  const char prefix = digits.size() > 1 ? static_cast<char>(digits[1] | 0x20) : ' ';
  const int base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
  std::int64_t number = 0;
  const char* start = digits.data() + (base == 10 ? 0 : 2);
  const auto read = std::from_chars(start, digits.data() + digits.size(), number, base);
  if (read.ec != std::errc()) return fail_line(token.line, "integer does not fit 64 bits");
  return add_literal(parser, integer(number));
}

Expected<ExprId> parse_sequence(Parser& parser, ExprKind kind, std::string_view closer) {
  Expr expr{kind, current(parser).line};
  ++parser.at;
  while (!is_op(parser, closer)) {
    if (!expr.parts.empty()) {
      MR_TRY_VOID(expect_op(parser, ","));
      if (is_op(parser, closer)) break;
    }
    MR_TRY(const ExprId part, parse_expression(parser));
    expr.parts.push_back(part);
    if (kind != ExprKind::dict) continue;
    MR_TRY_VOID(expect_op(parser, ":"));
    MR_TRY(const ExprId value, parse_expression(parser));
    expr.parts.push_back(value);
  }
  ++parser.at;
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_name(Parser& parser) {
  const Token token = parser.tokens[parser.at++];
  if (token.text == "true" || token.text == "True") return add_literal(parser, boolean(true));
  if (token.text == "false" || token.text == "False") return add_literal(parser, boolean(false));
  if (token.text == "none" || token.text == "None") return add_literal(parser, none());
  note_name(parser, token.text, false);
  Expr expr{ExprKind::name, token.line};
  expr.name = intern(parser, token.text);
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_primary(Parser& parser) {
  switch (current(parser).kind) {
    case TokenKind::name:
      return parse_name(parser);
    case TokenKind::string:
      return parse_strings(parser);
    case TokenKind::integer:
    case TokenKind::real:
      return parse_number(parser);
    default:
      break;
  }
  if (is_op(parser, "[")) return parse_sequence(parser, ExprKind::list, "]");
  if (is_op(parser, "{")) return parse_sequence(parser, ExprKind::dict, "}");
  if (!skip_op(parser, "(")) return fail_here(parser, "unexpected '" + describe(parser) + "'");
  MR_TRY(const ExprId inner, parse_tuple(parser, true, {}, true));
  MR_TRY_VOID(expect_op(parser, ")"));
  return inner;
}

/// `a`, `a:b`, `a:b:c` within brackets.
Expected<ExprId> parse_subscript(Parser& parser) {
  Expr slice{ExprKind::slice, current(parser).line};
  slice.parts = {kNone, kNone, kNone};
  if (!is_op(parser, ":")) {
    MR_TRY(const ExprId start, parse_expression(parser));
    if (!is_op(parser, ":")) return start;
    slice.parts[0] = start;
  }
  for (std::size_t part = 1; part < 3 && skip_op(parser, ":"); ++part) {
    if (is_op(parser, ":") || is_op(parser, "]") || is_op(parser, ",")) continue;
    MR_TRY(slice.parts[part], parse_expression(parser));
  }
  return add(parser, std::move(slice));
}

Expected<ExprId> parse_dot(Parser& parser, ExprId object) {
  const Token token = current(parser);
  if (token.kind == TokenKind::name) {
    Expr expr{ExprKind::attribute, token.line, intern(parser, token.text)};
    expr.parts = {object};
    ++parser.at;
    return add(parser, std::move(expr));
  }
  if (token.kind != TokenKind::integer) return fail_here(parser, "expected name or number");
  MR_TRY(const ExprId index, parse_number(parser));
  Expr expr{ExprKind::item, token.line};
  expr.parts = {object, index};
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_brackets(Parser& parser, ExprId object) {
  Expr expr{ExprKind::item, current(parser).line};
  Expr indices{ExprKind::tuple, current(parser).line};
  while (!is_op(parser, "]")) {
    if (!indices.parts.empty()) MR_TRY_VOID(expect_op(parser, ","));
    MR_TRY(const ExprId index, parse_subscript(parser));
    indices.parts.push_back(index);
  }
  ++parser.at;
  expr.parts = {object,
                indices.parts.size() == 1 ? indices.parts[0] : add(parser, std::move(indices))};
  return add(parser, std::move(expr));
}

Expected<std::uint32_t> parse_arguments(Parser& parser) {
  const std::uint32_t line = current(parser).line;
  MR_TRY_VOID(expect_op(parser, "("));
  Arguments arguments;
  for (bool first = true; !is_op(parser, ")"); first = false) {
    if (!first) {
      MR_TRY_VOID(expect_op(parser, ","));
      if (is_op(parser, ")")) break;
    }
    bool in_order = arguments.double_star == kNone;
    if (skip_op(parser, "*")) {
      in_order = in_order && arguments.star == kNone;
      MR_TRY(arguments.star, parse_expression(parser));
    } else if (skip_op(parser, "**")) {
      MR_TRY(arguments.double_star, parse_expression(parser));
    } else if (current(parser).kind == TokenKind::name && look(parser).kind == TokenKind::op &&
               look(parser).text == "=") {
      const NameId name = intern(parser, current(parser).text);
      parser.at += 2;
      MR_TRY(const ExprId value, parse_expression(parser));
      arguments.keyword.emplace_back(name, value);
    } else {
      in_order = in_order && arguments.star == kNone && arguments.keyword.empty();
      MR_TRY(const ExprId value, parse_expression(parser));
      arguments.positional.push_back(value);
    }
    if (!in_order) return fail_line(line, "invalid syntax for function call expression");
  }
  ++parser.at;
  parser.result.arguments.push_back(std::move(arguments));
  return static_cast<std::uint32_t>(parser.result.arguments.size() - 1);
}

Expected<ExprId> parse_call(Parser& parser, ExprId callee) {
  Expr expr{ExprKind::call, current(parser).line};
  expr.parts = {callee};
  MR_TRY(expr.arguments, parse_arguments(parser));
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_postfix(Parser& parser, ExprId value) {
  while (true) {
    if (skip_op(parser, ".")) {
      MR_TRY(value, parse_dot(parser, value));
    } else if (skip_op(parser, "[")) {
      MR_TRY(value, parse_brackets(parser, value));
    } else if (is_op(parser, "(")) {
      MR_TRY(value, parse_call(parser, value));
    } else {
      return value;
    }
  }
}

/// The name of a filter or test, which may have dots.
Expected<NameId> parse_dotted(Parser& parser) {
  MR_TRY(NameId id, expect_name(parser));
  while (skip_op(parser, ".")) {
    MR_TRY(const NameId more, expect_name(parser));
    id = intern(parser, parser.result.names[id] + "." + parser.result.names[more]);
  }
  return id;
}

bool starts_argument(const Parser& parser) {
  const Token& token = current(parser);
  switch (token.kind) {
    case TokenKind::name:
      return token.text != "else" && token.text != "or" && token.text != "and";
    case TokenKind::string:
    case TokenKind::integer:
    case TokenKind::real:
      return true;
    case TokenKind::op:
      return token.text == "[" || token.text == "{";
    default:
      return false;
  }
}

/// What follows `is`.
Expected<ExprId> parse_test(Parser& parser, ExprId value) {
  const bool negated = skip_name(parser, "not");
  Expr test{ExprKind::test, current(parser).line};
  MR_TRY(test.name, parse_dotted(parser));
  test.parts = {value};
  if (is_op(parser, "(")) {
    MR_TRY(test.arguments, parse_arguments(parser));
  } else if (starts_argument(parser)) {
    if (is_name(parser, "is")) return fail_here(parser, "You cannot chain multiple tests with is");
    MR_TRY(const ExprId primary, parse_primary(parser));
    MR_TRY(const ExprId argument, parse_postfix(parser, primary));
    parser.result.arguments.push_back({{argument}, {}});
    test.arguments = static_cast<std::uint32_t>(parser.result.arguments.size() - 1);
  }
  const std::string& name = parser.result.names[test.name];
  if (!parser.soft && find_test(name) == nullptr) {
    return fail_line(test.line, "No test named '" + name + "'.");
  }
  const ExprId tested = add(parser, std::move(test));
  if (!negated) return tested;
  Expr negation{ExprKind::negation, current(parser).line};
  negation.parts = {tested};
  return add(parser, std::move(negation));
}

Expected<ExprId> parse_unary(Parser& parser, bool with_filter);

Expected<ExprId> parse_signed(Parser& parser) {
  Expr expr{ExprKind::sign, current(parser).line};
  expr.ops = {current(parser).text == "-" ? Op::sub : Op::add};
  ++parser.at;
  MR_TRY_VOID(enter(parser));
  MR_TRY(const ExprId operand, parse_unary(parser, false));
  --parser.depth;
  expr.parts = {operand};
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_unary(Parser& parser, bool with_filter) {
  const bool is_signed = is_op(parser, "-") || is_op(parser, "+");
  MR_TRY(ExprId value, is_signed ? parse_signed(parser) : parse_primary(parser));
  MR_TRY(value, parse_postfix(parser, value));
  while (with_filter) {
    if (is_op(parser, "|")) {
      MR_TRY(value, parse_filters(parser, value, false));
    } else if (skip_name(parser, "is")) {
      MR_TRY(value, parse_test(parser, value));
    } else if (is_op(parser, "(")) {
      MR_TRY(value, parse_call(parser, value));
    } else {
      break;
    }
  }
  return value;
}

Expected<ExprId> parse_factor(Parser& parser) {
  return parse_unary(parser, true);
}

Expected<ExprId> parse_power(Parser& parser) {
  static constexpr OpName kOps[] = {{"**", Op::pow}};
  return parse_chain(parser, parse_factor, kOps);
}

Expected<ExprId> parse_product(Parser& parser) {
  static constexpr OpName kOps[] = {
      {"*", Op::mul}, {"/", Op::div}, {"//", Op::floor_div}, {"%", Op::mod}};
  return parse_chain(parser, parse_power, kOps);
}

Expected<ExprId> parse_concat(Parser& parser) {
  Expr concat{ExprKind::concat, current(parser).line};
  do {
    MR_TRY(const ExprId part, parse_product(parser));
    concat.parts.push_back(part);
  } while (skip_op(parser, "~"));
  if (concat.parts.size() == 1) return concat.parts[0];
  return add(parser, std::move(concat));
}

Expected<ExprId> parse_sum(Parser& parser) {
  static constexpr OpName kOps[] = {{"+", Op::add}, {"-", Op::sub}};
  return parse_chain(parser, parse_concat, kOps);
}

/// The comparison that starts here, which is skipped, if one does.
bool take_comparison(Parser& parser, Op& op) {
  static constexpr OpName kOps[] = {{"==", Op::eq}, {"!=", Op::ne}, {"<", Op::lt},
                                    {"<=", Op::le}, {">", Op::gt},  {">=", Op::ge}};
  for (const OpName& candidate : kOps) {
    if (!skip_op(parser, candidate.text)) continue;
    op = candidate.op;
    return true;
  }
  if (skip_name(parser, "in")) {
    op = Op::in;
    return true;
  }
  const Token& next = look(parser);
  if (!is_name(parser, "not") || next.kind != TokenKind::name || next.text != "in") return false;
  parser.at += 2;
  op = Op::not_in;
  return true;
}

Expected<ExprId> parse_comparison(Parser& parser) {
  Expr expr{ExprKind::compare, current(parser).line};
  MR_TRY(const ExprId first, parse_sum(parser));
  expr.parts.push_back(first);
  for (Op op; take_comparison(parser, op);) {
    MR_TRY(const ExprId next, parse_sum(parser));
    expr.parts.push_back(next);
    expr.ops.push_back(op);
  }
  return expr.ops.empty() ? first : add(parser, std::move(expr));
}

Expected<ExprId> parse_not(Parser& parser) {
  bool negated = false;
  const std::uint32_t line = current(parser).line;
  std::size_t n_nots = 0;
  for (; skip_name(parser, "not"); ++n_nots) negated = !negated;
  MR_TRY(const ExprId inner, parse_comparison(parser));
  if (n_nots == 0) return inner;
  // Two in a row still make a boolean of it.
  Expr expr{ExprKind::negation, line};
  expr.parts = {inner};
  ExprId result = add(parser, std::move(expr));
  if (negated) return result;
  Expr again{ExprKind::negation, line};
  again.parts = {result};
  return add(parser, std::move(again));
}

Expected<ExprId> parse_logic(Parser& parser, ExprKind kind, Part part, std::string_view word) {
  Expr expr{kind, current(parser).line};
  do {
    MR_TRY(const ExprId operand, part(parser));
    expr.parts.push_back(operand);
  } while (skip_name(parser, word));
  if (expr.parts.size() == 1) return expr.parts[0];
  return add(parser, std::move(expr));
}

Expected<ExprId> parse_and(Parser& parser) {
  return parse_logic(parser, ExprKind::all, parse_not, "and");
}

Expected<ExprId> parse_or(Parser& parser) {
  return parse_logic(parser, ExprKind::any, parse_and, "or");
}

Expected<ExprId> parse_condition(Parser& parser) {
  const bool was_soft = parser.soft;
  MR_TRY(ExprId value, parse_or(parser));
  while (skip_name(parser, "if")) {
    Expr expr{ExprKind::condition, current(parser).line};
    parser.soft = true;
    MR_TRY(const ExprId test, parse_or(parser));
    ExprId otherwise = kNone;
    if (skip_name(parser, "else")) {
      MR_TRY(otherwise, parse_expression(parser));
    }
    parser.soft = was_soft;
    expr.parts = {test, value, otherwise};
    value = add(parser, std::move(expr));
  }
  return value;
}

}  // namespace

Expected<ExprId> parse_expression(Parser& parser, bool with_condition) {
  MR_TRY_VOID(enter(parser));
  MR_TRY(const ExprId value, with_condition ? parse_condition(parser) : parse_or(parser));
  --parser.depth;
  return value;
}

Expected<ExprId> parse_tuple(Parser& parser, bool with_condition, std::string_view stop,
                             bool in_parentheses) {
  Expr expr{ExprKind::tuple, current(parser).line};
  bool is_tuple = false;
  while (true) {
    const TokenKind kind = current(parser).kind;
    if (kind == TokenKind::variable_end || kind == TokenKind::block_end || is_op(parser, ")") ||
        (!stop.empty() && is_name(parser, stop))) {
      break;
    }
    MR_TRY(const ExprId part, parse_expression(parser, with_condition));
    expr.parts.push_back(part);
    if (!skip_op(parser, ",")) break;
    is_tuple = true;
  }
  if (is_tuple) return add(parser, std::move(expr));
  if (!expr.parts.empty()) return expr.parts[0];
  if (in_parentheses) return add(parser, std::move(expr));
  return fail_here(parser, "Expected an expression, got '" + describe(parser) + "'");
}

Expected<ExprId> parse_filters(Parser& parser, ExprId value, bool inline_start) {
  while (inline_start || skip_op(parser, "|")) {
    inline_start = false;
    Expr filter{ExprKind::filter, current(parser).line};
    MR_TRY(filter.name, parse_dotted(parser));
    filter.parts = {value};
    if (is_op(parser, "(")) {
      MR_TRY(filter.arguments, parse_arguments(parser));
    }
    const std::string& name = parser.result.names[filter.name];
    if (!parser.soft && find_filter(name) == nullptr) {
      return fail_line(filter.line, "No filter named '" + name + "'.");
    }
    value = add(parser, std::move(filter));
  }
  return value;
}

Expected<Target> parse_target(Parser& parser, bool with_attributes) {
  MR_TRY_VOID(enter(parser));
  Target tuple;
  bool is_tuple = false;
  do {
    if (current(parser).kind == TokenKind::block_end || is_op(parser, ")") ||
        (is_tuple && (is_name(parser, "in") || is_op(parser, "=")))) {
      break;
    }
    if (skip_op(parser, "(")) {
      MR_TRY(Target inner, parse_target(parser, false));
      MR_TRY_VOID(expect_op(parser, ")"));
      tuple.parts.push_back(std::move(inner));
      continue;
    }
    const std::string_view text = current(parser).text;
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (text == constant) return fail_here(parser, "can't assign to 'const'");
    }
    Target target;
    MR_TRY(target.name, expect_name(parser));
    if (with_attributes && skip_op(parser, ".")) {
      note_name(parser, text, false);
      MR_TRY(target.attribute, expect_name(parser));
    } else {
      note_name(parser, text, true);
    }
    tuple.parts.push_back(std::move(target));
  } while (skip_op(parser, ",") && (is_tuple = true));
  --parser.depth;
  if (tuple.parts.empty() && !is_tuple) {
    return fail_here(parser, "Expected an expression, got '" + describe(parser) + "'");
  }
  if (!is_tuple) return std::move(tuple.parts[0]);
  return tuple;
}

}  // namespace mr::text::jinja
