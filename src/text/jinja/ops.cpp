#include "text/jinja/ops.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "text/jinja/access.h"
#include "text/jinja/dict.h"
#include "text/jinja/escape.h"
#include "text/jinja/format.h"

namespace mr::text::jinja {
namespace {

tl::unexpected<Error> fail_operands(std::string_view op, Value a, Value b) {
  return fail_run("unsupported operand type(s) for " + std::string(op) + ": '" +
                  std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

std::string_view op_text(Op op) {
  switch (op) {
    case Op::add:
      return "+";
    case Op::sub:
      return "-";
    case Op::mul:
      return "*";
    case Op::div:
      return "/";
    case Op::floor_div:
      return "//";
    case Op::mod:
      return "%";
    case Op::pow:
      return "** or pow()";
    case Op::lt:
      return "<";
    case Op::le:
      return "<=";
    case Op::gt:
      return ">";
    case Op::ge:
      return ">=";
    default:
      return "?";
  }
}

Expected<bool> equal_items(Run& run, std::span<const Value> a, std::span<const Value> b,
                           int depth) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    MR_TRY(const bool same, equal(run, a[i], b[i], depth));
    if (!same) return false;
  }
  return true;
}

Expected<bool> equal_dicts(Run& run, const Dict& a, const Dict& b, int depth) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const Entry& entry : a.entries) {
    MR_TRY(const Value* other, find(run, b, entry.key));
    if (other == nullptr) return false;
    MR_TRY(const bool same, equal(run, entry.value, *other, depth));
    if (!same) return false;
  }
  return true;
}

/// -1, 0 or 1 for two numbers, 2 where one is not a number. Exact for 64-bit integers.
int order_numbers(Value a, Value b) {
  if (is_integral(a) && is_integral(b)) {
    const auto x = to_integer(a);
    const auto y = to_integer(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const auto x = static_cast<long double>(a.kind == Kind::real ? a.real : 0.0) +
                 static_cast<long double>(a.kind == Kind::real ? 0 : to_integer(a));
  const auto y = static_cast<long double>(b.kind == Kind::real ? b.real : 0.0) +
                 static_cast<long double>(b.kind == Kind::real ? 0 : to_integer(b));
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
}

bool is_sequence(Value value) {
  return value.kind == Kind::list || value.kind == Kind::tuple;
}

Expected<Value> concatenate(Run& run, Value a, Value b) {
  if (is_string(a) && is_string(b)) {
    const bool markup = a.str->markup || b.str->markup;
    Marked text = marked(run);
    for (const Value part : {a, b}) {
      if (markup && !part.str->markup) {
        append_escaped(text, *part.str);
      } else {
        append(text, *part.str);
      }
    }
    return finish(run, text, markup);
  }
  if (is_string(a)) {
    return fail_run("can only concatenate str (not \"" + std::string(type_name(b)) + "\") to str");
  }
  if (!is_sequence(a) || a.kind != b.kind) return fail_operands("+", a, b);
  MR_TRY_VOID(charge(run, a.list->items.size() + b.list->items.size()));
  std::vector<Value> items(a.list->items.begin(), a.list->items.end());
  items.insert(items.end(), b.list->items.begin(), b.list->items.end());
  return a.kind == Kind::list ? list(run.heap, items) : tuple(run.heap, items);
}

Expected<Value> repeat_items(Run& run, Value value, std::int64_t times) {
  const auto items = value.list->items;
  const std::uint64_t n = times > 0 ? static_cast<std::uint64_t>(times) : 0;
  if (n > 0 && items.size() > run.options.limits.steps / n) {
    return fail(Fault::does_not_fit, "template repeated a list too often");
  }
  MR_TRY_VOID(charge(run, n * items.size()));
  std::vector<Value> all;
  all.reserve(n * items.size());
  for (std::uint64_t i = 0; i < n; ++i) all.insert(all.end(), items.begin(), items.end());
  return value.kind == Kind::list ? list(run.heap, all) : tuple(run.heap, all);
}

Expected<std::int64_t> integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) {
      return fail_run("integer overflow in **");
    }
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      return fail_run("integer overflow in **");
    }
  }
  return result;
}

Expected<Value> integer_arithmetic(Op op, std::int64_t a, std::int64_t b, bool input) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Op::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Op::sub:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Op::mul:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Op::pow: {
      if (b < 0) {
        MR_TRY(const double fraction, power(static_cast<double>(a), static_cast<double>(b)));
        return real(fraction, input);
      }
      MR_TRY(result, integer_power(a, b));
      break;
    }
    case Op::div:
      if (b == 0) return fail_run("division by zero");
      return real(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)),
                  input);
    default:
      if (b == 0) return fail_run("integer division or modulo by zero");
      if (b == -1) {  // the one case that can overflow, and traps
        overflow = op == Op::floor_div && __builtin_sub_overflow(std::int64_t{0}, a, &result);
        break;
      }
      result = op == Op::floor_div ? a / b : a % b;
      if (a % b != 0 && (a < 0) != (b < 0)) result += op == Op::floor_div ? -1 : b;
  }
  if (overflow) return fail_run("integer overflow in " + std::string(op_text(op)));
  return integer(result, input);
}

