#include "kern/compose.h"
#include "kern/ref/ref.h"

namespace mr::kern::ref {

Table table() {
  return {.name = "ref",
          .allocate = allocate,
          .release = release,
          .upload = copy,
          .download = copy,
          .synchronize = synchronize,
          .packed_bytes = packed_bytes,
          .act_bytes = act_bytes,
          .kv_page_bytes = kv_page_bytes,
          .pack = pack,
          .embed = embed,
          .rms_norm = rms_norm,
          .to_acts = to_acts,
          .gemm = gemm,
          .rope_angles = rope_angles,
          .rope = rope,
          .store_kv = store_kv,
          .qkv_rope_store = compose::qkv_rope_store,
          .attention = attention,
          .act_mul = act_mul,
          .gate_up_act = compose::gate_up_act,
          .route = route,
          .expert_gemm = compose::expert_gemm,
          .combine = combine,
          .moe = compose::moe,
          .project_heads = project_heads,
          .copy_columns = copy_columns,
          .latent_qkv_store = compose::latent_qkv_store,
          .add = add,
          .gather = gather,
          .scale_cap = scale_cap,
          .head = compose::head,
          .argmax = argmax,
          .move_slots = move_slots,
          .copy_pages = copy_pages,
          .zero_pages = zero_pages};
}

}  // namespace mr::kern::ref
