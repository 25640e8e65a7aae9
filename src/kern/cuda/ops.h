#pragma once
#include "kern/table.h"

/// The entries of the CUDA table, as table.h describes them.
///
/// Layouts of the level: activations are float rows. A weight is stored as in the file where the
/// kernels read its type, else decoded to F32. A KV page holds K as (head, position, dim), then V
/// in the same way, in the type of the view.
namespace mr::kern::cuda {

void* allocate(const Device& device, std::size_t bytes);
void release(const Device& device, void* memory, std::size_t bytes);
void upload(const Device& device, void* to, const void* host, std::size_t bytes);
void download(const Device& device, void* host, const void* from, std::size_t bytes);
void synchronize(const Device& device);

std::size_t packed_bytes(DType type, std::int64_t n_out, std::int64_t n_in);
std::size_t act_bytes(std::int64_t n_rows, std::int64_t dim);
std::size_t kv_page_bytes(const KvView& kv);
void pack(const Device& device, const PackArgs& args);

void embed(const Device& device, const EmbedArgs& args);
void rms_norm(const Device& device, const RmsNormArgs& args);
void to_acts(const Device& device, const ToActsArgs& args);
void gemm(const Device& device, const GemmArgs& args);
void rope_angles(const Device& device, const RopeAnglesArgs& args);
void rope(const Device& device, const RopeArgs& args);
void store_kv(const Device& device, const StoreKvArgs& args);
void attention(const Device& device, const AttentionArgs& args);
void act_mul(const Device& device, const ActMulArgs& args);
void route(const Device& device, const RouteArgs& args);
void expert_gemm(const Device& device, const ExpertGemmArgs& args);
void combine(const Device& device, const CombineArgs& args);
void project_heads(const Device& device, const ProjectHeadsArgs& args);
void copy_columns(const Device& device, const CopyColumnsArgs& args);
void add(const Device& device, const AddArgs& args);
void gather(const Device& device, const GatherArgs& args);
void scale_cap(const Device& device, const ScaleCapArgs& args);
void argmax(const Device& device, const ArgmaxArgs& args);

void move_slots(const Device& device, const MoveSlotsArgs& args);
void copy_pages(const Device& device, const CopyPagesArgs& args);
void zero_pages(const Device& device, const ZeroPagesArgs& args);

}  // namespace mr::kern::cuda