Expected<Value> real_arithmetic(Op op, double a, double b, bool input) {
  switch (op) {
    case Op::add:
      return real(a + b, input);
    case Op::sub:
      return real(a - b, input);
    case Op::mul:
      return real(a * b, input);
    case Op::pow: {
      MR_TRY(const double result, power(a, b));
      return real(result, input);
    }
    case Op::div:
      if (b == 0) return fail_run("float division by zero");
      return real(a / b, input);
    default:
      break;
  }
  if (b == 0) return fail_run("float floor division by zero");
  double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0) {
    if ((b < 0) != (remainder < 0)) {
      remainder += b;
      quotient -= 1.0;
    }
  } else {
    remainder = std::copysign(0.0, b);
  }
  if (op == Op::mod) return real(remainder, input);
  if (quotient == 0) return real(std::copysign(0.0, a / b), input);
  const double whole = std::floor(quotient);
  return real(quotient - whole > 0.5 ? whole + 1.0 : whole, input);
}

}  // namespace

Expected<double> power(double base, double exponent) {
  if (base == 0 && exponent < 0) return fail_run("0.0 cannot be raised to a negative power");
  const double result = std::pow(base, exponent);
  if (std::isnan(result) && !std::isnan(base) && !std::isnan(exponent)) {
    return fail_run("a power that is not a real number");
  }
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    return fail_run("(34, 'Numerical result out of range')");
  }
  return result;
}

bool is_true(Value value) {
  switch (value.kind) {
    case Kind::missing:
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return value.flag;
    case Kind::integer:
      return value.integer != 0;
    case Kind::real:
      return value.real != 0;
    case Kind::string:
      return !value.str->text.empty();
    case Kind::list:
    case Kind::tuple:
      return !value.list->items.empty();
    case Kind::dict:
      return !value.dict->entries.empty();
    case Kind::view:
      return !value.view->dict->entries.empty();
    case Kind::range:
      return value.interval->n_items > 0;
    case Kind::loop:
      return !value.loop->items.empty();
    default:
      return true;
  }
}

Expected<bool> equal(Run& run, Value a, Value b, int depth) {
  MR_TRY_VOID(charge(run));
  if (depth > kMaxDataDepth) return fail_run("maximum recursion depth exceeded in comparison");
  if (is_number(a) && is_number(b)) return order_numbers(a, b) == 0;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::missing:
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::string:
      MR_TRY_VOID(charge_bytes(run, a.str->text.size()));
      return a.str->text == b.str->text;
    case Kind::list:
    case Kind::tuple:
      return equal_items(run, a.list->items, b.list->items, depth + 1);
    case Kind::dict:
      return equal_dicts(run, *a.dict, *b.dict, depth + 1);
    case Kind::range: {
      const Interval& x = *a.interval;
      const Interval& y = *b.interval;
      return x.n_items == y.n_items && (x.n_items == 0 || x.start == y.start) &&
             (x.n_items < 2 || x.step == y.step);
    }
    case Kind::view:
      if (a.view->part != b.view->part || a.view->part == View::Part::values) {
        return a.view == b.view;
      }
      return equal_dicts(run, *a.view->dict, *b.view->dict, depth + 1);
    case Kind::function:
      return a.function == b.function ||
             (a.function->call == b.function->call && a.function->self.kind == Kind::missing &&
              b.function->self.kind == Kind::missing);
    default:
      return a.list == b.list;  // the same object
  }
}

