#include <algorithm>

#include "text/grammar/json_text.h"
#include "text/grammar/schema_writer.h"

namespace mr::text::grammar {
namespace json = boost::json;
namespace {

/// What one schema says about the items of an array.
struct Items {
  const json::array* first = nullptr;  ///< those at the beginning, one by one
  const json::value* rest = nullptr;   ///< all behind them; none: anything
};

Expected<Items> items_of(const SchemaText& text, const json::object& schema) {
  Items items;
  const json::value* own = schema.if_contains("items");
  if (const json::value* first = schema.if_contains("prefixItems")) {
    if (!first->is_array()) return refuse_keyword(text, schema, "prefixItems", "wanted a list");
    items.first = &first->get_array();
    items.rest = own;
    if (own != nullptr && own->is_array()) return refuse_keyword(text, schema, "items");
  } else if (own != nullptr && own->is_array()) {
    if (text.dialect == Dialect::draft2020) {
      return refuse_keyword(text, schema, "items", "no list in this draft");
    }
    items.first = &own->get_array();
    items.rest = schema.if_contains("additionalItems");
  } else {
    items.rest = own;
  }
  return items;
}

}  // namespace

Expected<void> add_array(Writer& w, State from, State to, const Shape& shape) {
  std::vector<Items> all;
  std::int64_t least = 0;
  std::int64_t most = -1;
  std::size_t n_first = 0;
  for (const json::object* schema : shape.schemas) {
    MR_TRY(const auto fewest, count_of(w.text, *schema, "minItems"));
    MR_TRY(const auto largest, count_of(w.text, *schema, "maxItems"));
    if (fewest) least = std::max(least, *fewest);
    if (largest) most = most < 0 ? *largest : std::min(most, *largest);
    MR_TRY(const Items items, items_of(w.text, *schema));
    if (items.first != nullptr) n_first = std::max(n_first, items.first->size());
    all.push_back(items);
  }
  const auto item_rule = [&](std::size_t i) {
    Schemas schemas;
    for (const Items& items : all) {
      const bool first = items.first != nullptr && i < items.first->size();
      if (first) schemas.push_back(&(*items.first)[i]);
      if (!first && items.rest != nullptr) schemas.push_back(items.rest);
    }
    return rule_of(w, schemas);
  };
  Network& net = w.net;
  State at = add_blank(net, add_text(net, from, "["));
  const State close = add_state(net);
  add_free(net, add_text(net, close, "]"), to);
  if (least == 0) add_free(net, at, close);
  const std::int64_t n_single = std::max(static_cast<std::int64_t>(n_first), least);
  const std::int64_t n_states = most < 0 ? n_single : most;
  std::optional<RuleId> rest;
  const auto next_rule = [&](std::int64_t i) -> Expected<RuleId> {
    const auto place = static_cast<std::size_t>(i);
    if (place >= n_first && rest) return *rest;
    MR_TRY(const RuleId rule, item_rule(place));
    if (place >= n_first) rest = rule;
    return rule;
  };
  const auto may_close = [&](State behind) { add_free(net, add_blank(net, behind), close); };
  for (std::int64_t i = 0; i < n_states && !is_over(*net.meter); ++i) {
    MR_TRY(const RuleId rule, next_rule(i));
    const State behind = add_state(net);
    add_call(net, i == 0 ? at : add_comma(net, at), behind, rule);
    if (i + 1 >= least) may_close(behind);
    at = behind;
  }
  if (most >= 0) return {};
  MR_TRY(const RuleId rule, next_rule(n_states));
  const State loop = add_state(net);
  add_call(net, n_states == 0 ? at : add_comma(net, at), loop, rule);
  add_call(net, add_comma(net, loop), loop, rule);
  may_close(loop);
  return {};
}

}  // namespace mr::text::grammar
