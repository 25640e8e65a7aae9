#include "text/jinja/methods.h"

#include <array>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/dict.h"
#include "text/jinja/ops.h"

namespace mr::text::jinja {
namespace {

Expected<Value> get(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("get", args, {"key", "default"}, 1));
  MR_TRY(const Value* value, find(run, *self.dict, p[0]));
  if (value != nullptr) return *value;
  return p[1].kind == Kind::missing ? none() : p[1];
}

template <View::Part part>
Expected<Value> view(Run& run, Value self, const Args& args) {
  MR_TRY_VOID(bind("items", args, {}));
  Value value;
  value.kind = Kind::view;
  value.view = keep(run.heap, View{self.dict, part});
  return value;
}

Expected<Value> copy(Run&, Value self, const Args& args) {
  MR_TRY_VOID(bind("copy", args, {}));
  return self;  // data cannot change, so a copy is the same
}

Expected<Value> count(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("count", args, {"value"}, 1));
  MR_TRY(const auto items, items_of(run, self));
  std::int64_t n = 0;
  for (const Value item : items) {
    MR_TRY(const bool same, equal(run, item, p[0]));
    n += same ? 1 : 0;
  }
  return integer(n);
}

Expected<Value> index(Run& run, Value self, const Args& args) {
  MR_TRY(const auto p, bind("index", args, {"value", "start", "stop"}, 1));
  MR_TRY(const auto items, items_of(run, self));
  const auto n = static_cast<std::int64_t>(items.size());
  MR_TRY(std::int64_t start, to_integer_or(p[1], 0));
  MR_TRY(std::int64_t stop, to_integer_or(p[2], n));
  start = start < 0 ? std::max<std::int64_t>(0, start + n) : start;
  stop = stop < 0 ? stop + n : std::min(stop, n);
  for (std::int64_t i = start; i < stop; ++i) {
    MR_TRY(const bool same, equal(run, items[static_cast<std::size_t>(i)], p[0]));
    if (same) return integer(i);
  }
  return fail_run("the value is not in the " + std::string(type_name(self)));
}

Expected<Value> loop_cycle(Run&, Value self, const Args& args) {
  if (args.positional.empty()) return fail_run("no items for cycling given");
  return args.positional[self.loop->index % args.positional.size()];
}

Expected<Value> loop_changed(Run& run, Value self, const Args& args) {
  const Value now = tuple(run.heap, args.positional);
  MR_TRY(const bool same, equal(run, self.loop->changed, now));
  self.loop->changed = now;
  return boolean(!same);
}

Expected<Value> cycler_next(Run&, Value self, const Args&) {
  Cycler& cycler = *self.cycler;
  const Value value = cycler.items[cycler.next];
  cycler.next = (cycler.next + 1) % cycler.items.size();
  return value;
}

Expected<Value> cycler_reset(Run&, Value self, const Args&) {
  self.cycler->next = 0;
  return none();
}

struct Method {
  Kind kind;
  std::string_view name;
  NativeFn call;
};
constexpr Method kMethods[] = {
    {Kind::dict, "get", get},
    {Kind::dict, "items", view<View::Part::items>},
    {Kind::dict, "keys", view<View::Part::keys>},
    {Kind::dict, "values", view<View::Part::values>},
    {Kind::dict, "copy", copy},
    {Kind::list, "copy", copy},
    {Kind::list, "count", count},
    {Kind::list, "index", index},
    {Kind::tuple, "count", count},
    {Kind::tuple, "index", index},
    {Kind::range, "count", count},
    {Kind::range, "index", index},
    {Kind::loop, "cycle", loop_cycle},
    {Kind::loop, "changed", loop_changed},
    {Kind::cycler, "next", cycler_next},
    {Kind::cycler, "reset", cycler_reset},
};

}  // namespace

Value find_method(Run& run, Value self, std::string_view name) {
  if (is_string(self)) {
    const NativeFn call = find_string_method(name);
    return call == nullptr ? Value{} : function(run.heap, keep_text(run.heap, name), self, call);
  }
  for (const Method& method : kMethods) {
    if (method.kind == self.kind && method.name == name) {
      return function(run.heap, method.name, self, method.call);
    }
  }
  return {};
}

}  // namespace mr::text::jinja
