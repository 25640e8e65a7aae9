#include "tune/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace mr::tune {
namespace {

/// Rows [begin, end) of one sequence whose page i is page i of the store.
model::StepInput step_of(std::span<const std::int32_t> tokens, std::int32_t begin, std::int32_t end,
                         std::int32_t first_logits) {
  model::StepInput step;
  for (std::int32_t pos = begin; pos < end; ++pos) {
    step.token.push_back(tokens[static_cast<std::size_t>(pos)]);
    step.pos.push_back(pos);
    step.seq.push_back(0);
    step.slot.push_back(pos);
    step.context.push_back(pos + 1);
    step.path_begin.push_back(0);
    if (pos >= first_logits) step.logit_rows.push_back(pos - begin);
  }
  step.max_pages = (end - 1) / kern::kPagePositions + 1;
  step.pages.resize(static_cast<std::size_t>(step.max_pages));
  std::iota(step.pages.begin(), step.pages.end(), 0);
  return step;
}

Expected<void> check(const Scorer& scorer, std::span<const std::int32_t> tokens) {
  if (tokens.empty() || tokens.size() > static_cast<std::size_t>(scorer.n_context)) {
    return fail(Fault::bad_request, "text to score: wanted 1 to " +
                                        std::to_string(scorer.n_context) + " tokens, found " +
                                        std::to_string(tokens.size()));
  }
  const std::int32_t n_vocab = scorer.model->config.n_vocab;
  for (const std::int32_t token : tokens) {
    if (token < 0 || token >= n_vocab) {
      return fail(Fault::bad_request, "text to score: wanted tokens below " +
                                          std::to_string(n_vocab) + ", found " +
                                          std::to_string(token));
    }
  }
  return {};
}

}  // namespace

Expected<Scorer> make_scorer(const model::Model& model, std::int32_t n_context, DType kv_type) {
  const model::Config& config = model.config;
  Scorer scorer;
  scorer.model = &model;
  scorer.n_context = n_context;
  const std::int32_t n_pages = (n_context - 1) / kern::kPagePositions + 1;
  MR_TRY(scorer.store, kv::make_store(model.device,
                                      {.n_layers = config.n_layers,
                                       .n_kv_heads = config.n_kv_heads,
                                       .k_dim = config.k_dim,
                                       .v_dim = config.v_dim,
                                       .v_in_k = config.latent.rank > 0,
                                       .type = kv_type},
                                      n_pages));
  MR_TRY_VOID(kv::zero(model.device, scorer.store));
  MR_TRY(scorer.workspace,
         model::make_workspace(
             model, {.n_rows = kStepRows, .n_logit_rows = kStepRows, .n_context = n_context}));
  return scorer;
}

Expected<void> score(Scorer& scorer, std::span<const std::int32_t> tokens, std::int32_t first,
                     const OnLogits& on_logits) {
  MR_TRY_VOID(check(scorer, tokens));
  const model::Model& model = *scorer.model;
  const kern::Device& device = model.device;
  const auto n_vocab = static_cast<std::size_t>(model.config.n_vocab);
  const auto n_tokens = static_cast<std::int32_t>(tokens.size());
  std::vector<float> logits;
  for (std::int32_t begin = 0; begin < n_tokens; begin += kStepRows) {
    const std::int32_t end = std::min(begin + kStepRows, n_tokens);
    const model::StepInput step = step_of(tokens, begin, end, first);
    MR_TRY_VOID(model::forward(model, scorer.workspace, scorer.store.view, step));
    logits.resize(step.logit_rows.size() * n_vocab);
    device.ops->download(device, logits.data(), scorer.workspace.logits.data,
                         logits.size() * sizeof(float));
    for (std::size_t i = 0; i < step.logit_rows.size(); ++i) {
      on_logits(begin + step.logit_rows[i], std::span(logits).subspan(i * n_vocab, n_vocab));
    }
  }
  return {};
}

double log_normalizer(std::span<const float> logits) {
  const auto top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  return top + std::log(sum);
}

double log_probability(std::span<const float> logits, std::int32_t token) {
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - log_normalizer(logits);
}

}  // namespace mr::tune