Expected<bool> less(Run& run, Value a, Value b, std::string_view op, int depth) {
  MR_TRY_VOID(charge(run));
  if (depth > kMaxDataDepth) return fail_run("maximum recursion depth exceeded in comparison");
  if (is_undefined(a)) return fail_undefined(a);
  if (is_undefined(b)) return fail_undefined(b);
  if (is_number(a) && is_number(b)) return order_numbers(a, b) == -1;
  if (is_string(a) && is_string(b)) {
    MR_TRY_VOID(charge_bytes(run, a.str->text.size()));
    return a.str->text < b.str->text;  // bytes of UTF-8 order as its characters do
  }
  if (is_sequence(a) && a.kind == b.kind) {
    const auto x = a.list->items;
    const auto y = b.list->items;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      MR_TRY(const bool same, equal(run, x[i], y[i], depth + 1));
      if (!same) return less(run, x[i], y[i], op, depth + 1);
    }
    return x.size() < y.size();
  }
  return fail_run("'" + std::string(op) + "' not supported between instances of '" +
                  std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

Expected<bool> compare(Run& run, Op op, Value a, Value b) {
  switch (op) {
    case Op::eq:
      return equal(run, a, b);
    case Op::ne: {
      MR_TRY(const bool same, equal(run, a, b));
      return !same;
    }
    case Op::in:
      return contains(run, b, a);
    case Op::not_in: {
      MR_TRY(const bool found, contains(run, b, a));
      return !found;
    }
    case Op::lt:
      return less(run, a, b, "<");
    case Op::gt: {
      if (is_number(a) && is_number(b)) return order_numbers(a, b) == 1;
      MR_TRY(const bool smaller, less(run, a, b, ">"));
      if (smaller) return false;
      MR_TRY(const bool same, equal(run, a, b));
      return !same;
    }
    case Op::le: {
      if (is_number(a) && is_number(b)) return order_numbers(a, b) <= 0;
      MR_TRY(const bool smaller, less(run, a, b, "<="));
      return smaller ? Expected<bool>(true) : equal(run, a, b);
    }
    default: {
      if (is_number(a) && is_number(b)) return order_numbers(a, b) == 0 || order_numbers(a, b) == 1;
      MR_TRY(const bool smaller, less(run, a, b, ">="));
      return !smaller;
    }
  }
}

Expected<bool> contains(Run& run, Value container, Value item) {
  if (is_string(container)) {
    if (!is_string(item)) {
      return fail_run("'in <string>' requires string as left operand, not " +
                      std::string(type_name(item)));
    }
    MR_TRY_VOID(charge_bytes(run, container.str->text.size()));
    return find_bytes(container.str->text, item.str->text, 0) != std::string_view::npos;
  }
  if (container.kind == Kind::dict) {
    MR_TRY(const Value* found, find(run, *container.dict, item));
    return found != nullptr;
  }
  MR_TRY(const auto items, items_of(run, container, "argument of type '", "' is not iterable"));
  for (const Value candidate : items) {
    MR_TRY(const bool same, equal(run, candidate, item));
    if (same) return true;
  }
  return false;
}

Expected<std::vector<Value>> sort_by(Run& run, std::span<const Value> items,
                                     std::span<const Value> keys, bool reverse) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Expected<void> outcome;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (!outcome) return false;
    const auto smaller = reverse ? less(run, keys[b], keys[a]) : less(run, keys[a], keys[b]);
    if (!smaller) outcome = tl::unexpected(smaller.error());
    return smaller && *smaller;
  });
  MR_TRY_VOID(std::move(outcome));
  std::vector<Value> sorted;
  sorted.reserve(items.size());
  for (const std::size_t i : order) sorted.push_back(items[i]);
  return sorted;
}

Expected<Value> repeat(Run& run, const Str& str, std::int64_t times) {
  Marked text = marked(run);
  const std::uint64_t n = times > 0 ? static_cast<std::uint64_t>(times) : 0;
  const std::size_t n_bytes = str.text.size();
  if (n > 0 && n_bytes > text.max_bytes / n) text.too_long = true;
  if (n == 0 || n_bytes == 0 || text.too_long) return finish(run, text, str.markup);
  append(text, str);
  for (std::uint64_t made = 1; made < n;) {  // doubled as long as that is not too much
    const std::uint64_t more = std::min(made, n - made);
    const Marked half = text;
    append(text, Str{half.text, half.input}, 0, static_cast<std::size_t>(more) * n_bytes);
    made += more;
  }
  return finish(run, text, str.markup);
}

Expected<Value> arithmetic(Run& run, Op op, Value a, Value b) {
  if (op == Op::mod && is_string(a)) return format_percent(run, *a.str, b);
  if (is_undefined(a)) return fail_undefined(a);
  if (is_undefined(b)) return fail_undefined(b);
  const bool input = a.input || b.input;
  if (is_integral(a) && is_integral(b)) {
    return integer_arithmetic(op, to_integer(a), to_integer(b), input);
  }
  if (is_number(a) && is_number(b)) return real_arithmetic(op, to_real(a), to_real(b), input);
  if (op == Op::add) return concatenate(run, a, b);
  if (op == Op::mul) {
    if (is_integral(a)) std::swap(a, b);
    if (is_string(a) && is_integral(b)) return repeat(run, *a.str, to_integer(b));
    if (is_sequence(a) && is_integral(b)) return repeat_items(run, a, to_integer(b));
    if (is_string(a) || is_sequence(a)) {
      return fail_run("can't multiply sequence by non-int of type '" + std::string(type_name(b)) +
                      "'");
    }
  }
  return fail_operands(op_text(op), a, b);
}

Expected<Value> negate(Run& run, Value value) {
  if (value.kind == Kind::real) return real(-value.real, value.input);
  if (is_integral(value)) return arithmetic(run, Op::sub, integer(0), value);
  if (is_undefined(value)) return fail_undefined(value);
  return fail_run("bad operand type for unary -: '" + std::string(type_name(value)) + "'");
}

Expected<Value> unary_plus(Run&, Value value) {
  if (value.kind == Kind::real) return value;
  if (is_integral(value)) return integer(to_integer(value), value.input);
  if (is_undefined(value)) return fail_undefined(value);
  return fail_run("bad operand type for unary +: '" + std::string(type_name(value)) + "'");
}

}  // namespace mr::text::jinja
