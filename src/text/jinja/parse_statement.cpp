#include <algorithm>

#include "text/jinja/parser.h"
#include "text/jinja/template.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

StmtId add(Parser& parser, Stmt stmt) {
  parser.result.stmts.push_back(std::move(stmt));
  return static_cast<StmtId>(parser.result.stmts.size() - 1);
}

Stmt begin(Parser& parser, StmtKind kind) {
  return {kind, parser.tokens[parser.at++].line};  // behind the tag's name
}

Expected<void> expect_block_end(Parser& parser) {
  if (current(parser).kind != TokenKind::block_end) {
    return fail_here(parser,
                     "expected token 'end of statement block', got '" + describe(parser) + "'");
  }
  ++parser.at;
  return {};
}

/// The rest of an opening tag, the body, and the name of the closing tag if that is `end`.
Expected<Body> parse_until(Parser& parser, std::vector<std::string_view> ends) {
  skip_op(parser, ":");
  MR_TRY_VOID(expect_block_end(parser));
  const bool only_one = ends.size() == 1;
  MR_TRY(Body body, parse_body(parser, std::move(ends)));
  if (only_one) ++parser.at;
  return body;
}

/// The same in a scope of its own, where filters must exist again.
Expected<Body> parse_scope(Parser& parser, std::vector<std::string_view> ends) {
  const bool was_soft = std::exchange(parser.soft, false);
  MR_TRY(Body body, parse_until(parser, std::move(ends)));
  parser.soft = was_soft;
  return body;
}

Expected<Stmt> parse_set(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::set);
  const std::size_t target_at = parser.at;
  MR_TRY(Target target, parse_target(parser, true));
  stmt.targets.push_back(std::move(target));
  if (skip_op(parser, "=")) {
    MR_TRY(stmt.expr, parse_tuple(parser));
    return stmt;
  }
  if (parser.at == target_at) return fail_here(parser, "expected a name to set");
  stmt.kind = StmtKind::set_block;
  if (is_op(parser, "|")) {
    MR_TRY(stmt.expr, parse_filters(parser, kNone, false));
  }
  MR_TRY(Body body, parse_scope(parser, {"endset"}));
  stmt.bodies.push_back(std::move(body));
  return stmt;
}

Expected<Stmt> parse_for(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::loop);
  MR_TRY(Target target, parse_target(parser, false));
  if (target.name != kNone && parser.result.names[target.name] == "loop") {
    return fail_here(parser, "Can't assign to special loop variable in for-loop target");
  }
  stmt.targets.push_back(std::move(target));
  if (!skip_name(parser, "in")) {
    return fail_here(parser, "expected token 'in', got '" + describe(parser) + "'");
  }
  MR_TRY(stmt.expr, parse_tuple(parser, false, "recursive"));
  if (skip_name(parser, "if")) {
    MR_TRY(stmt.test, parse_expression(parser));
  }
  stmt.flag = skip_name(parser, "recursive");
  ++parser.n_loops;
  MR_TRY(Body body, parse_scope(parser, {"endfor", "else"}));
  --parser.n_loops;
  stmt.bodies.push_back(std::move(body));
  if (parser.tokens[parser.at++].text == "else") {
    MR_TRY(Body otherwise, parse_scope(parser, {"endfor"}));
    stmt.bodies.push_back(std::move(otherwise));
  }
  return stmt;
}

Expected<Stmt> parse_if(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::branch);
  const bool was_soft = std::exchange(parser.soft, true);
  while (true) {
    MR_TRY(const ExprId test, parse_tuple(parser, false));
    stmt.exprs.push_back(test);
    MR_TRY(Body body, parse_until(parser, {"elif", "else", "endif"}));
    stmt.bodies.push_back(std::move(body));
    const std::string_view tag = parser.tokens[parser.at++].text;
    if (tag == "elif") continue;
    if (tag == "else") {
      MR_TRY(Body otherwise, parse_until(parser, {"endif"}));
      stmt.bodies.push_back(std::move(otherwise));
    }
    break;
  }
  parser.soft = was_soft;
  return stmt;
}

