#include "spec/skip_set.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "model/view.h"
#include "sample/draw.h"
#include "spec/drafter.h"

namespace mr::spec {
namespace {

using Numbers = std::vector<std::int32_t>;

constexpr std::int32_t kTextTokens = 64;
constexpr Room kTextRoom{.n_context = kTextTokens + 1};

DraftRow row_at(CachedText* text, std::int32_t token, std::int32_t pos) {
  return {.text = text, .token = token, .pos = pos, .slot = pos, .context = pos + 1};
}

/// A text as the target makes one up, drawn at temperature 1.
Expected<Numbers> make_up(const model::Model& target) {
  MR_TRY(Drafter drafter, make_drafter(target, kTextRoom));
  Numbers tokens{0};
  MR_TRY(auto* text, open_text(drafter, 0, tokens));
  sample::Candidates candidates;
  for (std::int32_t pos = 0; pos + 1 < kTextTokens; ++pos) {
    const DraftRow row = row_at(text, tokens.back(), pos);
    MR_TRY_VOID(run_pass(drafter, std::span(&row, 1)));
    sample::start(candidates, drafter.rows.front());
    const std::size_t drawn =
        sample::draw(candidates, {.position = static_cast<std::uint32_t>(pos)});
    tokens.push_back(drawn == sample::kNone ? 0 : static_cast<std::int32_t>(drawn));
  }
  return tokens;
}

/// The token that a model finds most probable after each of a text.
Expected<Numbers> choices(const model::Model& model, const Numbers& tokens) {
  MR_TRY(Drafter drafter, make_drafter(model, kTextRoom));
  MR_TRY(auto* text, open_text(drafter, 0, tokens));
  std::vector<DraftRow> rows;
  for (std::int32_t pos = 0; pos < kTextTokens; ++pos) {
    rows.push_back(row_at(text, tokens[static_cast<std::size_t>(pos)], pos));
  }
  Numbers chosen;
  for (std::size_t begin = 0; begin < rows.size();) {
    MR_TRY(const std::size_t n, run_pass(drafter, std::span(rows).subspan(begin)));
    begin += n;
    for (const sample::LogitRow& row : drafter.rows) {
      const auto most = std::ranges::max_element(row.logits);
      chosen.push_back(static_cast<std::int32_t>(most - row.logits.begin()));
    }
  }
  return chosen;
}

/// The share of the target's choices that it makes without some layers too.
Expected<double> agreement(const model::Model& target, const Numbers& skipped,
                           const Numbers& tokens, const Numbers& wanted) {
  MR_TRY(const Numbers kept, layers_without(target.config.n_layers, skipped));
  MR_TRY(const model::Model part, model::view(target, kept));
  MR_TRY(const Numbers chosen, choices(part, tokens));
  std::int32_t n_same = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i) n_same += chosen[i] == wanted[i] ? 1 : 0;
  return static_cast<double>(n_same) / static_cast<double>(chosen.size());
}

/// Tokens of a chain for each step's worth of time.
double speed(double agreed, double cost, std::int32_t depth) {
  const double p = std::min(agreed, 0.999);
  return (1 - std::pow(p, depth + 1)) / ((1 - p) * (depth * cost + 1));
}

}  // namespace

Expected<Numbers> layers_without(std::int32_t n_layers, std::span<const std::int32_t> skipped) {
  Numbers kept(static_cast<std::size_t>(n_layers));
  std::iota(kept.begin(), kept.end(), 0);
  for (const std::int32_t layer : skipped) {
    if (layer < 0 || layer >= n_layers) {
      return fail(Fault::bad_request, "speculation: skip wants layers from 0 to " +
                                          std::to_string(n_layers - 1) + ", found " +
                                          std::to_string(layer));
    }
    std::erase(kept, layer);
  }
  if (!kept.empty()) return kept;
  return fail(Fault::bad_request, "speculation: skip wants a layer that is left, found all " +
                                      std::to_string(n_layers) + " skipped");
}

Expected<Numbers> find_skip_set(const model::Model& target, std::int32_t depth) {
  const std::int32_t n_layers = target.config.n_layers;
  if (n_layers < 2) {
    return fail(Fault::bad_request, "speculation: skip wants a target of 2 layers or more, found " +
                                        std::to_string(n_layers));
  }
  MR_TRY(const Numbers tokens, make_up(target));
  MR_TRY(const Numbers wanted, choices(target, tokens));
  std::vector<double> without(static_cast<std::size_t>(n_layers));
  for (std::int32_t layer = 0; layer < n_layers; ++layer) {
    MR_TRY(without[static_cast<std::size_t>(layer)], agreement(target, {layer}, tokens, wanted));
  }
  Numbers order(without.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater{}, [&](std::int32_t layer) {
    return without[static_cast<std::size_t>(layer)];
  });
  Numbers best;
  double most = 0;
  for (std::int32_t n = 1; n <= std::max(1, n_layers / 2); ++n) {
    const Numbers tried(order.begin(), order.begin() + n);
    MR_TRY(const double agreed, agreement(target, tried, tokens, wanted));
    const double cost = static_cast<double>(n_layers - n) / n_layers;
    const double worth = speed(agreed, cost, depth);
    if (worth <= most) continue;
    most = worth;
    best = tried;
  }
  std::ranges::sort(best);
  return best;
}

}  // namespace mr::spec
