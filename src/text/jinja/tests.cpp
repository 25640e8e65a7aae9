#include "text/jinja/tests.h"

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/filters.h"
#include "text/jinja/methods.h"
#include "text/jinja/ops.h"
#include "text/jinja/print.h"

namespace mr::text::jinja {
namespace {

template <Kind... kinds>
Expected<bool> is_kind(Run&, Value value, const Args&) {
  return ((value.kind == kinds) || ...);
}

Expected<bool> is_defined(Run&, Value value, const Args&) {
  return !is_undefined(value);
}

template <bool wanted>
Expected<bool> is_flag(Run&, Value value, const Args&) {
  return value.kind == Kind::boolean && value.flag == wanted;
}

Expected<bool> test_number(Run&, Value value, const Args&) {
  return is_number(value);
}

Expected<bool> test_sequence(Run&, Value value, const Args&) {
  return length(value) >= 0 && value.kind != Kind::view && value.kind != Kind::loop;
}

Expected<bool> test_iterable(Run&, Value value, const Args&) {
  return is_iterable(value);
}

Expected<bool> test_callable(Run&, Value value, const Args&) {
  return value.kind == Kind::macro || value.kind == Kind::function || value.kind == Kind::joiner ||
         value.kind == Kind::loop || is_undefined(value);
}

Expected<bool> test_escaped(Run&, Value value, const Args&) {
  return is_string(value) && value.str->markup;
}

Expected<Value> remainder(Run& run, Value value, Value divisor) {
  return arithmetic(run, Op::mod, value, divisor);
}

template <std::int64_t rest>
Expected<bool> has_parity(Run& run, Value value, const Args&) {
  MR_TRY(const Value left, remainder(run, value, integer(2)));
  return equal(run, left, integer(rest));
}

Expected<bool> test_divisible(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("divisibleby", args, {"num"}, 1));
  MR_TRY(const Value left, remainder(run, value, p[0]));
  return equal(run, left, integer(0));
}

template <Op op>
Expected<bool> test_compare(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("comparison", args, {"other"}, 1));
  return compare(run, op, value, p[0]);
}

Expected<bool> test_same(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("sameas", args, {"other"}, 1));
  if (value.kind != p[0].kind) return false;
  if (is_string(value) || is_number(value)) return equal(run, value, p[0]);
  return value.kind == Kind::none || value.list == p[0].list;
}

template <bool upper>
Expected<bool> test_case(Run& run, Value value, const Args&) {
  MR_TRY(const Value text, to_str(run, value));
  MR_TRY(const Value verdict, find_string_method(upper ? "isupper" : "islower")(run, text, Args{}));
  return verdict.flag;
}

Expected<bool> test_filter(Run&, Value value, const Args&) {
  return is_string(value) && find_filter(value.str->text) != nullptr;
}

Expected<bool> test_test(Run&, Value value, const Args&) {
  return is_string(value) && find_test(value.str->text) != nullptr;
}

constexpr Test kTests[] = {
    {"!=", test_compare<Op::ne>, 1},
    {"<", test_compare<Op::lt>, 1},
    {"<=", test_compare<Op::le>, 1},
    {"==", test_compare<Op::eq>, 1},
    {">", test_compare<Op::gt>, 1},
    {">=", test_compare<Op::ge>, 1},
    {"boolean", is_kind<Kind::boolean>},
    {"callable", test_callable},
    {"defined", is_defined},
    {"divisibleby", test_divisible, 1},
    {"eq", test_compare<Op::eq>, 1},
    {"equalto", test_compare<Op::eq>, 1},
    {"escaped", test_escaped},
    {"even", has_parity<0>},
    {"false", is_flag<false>},
    {"filter", test_filter},
    {"float", is_kind<Kind::real>},
    {"ge", test_compare<Op::ge>, 1},
    {"greaterthan", test_compare<Op::gt>, 1},
    {"gt", test_compare<Op::gt>, 1},
    {"in", test_compare<Op::in>, 1},
    {"integer", is_kind<Kind::integer>},
    {"iterable", test_iterable},
    {"le", test_compare<Op::le>, 1},
    {"lessthan", test_compare<Op::lt>, 1},
    {"lower", test_case<false>},
    {"lt", test_compare<Op::lt>, 1},
    {"mapping", is_kind<Kind::dict>},
    {"ne", test_compare<Op::ne>, 1},
    {"none", is_kind<Kind::none>},
    {"number", test_number},
    {"odd", has_parity<1>},
    {"sameas", test_same, 1},
    {"sequence", test_sequence},
    {"string", is_kind<Kind::string>},
    {"test", test_test},
    {"true", is_flag<true>},
    {"undefined", is_kind<Kind::undefined>},
    {"upper", test_case<true>},
};

}  // namespace

const Test* find_test(std::string_view name) {
  for (const Test& test : kTests) {
    if (test.name == name) return &test;
  }
  return nullptr;
}

Expected<bool> apply_test(Run& run, std::string_view name, Value value, const Args& args) {
  MR_TRY_VOID(charge(run));
  const Test* test = find_test(name);
  if (test == nullptr) return fail_run("No test named '" + std::string(name) + "'.");
  if (args.positional.size() + args.keyword.size() != test->n_arguments) {
    return fail_run("the test '" + std::string(name) + "' takes " +
                    std::to_string(test->n_arguments) + " arguments");
  }
  return test->call(run, value, args);
}

}  // namespace mr::text::jinja
