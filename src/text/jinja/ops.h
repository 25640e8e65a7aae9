#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "text/jinja/run.h"

/// What Python's operators do to values. Errors: as Python raises them.
namespace mr::text::jinja {

/// How deep data may nest where it is compared, printed or hashed.
inline constexpr int kMaxDataDepth = 200;

bool is_true(Value value);
Expected<bool> equal(Run& run, Value a, Value b, int depth = 0);
/// a < b, and for the message of a type error the operator meant.
Expected<bool> less(Run& run, Value a, Value b, std::string_view op = "<", int depth = 0);
Expected<bool> compare(Run& run, Op op, Value a, Value b);
/// item in container
Expected<bool> contains(Run& run, Value container, Value item);

Expected<Value> arithmetic(Run& run, Op op, Value a, Value b);
Expected<Value> negate(Run& run, Value value);
/// +value
Expected<Value> unary_plus(Run& run, Value value);
/// text repeated
Expected<Value> repeat(Run& run, const Str& str, std::int64_t times);

/// Items in the order of their keys, as Python's sorted does it: equal ones stay in order, even
/// when reversed. Errors: keys that cannot be ordered.
Expected<std::vector<Value>> sort_by(Run& run, std::span<const Value> items,
                                     std::span<const Value> keys, bool reverse);

/// 10 ** exponent and the like in floating point.
Expected<double> power(double base, double exponent);

}  // namespace mr::text::jinja
