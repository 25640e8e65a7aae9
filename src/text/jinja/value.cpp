#include "text/jinja/value.h"

#include <algorithm>

namespace mr::text::jinja {

void* allocate(Heap& heap, std::size_t n_bytes) {
  constexpr std::size_t kAlign = alignof(std::max_align_t);
  n_bytes = (n_bytes + kAlign - 1) / kAlign * kAlign;
  if (n_bytes > heap.free_bytes) {
    const std::size_t chunk_bytes = std::max<std::size_t>(n_bytes, std::size_t{64} << 10);
    heap.chunks.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk_bytes));
    heap.free = heap.chunks.back().get();
    heap.free_bytes = chunk_bytes;
  }
  void* place = heap.free;
  heap.free += n_bytes;
  heap.free_bytes -= n_bytes;
  heap.used_bytes += n_bytes;
  return place;
}

std::string_view keep_text(Heap& heap, std::string_view text) {
  const auto kept = keep_all(heap, std::span<const char>(text.data(), text.size()));
  return {kept.data(), kept.size()};
}

Value undefined(Heap& heap, std::string_view message, bool unsafe) {
  Value value;
  value.kind = Kind::undefined;
  value.undef = keep(heap, Undef{keep_text(heap, message), unsafe});
  return value;
}

Value string(Heap& heap, std::string_view text) {
  return from(keep(heap, Str{keep_text(heap, text), {}}));
}

Value slice(Heap& heap, const Str& str, std::size_t begin, std::size_t end) {
  begin = std::min(begin, str.text.size());
  end = std::clamp(end, begin, str.text.size());
  Str part{str.text.substr(begin, end - begin), {}, str.markup};
  auto first = std::partition_point(str.input.begin(), str.input.end(),
                                    [&](const Range& range) { return range.end <= begin; });
  auto last = std::partition_point(first, str.input.end(),
                                   [&](const Range& range) { return range.begin < end; });
  const auto n_ranges = static_cast<std::size_t>(last - first);
  if (n_ranges > 0) {
    auto* ranges = static_cast<Range*>(allocate(heap, n_ranges * sizeof(Range)));
    for (std::size_t i = 0; i < n_ranges; ++i, ++first) {
      ranges[i] = {std::max(first->begin, begin) - begin, std::min(first->end, end) - begin};
    }
    part.input = {ranges, n_ranges};
  }
  return from(keep(heap, part));
}

Value list(Heap& heap, std::span<const Value> items) {
  Value value;
  value.kind = Kind::list;
  value.list = keep(heap, List{keep_all(heap, items)});
  return value;
}

Value tuple(Heap& heap, std::span<const Value> items) {
  Value value = list(heap, items);
  value.kind = Kind::tuple;
  return value;
}

Value generator(Heap& heap, std::span<const Value> items, std::string_view type) {
  Value value;
  value.kind = Kind::generator;
  value.generator = keep(heap, Generator{keep_all(heap, items), 0, type});
  return value;
}

Value function(Heap& heap, std::string_view name, Value self, NativeFn call) {
  Value value;
  value.kind = Kind::function;
  value.function = keep(heap, Function{name, self, call});
  return value;
}

std::string_view type_name(Value value) {
  switch (value.kind) {
    case Kind::missing:
      return "missing";
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::real:
      return "float";
    case Kind::string:
      return value.str->markup ? "Markup" : "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::dict:
      return "dict";
    case Kind::view:
      return value.view->part == View::Part::keys     ? "dict_keys"
             : value.view->part == View::Part::values ? "dict_values"
                                                      : "dict_items";
    case Kind::range:
      return "range";
    case Kind::generator:
      return value.generator->type;
    case Kind::space:
      return "Namespace";
    case Kind::macro:
      return "Macro";
    case Kind::function:
      return "builtin_function_or_method";
    case Kind::loop:
      return "LoopContext";
    case Kind::cycler:
      return "Cycler";
    case Kind::joiner:
      return "Joiner";
  }
  return "object";
}

bool has_input(Value value) {
  return is_string(value) ? !value.str->input.empty() : value.input;
}

}  // namespace mr::text::jinja
