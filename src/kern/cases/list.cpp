#include "kern/cases/case.h"
#include "kern/ref/decode.h"

namespace mr::kern::cases {
namespace {

constexpr DType kCacheTypes[] = {DType::f32, DType::f16, DType::bf16, DType::i8};
constexpr DType kNumbers[] = {DType::f32, DType::f16, DType::bf16};

void add_linear(std::vector<Case>& all, DType type) {
  const std::int64_t block = traits(type).block;
  for (const std::int64_t n_rows : {1, 2, 3, 4, 5, 8, 17, 33}) {
    all.emplace_back(Gemm{.type = type, .n_rows = n_rows, .n_out = 19, .n_in = 3 * block});
  }
  all.emplace_back(Gemm{.type = type, .n_rows = 1, .n_out = 1, .n_in = block});
  all.emplace_back(Gemm{.type = type, .n_rows = 7, .n_out = 64, .n_in = 2048});
  all.emplace_back(Gemm{.type = type, .n_rows = 2, .n_out = 33, .n_in = 1280, .has_bias = true});
  all.emplace_back(Gemm{
      .type = type, .n_rows = 70, .n_out = 9, .n_in = 768, .has_bias = true, .accumulate = true});
  all.emplace_back(
      ExpertGemm{.type = type, .n_rows = {2, 0, 1, 7}, .n_out = 11, .n_in = 2 * block});
  all.emplace_back(ExpertGemm{
      .type = type, .n_rows = {0, 0, 3, 0}, .n_out = 40, .n_in = 3 * block, .has_bias = true});
  all.emplace_back(Embed{.type = type, .n_rows = 3, .dim = 256, .scale = 1.0F});
  all.emplace_back(Embed{.type = type, .n_rows = 13, .dim = 2 * block, .scale = 11.3F});
}

void add_linear_tails(std::vector<Case>& all, DType type) {
  for (const std::int64_t n_in : {1, 7, 8, 9, 63, 259}) {  // rows that end inside a vector
    for (const std::int64_t n_rows : {1, 3, 12}) {
      all.emplace_back(Gemm{.type = type, .n_rows = n_rows, .n_out = 5, .n_in = n_in});
    }
  }
}

void add_rows(std::vector<Case>& all) {
  for (const std::int64_t n_rows : {1, 2, 67}) {
    for (const std::int64_t dim : {1, 7, 8, 64, 259}) {
      all.emplace_back(RmsNorm{n_rows, dim, false});
      all.emplace_back(RmsNorm{n_rows, dim, true});
      all.emplace_back(ActMul{Activation::silu, n_rows, dim});
      all.emplace_back(ActMul{Activation::gelu_tanh, n_rows, dim});
      all.emplace_back(ActMul{Activation::swiglu_clamped, n_rows, dim});
      all.emplace_back(Combine{n_rows, 1, dim});
      all.emplace_back(Combine{n_rows, 6, dim});
      all.emplace_back(CopyColumns{n_rows, dim});
      all.emplace_back(ToActs{n_rows, dim});
      all.emplace_back(Gather{n_rows, dim});
      all.emplace_back(Argmax{n_rows, dim});
    }
  }
  all.emplace_back(RmsNorm{2, 8192, false});
  all.emplace_back(Argmax{3, 50'000});
  for (const std::int64_t n : {1, 7, 8, 1000, 70'001}) {
    all.emplace_back(Add{n, 1.0F});
    all.emplace_back(Add{n, -0.3F});
    all.emplace_back(ScaleCap{1, n, 0.7F, 0});
    all.emplace_back(ScaleCap{1, n, 1.0F, 30.0F});
  }
  for (const std::int64_t dim : {63, 64, 65, 500}) {
    all.emplace_back(ScaleCap{5, dim, 1.0F, 0});
    all.emplace_back(ScaleCap{3, dim, 0.5F, 20.0F});
  }
  all.emplace_back(RopeAngles{1, 2, 1.0F});
  all.emplace_back(RopeAngles{40, 64, 1.0F});
  all.emplace_back(RopeAngles{3, 96, 1.19F});
  for (const Rope kind : {Rope::neox, Rope::adjacent}) {
    all.emplace_back(RopeTurn{kind, 1, 1, 2, 2});
    all.emplace_back(RopeTurn{kind, 3, 5, 64, 64});
    all.emplace_back(RopeTurn{kind, 2, 3, 80, 32});
    all.emplace_back(RopeTurn{kind, 1, 2, 13, 6});
    all.emplace_back(RopeTurn{kind, 40, 4, 128, 128});
  }
}

/// Rows of many lengths, each in a sequence of its own, own slot last.
std::vector<Attender> decodes() {
  std::vector<Attender> rows;
  std::int32_t seq = 0;
  for (const std::int32_t pos : {0, 1, 7, 62, 63, 64, 65, 127, 128, 200, 511, 512, 513, 700}) {
    rows.push_back({seq++, pos, {pos}});
  }
  return rows;
}

/// Part of a prompt: rows that see the earlier ones by index.
std::vector<Attender> chunk(std::int32_t begin, std::int32_t n) {
  std::vector<Attender> rows;
  for (std::int32_t i = 0; i < n; ++i) rows.push_back({0, begin + i + 1, {}});
  return rows;
}

/// A tree of 16 nodes over a context; node i hangs below node (i - 1) / 2.
std::vector<Attender> tree(std::int32_t context) {
  std::vector<Attender> rows;
  for (std::int32_t i = 0; i < 16; ++i) {
    std::vector<std::int32_t> path;
    for (std::int32_t node = i;; node = (node - 1) / 2) {
      path.insert(path.begin(), context + node);
      if (node == 0) break;
    }
    rows.push_back({0, context, path});
  }
  return rows;
}

void add_attention(std::vector<Case>& all) {
  for (const DType type : kCacheTypes) {
    all.emplace_back(Attention{.name = "decodes", .type = type, .rows = decodes()});
    all.emplace_back(Attention{.name = "chunk", .type = type, .rows = chunk(60, 10)});
    all.emplace_back(Attention{.name = "tree", .type = type, .rows = tree(120)});
    for (const Upkeep::What what :
         {Upkeep::What::store, Upkeep::What::move, Upkeep::What::copy, Upkeep::What::zero}) {
      all.emplace_back(Upkeep{what,
                              {.name = "after",
                               .type = type,
                               .k_dim = 16,
                               .v_dim = 24,
                               .rows = {{0, 150, {}}, {0, 64, {70, 65, 90, 2}}, {0, 192, {}}}}});
    }
  }
  for (const std::int32_t window : {0, 900}) {  // blocks of one row, for all threads
    all.emplace_back(Attention{
        .name = "long", .window = window, .has_sinks = window > 0, .rows = {{0, 2047, {2047}}}});
  }
  all.emplace_back(Attention{.name = "decodes", .window = 64, .rows = decodes()});
  all.emplace_back(Attention{.name = "decodes", .window = 1, .rows = decodes()});
  all.emplace_back(Attention{.name = "tree", .window = 3, .rows = tree(5)});
  all.emplace_back(Attention{.name = "decodes", .softcap = 20.0F, .rows = decodes()});
  all.emplace_back(Attention{.name = "decodes", .has_sinks = true, .rows = decodes()});
  all.emplace_back(Attention{
      .name = "all", .window = 100, .softcap = 5.0F, .has_sinks = true, .rows = decodes()});
  all.emplace_back(Attention{.name = "one head", .n_heads = 1, .n_kv_heads = 1, .rows = tree(0)});
  all.emplace_back(Attention{.name = "group of 7", .n_heads = 14, .rows = tree(66)});
  all.emplace_back(Attention{
      .name = "odd", .n_heads = 3, .n_kv_heads = 3, .k_dim = 13, .v_dim = 5, .rows = chunk(0, 5)});
  all.emplace_back(Attention{.name = "wide",
                             .n_heads = 2,
                             .n_kv_heads = 1,
                             .k_dim = 256,
                             .v_dim = 128,
                             .rows = chunk(500, 20)});
  all.emplace_back(Attention{.name = "widest",
                             .n_heads = 1,
                             .n_kv_heads = 1,
                             .k_dim = kMaxHeadDim,
                             .v_dim = kMaxHeadDim,
                             .rows = chunk(3, 2)});
}

void add_experts(std::vector<Case>& all) {
  using Score = Routing::Score;
  const Routing plain{.n_used = 2};
  const Routing many{.n_used = 8, .normalize = true};
  const Routing chosen{.score = Score::softmax_chosen, .n_used = 4};
  const Routing v2{.n_used = 3, .n_groups = 4, .n_used_groups = 2, .scale = 16.0F};
  const Routing v3{.score = Score::sigmoid,
                   .n_used = 8,
                   .n_groups = 8,
                   .n_used_groups = 4,
                   .n_group_top = 2,
                   .normalize = true,
                   .scale = 2.5F};
  for (const std::int64_t n_rows : {1, 2, 67}) {
    all.emplace_back(Route{n_rows, 1, {.n_used = 1}});
    all.emplace_back(Route{n_rows, 2, plain});
    all.emplace_back(Route{n_rows, 8, plain, false, true});
    all.emplace_back(Route{n_rows, 128, many, false, true});
    all.emplace_back(Route{n_rows, 33, chosen, false, true});
    all.emplace_back(Route{n_rows, 64, chosen, true});
    all.emplace_back(Route{n_rows, 20, v2});
    all.emplace_back(Route{n_rows, 256, v3, true});
    all.emplace_back(Route{n_rows, 8, {.score = Score::sigmoid, .n_used = 8}, true});
  }
  all.emplace_back(Route{3, kMaxExperts, many});
  all.emplace_back(Combine{3, 8, 7000});
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_0, DType::mxfp4}) {
    for (const std::int64_t n_rows : {1, 3, 40}) {
      all.emplace_back(Moe{type, n_rows, 8, 2, 64, 96, false});
      all.emplace_back(Moe{type, n_rows, 5, 4, 96, 64, true});
    }
  }
}

void add_latent(std::vector<Case>& all) {
  for (const DType type : kNumbers) {
    for (const std::int64_t n_rows : {1, 3, 33}) {
      all.emplace_back(ProjectHeads{type, n_rows, 4, 64, 32});
      all.emplace_back(ProjectHeads{type, n_rows, 3, 5, 72});
      all.emplace_back(ProjectHeads{type, n_rows, 2, 9, 13});
    }
  }
  for (const DType type : kCacheTypes) {
    Attention latent{.name = "latent",
                     .type = type,
                     .n_heads = 5,
                     .n_kv_heads = 1,
                     .k_dim = 72,
                     .v_dim = 64,
                     .v_in_k = true,
                     .to_plain = true,
                     .rows = tree(120)};
    all.emplace_back(latent);
    latent.rows = decodes();
    all.emplace_back(latent);
    latent.k_dim = 21;
    latent.v_dim = 13;
    latent.rows = chunk(60, 10);
    all.emplace_back(latent);
    latent.rows = {{0, 150, {}}, {0, 64, {70, 65, 90, 2}}, {0, 192, {}}};
    for (const Upkeep::What what :
         {Upkeep::What::store, Upkeep::What::move, Upkeep::What::copy, Upkeep::What::zero}) {
      all.emplace_back(Upkeep{what, latent});
    }
  }
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_0}) {
    Attention seen{.name = "",
                   .type = DType::f32,
                   .n_kv_heads = 1,
                   .k_dim = 48,
                   .v_dim = 32,
                   .v_in_k = true,
                   .to_plain = true,
                   .rows = tree(65)};
    all.emplace_back(LatentQkv{type, 64, 0, seen});
    seen.rows = chunk(60, 10);
    all.emplace_back(LatentQkv{type, 96, 32, seen});
    seen.rows = {{0, 127, {127}}};
    all.emplace_back(LatentQkv{type, 64, 64, seen});
  }
}

void add_fused(std::vector<Case>& all) {
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0, DType::q4_0}) {
    for (const std::int64_t n_rows : {1, 5, 18}) {
      all.emplace_back(GateUp{type, Activation::silu, n_rows, 96, 160});
      all.emplace_back(GateUp{type, Activation::gelu_tanh, n_rows, 40, 64});
      all.emplace_back(Head{type, n_rows, 301, 128, 1.0F, 0});
      all.emplace_back(Head{type, n_rows, 50, 64, 0.5F, 30.0F});
    }
    Attention seen{.name = "", .type = DType::f32, .k_dim = 32, .v_dim = 16, .rows = tree(65)};
    all.emplace_back(Qkv{type, 64, 0, false, false, seen});
    all.emplace_back(Qkv{type, 64, 32, false, false, seen});
    all.emplace_back(Qkv{type, 96, 16, true, true, seen});
    seen.rows = chunk(60, 10);
    all.emplace_back(Qkv{type, 256, 32, false, true, seen});
    seen.rows = {{0, 127, {127}}};
    all.emplace_back(Qkv{type, 256, 32, true, false, seen});
  }
}

}  // namespace

