#include "model/moe_config.h"

#include <algorithm>
#include <string>

namespace mr::model {
namespace {

constexpr std::int32_t kMaxDim = 1 << 18;

}  // namespace

Expected<void> read_moe(const Fields& fields, const MoeDefaults& defaults, Config& config) {
  MoeConfig& moe = config.moe;
  Key n_experts{"expert_count", defaults.n_experts_key};
  if (!has(fields, n_experts)) n_experts.json = "num_local_experts";  // as transformers 5 has it
  MR_TRY(moe.n_experts, count(fields, n_experts, {1, kern::kMaxExperts}, defaults.n_experts));
  const Key n_used{"expert_used_count", "num_experts_per_tok"};
  MR_TRY(moe.routing.n_used, count(fields, n_used, {1, moe.n_experts}, defaults.n_used));
  if (moe.routing.n_used > moe.n_experts) {
    return fail(Fault::bad_model, name_of(fields, n_used) + ": wanted 1 to " +
                                      std::to_string(moe.n_experts) + ", found none, which means " +
                                      std::to_string(moe.routing.n_used));
  }
  MR_TRY(moe.ffn_dim, count(fields, {"expert_feed_forward_length", defaults.ffn_dim_key},
                            {1, kMaxDim}, defaults.ffn_dim));
  MR_TRY(const std::int32_t n_dense,
         count(fields, {"leading_dense_block_count", "first_k_dense_replace"}, {0, config.n_layers},
               std::min(defaults.n_dense, config.n_layers)));
  for (std::int32_t i = n_dense; i < config.n_layers; ++i) {
    config.layers[static_cast<std::size_t>(i)].has_experts = true;
  }
  return {};
}

Expected<void> read_groups(const Fields& fields, Range fallback, MoeConfig& moe) {
  const Key all{"expert_group_count", "n_group"};
  const Key used{"expert_group_used_count", "topk_group"};
  kern::Routing& routing = moe.routing;
  MR_TRY(routing.n_groups, count(fields, all, {1, moe.n_experts}, fallback.high));
  MR_TRY(routing.n_used_groups, count(fields, used, {1, routing.n_groups}, fallback.low));
  const std::int32_t size = moe.n_experts / routing.n_groups;
  if (size * routing.n_groups == moe.n_experts && routing.n_used <= size * routing.n_used_groups) {
    return {};
  }
  return fail(Fault::bad_model, name_of(fields, all) + ": wanted equal groups of " +
                                    std::to_string(moe.n_experts) + " experts, those used with " +
                                    std::to_string(routing.n_used) + " or more, found " +
                                    std::to_string(routing.n_groups) + " groups, " +
                                    std::to_string(routing.n_used_groups) + " used");
}

}  // namespace mr::model
