#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/filters.h"
#include "text/jinja/ops.h"

namespace mr::text::jinja {
namespace {

Expected<Value> map_attribute(Run& run, std::span<const Value> items, const Args& args) {
  MR_TRY(const auto p, bind("map", args, {"attribute", "default"}));
  MR_TRY(const auto path, attribute_path(run, p[0]));
  std::vector<Value> mapped;
  for (const Value item : items) {
    MR_TRY(const Value value, follow_path(run, item, path, p[1]));
    mapped.push_back(value);
  }
  return generator(run.heap, mapped);
}

Expected<Value> map(Run& run, Value value, const Args& args) {
  if (!is_true(value)) return generator(run.heap, {});
  MR_TRY(const auto items, items_of(run, value));
  if (args.positional.empty()) {
    for (const auto& [name, argument] : args.keyword) {
      if (name == "attribute") return map_attribute(run, items, args);
    }
    return fail_run("map requires a filter argument");
  }
  MR_TRY(const Str* name, to_text(args.positional[0]));
  const Args rest{{args.positional.begin() + 1, args.positional.end()}, args.keyword};
  std::vector<Value> mapped;
  for (const Value item : items) {
    MR_TRY(const Value result, apply_filter(run, name->text, item, rest));
    mapped.push_back(result);
  }
  return generator(run.heap, mapped);
}

/// The items, or those of whose attribute, a test is (or is not) true.
template <bool wanted, bool of_attribute>
Expected<Value> select(Run& run, Value value, const Args& args) {
  if (!is_true(value)) return generator(run.heap, {});
  MR_TRY(const auto items, items_of(run, value));
  std::vector<Value> path;
  std::size_t n_used = 0;
  if (of_attribute) {
    if (args.positional.empty()) return fail_run("Missing parameter for attribute name");
    MR_TRY(path, attribute_path(run, args.positional[n_used++]));
  }
  const Str* test = nullptr;
  if (n_used < args.positional.size()) {
    MR_TRY(test, to_text(args.positional[n_used++]));
  }
  const Args rest{
      {args.positional.begin() + static_cast<std::ptrdiff_t>(n_used), args.positional.end()},
      args.keyword};
  std::vector<Value> kept;
  for (const Value item : items) {
    MR_TRY(const Value tested, follow_path(run, item, path));
    MR_TRY_VOID(charge(run));
    MR_TRY(const bool verdict, test == nullptr ? Expected<bool>(is_true(tested))
                                               : apply_test(run, test->text, tested, rest));
    if (verdict == wanted) kept.push_back(item);
  }
  return generator(run.heap, kept);
}

constexpr Filter kSelectionFilters[] = {
    {"map", map},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
};

}  // namespace

std::span<const Filter> selection_filters() {
  return kSelectionFilters;
}

}  // namespace mr::text::jinja