Expected<Stmt> parse_with(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::with);
  while (current(parser).kind != TokenKind::block_end) {
    if (!stmt.targets.empty()) MR_TRY_VOID(expect_op(parser, ","));
    Target target;
    note_name(parser, current(parser).text, true);
    MR_TRY(target.name, expect_name(parser));
    MR_TRY_VOID(expect_op(parser, "="));
    MR_TRY(const ExprId value, parse_expression(parser));
    stmt.targets.push_back(std::move(target));
    stmt.exprs.push_back(value);
  }
  MR_TRY(Body body, parse_scope(parser, {"endwith"}));
  stmt.bodies.push_back(std::move(body));
  return stmt;
}

Expected<Signature> parse_signature(Parser& parser) {
  Signature signature;
  MR_TRY_VOID(expect_op(parser, "("));
  while (!is_op(parser, ")")) {
    if (!signature.names.empty()) MR_TRY_VOID(expect_op(parser, ","));
    MR_TRY(const NameId name, expect_name(parser));
    signature.names.push_back(name);
    if (skip_op(parser, "=")) {
      MR_TRY(const ExprId value, parse_expression(parser));
      signature.defaults.push_back(value);
    } else if (!signature.defaults.empty()) {
      return fail_here(parser, "non-default argument follows default argument");
    }
  }
  ++parser.at;
  return signature;
}

/// The body of a macro or call block, and which special arguments that makes it take.
Expected<void> parse_macro_body(Parser& parser, Stmt& stmt, std::string_view end) {
  parser.macros.emplace_back();
  const int n_loops = std::exchange(parser.n_loops, 0);
  MR_TRY(Body body, parse_scope(parser, {end}));
  parser.n_loops = n_loops;
  const MacroScan scan = parser.macros.back();
  parser.macros.pop_back();
  const auto has = [&](std::string_view name) {
    return std::any_of(stmt.signature.names.begin(), stmt.signature.names.end(),
                       [&](NameId id) { return parser.result.names[id] == name; });
  };
  stmt.signature.takes_caller = scan.uses[0] && !has("caller");
  stmt.signature.takes_kwargs = scan.uses[1] && !has("kwargs");
  stmt.signature.takes_varargs = scan.uses[2] && !has("varargs");
  stmt.bodies.push_back(std::move(body));
  return {};
}

Expected<Stmt> parse_macro(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::macro);
  note_name(parser, current(parser).text, true);
  MR_TRY(stmt.name, expect_name(parser));
  MR_TRY(stmt.signature, parse_signature(parser));
  MR_TRY_VOID(parse_macro_body(parser, stmt, "endmacro"));
  return stmt;
}

Expected<Stmt> parse_call_block(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::call_block);
  if (is_op(parser, "(")) {
    MR_TRY(stmt.signature, parse_signature(parser));
  }
  MR_TRY(stmt.expr, parse_expression(parser));
  if (parser.result.exprs[stmt.expr].kind != ExprKind::call) {
    return fail_line(stmt.line, "expected call");
  }
  MR_TRY_VOID(parse_macro_body(parser, stmt, "endcall"));
  return stmt;
}

Expected<Stmt> parse_filter_block(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::filter_block);
  MR_TRY(stmt.expr, parse_filters(parser, kNone, true));
  MR_TRY(Body body, parse_scope(parser, {"endfilter"}));
  stmt.bodies.push_back(std::move(body));
  return stmt;
}

/// What a chat template marks as the assistant's words; its text is printed like any other.
Expected<Stmt> parse_generation(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::scope);
  const int n_loops = std::exchange(parser.n_loops, 0);
  MR_TRY(Body body, parse_scope(parser, {"endgeneration"}));
  parser.n_loops = n_loops;
  stmt.bodies.push_back(std::move(body));
  return stmt;
}

Expected<Stmt> parse_block(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::block);
  MR_TRY(stmt.name, expect_name(parser));
  stmt.flag = skip_name(parser, "scoped");
  const int n_loops = std::exchange(parser.n_loops, 0);
  MR_TRY(Body body, parse_scope(parser, {"endblock"}));
  parser.n_loops = n_loops;
  skip_name(parser, parser.result.names[stmt.name]);
  stmt.bodies.push_back(std::move(body));
  return stmt;
}

