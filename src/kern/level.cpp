#include "kern/level.h"

#include "base/quote.h"
#include "kern/compose.h"
#include "kern/cuda/device.h"
#include "kern/packed/packed.h"
#include "kern/ref/ref.h"
#include "kern/simd/amx.h"
#include "kern/simd/avx2.h"
#include "kern/simd/avx512.h"
#include "sys/cpu.h"

namespace mr::kern {
namespace {

void avx2_attention(const Device& device, const AttentionArgs& a) {
  const bool whole = a.kv.k_dim % 8 == 0 && a.kv.v_dim % 8 == 0;  // dims of whole vectors
  if (whole) return avx2::attention(device, a);
  ref::attention(device, a);
  if (a.acts == nullptr) return;
  avx2::spread(device, a.acts, a.rows.n_rows, std::int64_t{a.n_heads} * a.kv.v_dim);
}

void avx2_store_kv(const Device& device, const StoreKvArgs& a) {
  const bool whole = a.kv.k_dim % 8 == 0 && a.kv.v_dim % 8 == 0;
  whole ? avx2::store_kv(device, a) : ref::store_kv(device, a);
}

void avx2_project_heads(const Device& device, const ProjectHeadsArgs& a) {
  a.weight.n_in % 8 == 0 ? avx2::project_heads(device, a) : ref::project_heads(device, a);
}

/// Queries, keys and values in one pass of the level's products.
template <void (*gemms)(const Device&, const GemmArgs*, int)>
void qkv_rope_store(const Device& device, const QkvArgs& a) {
  const auto product = [&](const Weight& weight, const float* bias, float* y) {
    return GemmArgs{
        .weight = weight, .acts = a.acts, .bias = bias, .n_rows = a.rows.n_rows, .y = y};
  };
  const GemmArgs all[] = {product(a.wq, a.bq, a.q), product(a.wk, a.bk, a.k),
                          product(a.wv, a.bv, a.v)};
  gemms(device, all, 3);
  compose::rope_store(device, a);
}

/// The table of ref with packed weights and what AVX2 does better.
Table avx2_table() {
  Table table = ref::table();
  table.name = "avx2";
  table.packed_bytes = packed::packed_bytes;
  table.act_bytes = packed::act_bytes;
  table.pack = packed::pack;
  table.embed = packed::embed;
  table.rms_norm = avx2::rms_norm;
  table.to_acts = avx2::to_acts;
  table.gemm = avx2::gemm;
  table.qkv_rope_store = qkv_rope_store<avx2::gemms>;
  table.gate_up_act = avx2::gate_up_act;
  table.expert_gemm = avx2::expert_gemm;
  table.store_kv = avx2_store_kv;
  table.rope = avx2::rope;
  table.attention = avx2_attention;
  table.act_mul = avx2::act_mul;
  table.combine = avx2::combine;
  table.project_heads = avx2_project_heads;
  table.add = avx2::add;
  table.scale_cap = avx2::scale_cap;
  table.argmax = avx2::argmax;
  return table;
}

/// `table` with the products of another level.
template <void (*gemm)(const Device&, const GemmArgs&),
          void (*gemms)(const Device&, const GemmArgs*, int),
          void (*gate_up_act)(const Device&, const GateUpArgs&),
          void (*expert_gemm)(const Device&, const ExpertGemmArgs&)>
Table with_products(Table table, const char* name) {
  table.name = name;
  table.gemm = gemm;
  table.qkv_rope_store = qkv_rope_store<gemms>;
  table.gate_up_act = gate_up_act;
  table.expert_gemm = expert_gemm;
  return table;
}

Table avx2_vnni_table() {
  using namespace avx2_vnni;
  return with_products<gemm, gemms, gate_up_act, expert_gemm>(avx2_table(), "avx2_vnni");
}

Table avx512_table() {
  using namespace avx512;
  return with_products<gemm, gemms, gate_up_act, expert_gemm>(avx2_table(), "avx512");
}

Table amx_table() {
  using namespace amx;
  return with_products<gemm, gemms, gate_up_act, expert_gemm>(avx512_table(), "amx");
}

/// A feature of the processor and its name.
struct Need {
  bool has;
  const char* name;
};

std::string missing(const std::vector<Need>& needs) {
  std::string names;
  for (const Need& need : needs) {
    if (!need.has)
      names += (names.empty() ? "the processor lacks " : ", ") + std::string(need.name);
  }
  return names;
}

}  // namespace

std::vector<LevelInfo> levels() {
  const sys::CpuFeatures cpu = sys::cpu_features();
  const std::vector<Need> avx2 = {{cpu.avx2, "AVX2"}, {cpu.fma, "FMA"}, {cpu.f16c, "F16C"}};
  std::vector<Need> avx2_vnni = avx2;
  avx2_vnni.push_back({cpu.avx_vnni, "AVX-VNNI"});
  std::vector<Need> avx512 = avx2;
  avx512.insert(avx512.end(), {{cpu.avx512f, "AVX512F"},
                               {cpu.avx512bw, "AVX512BW"},
                               {cpu.avx512dq, "AVX512DQ"},
                               {cpu.avx512vl, "AVX512VL"},
                               {cpu.avx512_vnni, "AVX512_VNNI"},
                               {cpu.avx512_bf16, "AVX512_BF16"}});
  std::vector<Need> tiles = avx512;
  tiles.insert(tiles.end(), {{cpu.amx_tile, "AMX-TILE"}, {cpu.amx_bf16, "AMX-BF16"}});
  const auto info = [](Level level, const char* name, const std::vector<Need>& needs) {
    return LevelInfo{.level = level, .name = name, .compiled = true, .missing = missing(needs)};
  };
  std::vector<LevelInfo> all = {
      info(Level::ref, "ref", {}),
      info(Level::avx2, "avx2", avx2),
      info(Level::avx2_vnni, "avx2_vnni", avx2_vnni),
      info(Level::avx512, "avx512", avx512),
      info(Level::amx, "amx", tiles),
      {.level = Level::cuda, .name = "cuda", .compiled = cuda::table() != nullptr, .missing = {}}};
  LevelInfo& amx = all[all.size() - 2];
  if (amx.missing.empty() && !sys::allow_tiles()) amx.missing = "the system does not allow tiles";
  cuda::available(&all.back().missing);
  return all;
}

const Table& table(Level level) {
  static const Table kRef = ref::table();
  static const Table kAvx2 = avx2_table();
  static const Table kAvx2Vnni = avx2_vnni_table();
  static const Table kAvx512 = avx512_table();
  static const Table kAmx = amx_table();
  switch (level) {
    case Level::ref:
      return kRef;
    case Level::avx2:
      return kAvx2;
    case Level::avx2_vnni:
      return kAvx2Vnni;
    case Level::avx512:
      return kAvx512;
    case Level::amx:
      return kAmx;
    default:
      return *cuda::table();
  }
}

Expected<Level> pick_level(std::string_view wanted) {
  Level best = Level::ref;
  std::string names;
  for (const LevelInfo& info : levels()) {
    if (wanted == info.name) {
      if (info.missing.empty()) return info.level;
      return fail(Fault::bad_request,
                  "level " + std::string(info.name) + " does not run here: " + info.missing);
    }
    names += (names.empty() ? "" : ", ") + std::string(info.name);
    if (info.missing.empty() && info.level != Level::cuda) best = info.level;
  }
  if (wanted.empty()) return best;
  return fail(Fault::bad_request, "level: wanted one of " + names + ", found " + quote(wanted));
}

Device cpu_device(Level level, sys::Team& team) {
  return {.ops = &table(level), .team = &team, .run = [](void* to, Task task, void* arg) {
            sys::run(*static_cast<sys::Team*>(to), task, arg);
          }};
}

}  // namespace mr::kern
