#include "kern/level.h"

#include "base/quote.h"
#include "kern/cuda/device.h"
#include "kern/ref/ref.h"
#include "kern/simd/avx2.h"
#include "sys/cpu.h"

namespace mr::kern {
namespace {

void avx2_attention(const Device& device, const AttentionArgs& a) {
  const bool whole = a.kv.k_dim % 8 == 0 && a.kv.v_dim % 8 == 0;  // dims of whole vectors
  whole ? avx2::attention(device, a) : ref::attention(device, a);
}

void avx2_project_heads(const Device& device, const ProjectHeadsArgs& a) {
  a.weight.n_in % 8 == 0 ? avx2::project_heads(device, a) : ref::project_heads(device, a);
}

/// The table of ref with what AVX2 does better.
Table avx2_table() {
  Table table = ref::table();
  table.name = "avx2";
  table.rms_norm = avx2::rms_norm;
  table.gemm = avx2::gemm;
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

std::string missing_for_avx2() {
  const sys::CpuFeatures cpu = sys::cpu_features();
  std::string missing;
  const auto need = [&](bool has, const char* name) {
    if (!has) missing += (missing.empty() ? "the processor lacks " : ", ") + std::string(name);
  };
  need(cpu.avx2, "AVX2");
  need(cpu.fma, "FMA");
  need(cpu.f16c, "F16C");
  return missing;
}

}  // namespace

std::vector<LevelInfo> levels() {
  std::vector<LevelInfo> all = {
      {.level = Level::ref, .name = "ref", .compiled = true, .missing = {}},
      {.level = Level::avx2, .name = "avx2", .compiled = true, .missing = missing_for_avx2()},
      {.level = Level::cuda, .name = "cuda", .compiled = cuda::table() != nullptr, .missing = {}}};
  cuda::available(&all.back().missing);
  return all;
}

const Table& table(Level level) {
  static const Table kRef = ref::table();
  static const Table kAvx2 = avx2_table();
  if (level == Level::cuda) return *cuda::table();
  return level == Level::avx2 ? kAvx2 : kRef;
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