std::vector<Case> edge_cases() {
  std::vector<Case> all;
  for (int i = 0; i < kDTypeCount; ++i) {
    if (ref::can_decode(static_cast<DType>(i))) add_linear(all, static_cast<DType>(i));
  }
  for (const DType type : kNumbers) add_linear_tails(all, type);
  add_rows(all);
  add_attention(all);
  add_fused(all);
  add_experts(all);
  add_latent(all);
  return all;
}

std::vector<Case> large_cases() {
  std::vector<Case> all;
  for (const DType type :
       {DType::f32, DType::f16, DType::bf16, DType::q8_0, DType::q4_0, DType::q4_k, DType::q6_k}) {
    // 8192 x 4096 and more: beyond the caches in the larger types.
    for (const std::int64_t n_rows : {1, 2, 4, 8, 16, 64, 512}) {
      all.emplace_back(Gemm{.type = type, .n_rows = n_rows, .n_out = 28'672, .n_in = 4096});
    }
  }
  for (const std::int64_t n_rows : {1, 64}) {
    all.emplace_back(RmsNorm{n_rows, 4096, true});
    all.emplace_back(ActMul{Activation::silu, n_rows, 14'336});
    all.emplace_back(ActMul{Activation::gelu_tanh, n_rows, 14'336});
    all.emplace_back(RopeTurn{Rope::neox, n_rows, 32, 128, 128});
    all.emplace_back(RopeTurn{Rope::adjacent, n_rows, 32, 128, 128});
    all.emplace_back(Add{n_rows * 4096, 1.0F});
    all.emplace_back(Argmax{n_rows, 151'936});
    all.emplace_back(ScaleCap{n_rows, 151'936, 1.0F, 30.0F});
    all.emplace_back(ScaleCap{n_rows, 151'936, 1.0F, 0});
  }
  for (const DType type : kCacheTypes) {
    Attention shape{.name = "decode",
                    .type = type,
                    .n_heads = 32,
                    .n_kv_heads = 8,
                    .k_dim = 128,
                    .v_dim = 128,
                    .rows = {{0, 4096, {}}}};
    all.emplace_back(shape);
    shape.name = "chunk";
    shape.rows = chunk(512, 64);
    all.emplace_back(shape);
  }
  return all;
}

}  // namespace mr::kern::cases