Expected<Stmt> parse_print(Parser& parser) {
  Stmt stmt = begin(parser, StmtKind::output);
  while (current(parser).kind != TokenKind::block_end) {
    if (!stmt.exprs.empty()) MR_TRY_VOID(expect_op(parser, ","));
    MR_TRY(const ExprId value, parse_expression(parser));
    stmt.exprs.push_back(value);
  }
  return stmt;
}

Expected<Stmt> parse_loop_control(Parser& parser) {
  const bool leaves = is_name(parser, "break");
  if (parser.n_loops == 0) return fail_here(parser, "'break' or 'continue' outside a loop");
  return begin(parser, leaves ? StmtKind::leave_loop : StmtKind::next_round);
}

struct Tag {
  std::string_view name;
  Expected<Stmt> (*parse)(Parser&);
};
constexpr Tag kTags[] = {
    {"set", parse_set},
    {"for", parse_for},
    {"if", parse_if},
    {"with", parse_with},
    {"macro", parse_macro},
    {"call", parse_call_block},
    {"filter", parse_filter_block},
    {"generation", parse_generation},
    {"block", parse_block},
    {"print", parse_print},
    {"break", parse_loop_control},
    {"continue", parse_loop_control},
};

Expected<StmtId> parse_statement(Parser& parser, std::span<const std::string_view> ends) {
  if (current(parser).kind != TokenKind::name) return fail_here(parser, "tag name expected");
  const std::string_view name = current(parser).text;
  for (const Tag& tag : kTags) {
    if (tag.name != name) continue;
    MR_TRY_VOID(enter(parser));
    MR_TRY(Stmt stmt, tag.parse(parser));
    --parser.depth;
    return add(parser, std::move(stmt));
  }
  for (const std::string_view refused : {"include", "import", "from", "extends", "autoescape"}) {
    if (name == refused) {
      return fail_here(parser, "the tag '" + std::string(name) + "' is not allowed here");
    }
  }
  std::string message = "Encountered unknown tag '" + std::string(name) + "'.";
  for (const std::string_view end : ends) {
    message += (end == ends.front() ? " Looking for '" : " or '") + std::string(end) + "'";
  }
  return fail_here(parser, message);
}

}  // namespace

Expected<Body> parse_body(Parser& parser, std::vector<std::string_view> ends) {
  Body body;
  while (current(parser).kind != TokenKind::end) {
    const Token token = parser.tokens[parser.at++];
    if (token.kind == TokenKind::data) {
      Stmt text{StmtKind::text, token.line};
      text.text = token.text;
      body.push_back(add(parser, std::move(text)));
    } else if (token.kind == TokenKind::variable_begin) {
      Stmt output{StmtKind::output, token.line};
      MR_TRY(const ExprId value, parse_tuple(parser));
      output.exprs.push_back(value);
      body.push_back(add(parser, std::move(output)));
      if (current(parser).kind != TokenKind::variable_end) {
        return fail_here(parser,
                         "expected token 'end of print statement', got '" + describe(parser) + "'");
      }
      ++parser.at;
    } else {
      if (current(parser).kind == TokenKind::name &&
          std::find(ends.begin(), ends.end(), current(parser).text) != ends.end()) {
        return body;
      }
      MR_TRY(const StmtId stmt, parse_statement(parser, ends));
      body.push_back(stmt);
      MR_TRY_VOID(expect_block_end(parser));
    }
  }
  if (ends.empty()) return body;
  std::string message = "Unexpected end of template. Looking for '" + std::string(ends[0]) + "'";
  for (std::size_t i = 1; i < ends.size(); ++i) message += " or '" + std::string(ends[i]) + "'";
  return fail_here(parser, message);
}

Expected<Template> parse_template(std::string_view source, const Limits& limits) {
  if (source.size() > limits.source_bytes) {
    return fail(Fault::bad_model, "template has " + std::to_string(source.size()) +
                                      " bytes, more than the " +
                                      std::to_string(limits.source_bytes) + " allowed");
  }
  if (!is_utf8(source)) return fail(Fault::bad_model, "template is not UTF-8");
  Template result;
  result.limits = limits;
  result.source = std::make_unique<const std::string>(normalise_newlines(source));
  MR_TRY(std::vector<Token> tokens, tokenize(*result.source));
  Parser parser{result, std::move(tokens)};
  MR_TRY(result.body, parse_body(parser, {}));
  return result;
}

}  // namespace mr::text::jinja
