#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

/// The values of a template: Python's, as far as templates see them. Values are small and copied;
/// what they point to lives in a Heap until the render ends, so nothing is counted or freed.
namespace mr::text::jinja {

/// Bytes [begin, end) of a string.
struct Range {
  std::size_t begin, end;
};

/// An immutable string: valid UTF-8.
struct Str {
  std::string_view text;
  std::span<const Range> input;  ///< what came from input: ascending, disjoint, not empty
  bool markup = false;           ///< markupsafe.Markup: what is joined to it gets escaped
};

enum class Kind : std::uint8_t {
  missing,  ///< no value at all: an argument that was not passed
  undefined,
  none,
  boolean,
  integer,
  real,
  string,
  list,
  tuple,
  dict,
  view,       ///< dict.items(), .keys(), .values()
  range,      ///< range(...)
  generator,  ///< what map, select and their like give: can be read once
  space,      ///< namespace(...)
  macro,
  function,  ///< a global such as range, or a method bound to its value
  loop,
  cycler,
  joiner,
};

struct Undef;
struct List;
struct Dict;
struct View;
struct Interval;
struct Generator;
struct Space;
struct Macro;
struct Function;
struct Loop;
struct Cycler;
struct Joiner;

struct Value {
  Kind kind = Kind::missing;
  bool input = false;  ///< a number or boolean that came from input
  union {
    bool flag;
    std::int64_t integer = 0;
    double real;
    const Str* str;
    const Undef* undef;
    const List* list;  ///< of a list or tuple
    const Dict* dict;
    const View* view;
    const Interval* interval;
    Generator* generator;
    Space* space;
    const Macro* macro;
    const Function* function;
    Loop* loop;
    Cycler* cycler;
    Joiner* joiner;
  };
};

/// Why there is no value; using it in any way but a few fails with this message.
struct Undef {
  std::string_view message;
  bool unsafe = false;  ///< an attribute that the sandbox keeps: may not even be printed
};

struct List {
  std::span<const Value> items;
  bool is_group = false;  ///< what groupby makes: a tuple whose items have names
};

struct Entry {
  Value key, value;
};

/// Keeps the order of insertion. `slots` (a power of two, open addressing, entry + 1) is there for
/// large ones only.
struct Dict {
  std::span<const Entry> entries;
  std::span<const std::uint32_t> slots;
};

struct View {
  enum class Part : std::uint8_t { keys, values, items };
  const Dict* dict;
  Part part;
};

struct Interval {
  std::int64_t start, stop, step, n_items;
};

struct Generator {
  std::span<const Value> items;
  std::size_t next = 0;
  std::string_view type = "generator";
};

/// The attributes of a namespace: the one kind of data that a template can change.
struct Space {
  std::span<Entry> attributes;  ///< keys are strings
  std::size_t n_attributes = 0;
};

struct Run;
struct Args;
using NativeFn = Expected<Value> (*)(Run&, Value self, const Args&);

struct Function {
  std::string_view name;
  Value self;  ///< what a method is bound to, or missing
  NativeFn call;
};

struct Cycler {
  std::span<const Value> items;
  std::size_t next = 0;
};

struct Joiner {
  Value separator;
  bool used = false;
};

/// Arguments of a call.
struct Args {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> keyword;
};

/// Where values live: everything goes at once, when the heap does. Only for types that need no
/// destructor.
struct Heap {
  std::vector<std::unique_ptr<std::byte[]>> chunks;
  std::byte* free = nullptr;
  std::size_t free_bytes = 0;
  std::size_t used_bytes = 0;
};

/// `n` bytes, aligned for any value.
void* allocate(Heap& heap, std::size_t n_bytes);

/// A copy of `value` in the heap.
template <typename T>
T* keep(Heap& heap, T value) {
  static_assert(std::is_trivially_destructible_v<T>);
  return new (allocate(heap, sizeof(T))) T(std::move(value));
}

/// A copy of some items in the heap.
template <typename T>
std::span<const T> keep_all(Heap& heap, std::span<const T> items) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (items.empty()) return {};
  void* place = allocate(heap, items.size_bytes());
  std::memcpy(place, items.data(), items.size_bytes());
  return {static_cast<const T*>(place), items.size()};
}

/// A copy of some text in the heap.
std::string_view keep_text(Heap& heap, std::string_view text);

inline Value none() {
  Value value;
  value.kind = Kind::none;
  return value;
}

inline Value boolean(bool flag, bool input = false) {
  Value value;
  value.kind = Kind::boolean;
  value.input = input;
  value.flag = flag;
  return value;
}

inline Value integer(std::int64_t number, bool input = false) {
  Value value;
  value.kind = Kind::integer;
  value.input = input;
  value.integer = number;
  return value;
}

inline Value real(double number, bool input = false) {
  Value value;
  value.kind = Kind::real;
  value.input = input;
  value.real = number;
  return value;
}

inline Value from(const Str* str) {
  Value value;
  value.kind = Kind::string;
  value.str = str;
  return value;
}

/// An undefined value whose use fails with `message`.
Value undefined(Heap& heap, std::string_view message, bool unsafe = false);
/// A trusted string; its text is copied.
Value string(Heap& heap, std::string_view text);
/// Bytes [begin, end) of a string, marks included; shares the text.
Value slice(Heap& heap, const Str& str, std::size_t begin, std::size_t end);
Value list(Heap& heap, std::span<const Value> items);
Value tuple(Heap& heap, std::span<const Value> items);
Value generator(Heap& heap, std::span<const Value> items, std::string_view type = "generator");
Value function(Heap& heap, std::string_view name, Value self, NativeFn call);

inline bool is_string(Value value) {
  return value.kind == Kind::string;
}
inline bool is_undefined(Value value) {
  return value.kind == Kind::undefined;
}
/// Python's int, of which bool is one.
inline bool is_integral(Value value) {
  return value.kind == Kind::integer || value.kind == Kind::boolean;
}
inline bool is_number(Value value) {
  return is_integral(value) || value.kind == Kind::real;
}
inline std::int64_t to_integer(Value value) {
  return value.kind == Kind::boolean ? static_cast<std::int64_t>(value.flag) : value.integer;
}
inline double to_real(Value value) {
  return value.kind == Kind::real ? value.real : static_cast<double>(to_integer(value));
}

/// Python's name of a value's type, as error messages give it.
std::string_view type_name(Value value);
/// Whether any part of a string or number came from input.
bool has_input(Value value);

}  // namespace mr::text::jinja
