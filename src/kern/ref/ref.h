#pragma once
#include "kern/table.h"

/// Every operation in plain C++: the oracle that other levels are compared with, and what they fall
/// back to. Weights stay as in the file, activations are fp32 rows, sums are made in double.
namespace mr::kern::ref {

void* allocate(const Device& device, std::size_t bytes);
void release(const Device& device, void* memory, std::size_t bytes);
void copy(const Device& device, void* to, const void* from, std::size_t bytes);
void synchronize(const Device& device);

std::size_t packed_bytes(DType type, std::int64_t n_out, std::int64_t n_in);
std::size_t act_bytes(std::int64_t n_rows, std::int64_t dim);
std::size_t kv_page_bytes(const KvView& kv);
void pack(const Device& device, const PackArgs& a);

void embed(const Device& device, const EmbedArgs& a);
void rms_norm(const Device& device, const RmsNormArgs& a);
void to_acts(const Device& device, const ToActsArgs& a);
void gemm(const Device& device, const GemmArgs& a);
void rope_angles(const Device& device, const RopeAnglesArgs& a);
void rope(const Device& device, const RopeArgs& a);
void store_kv(const Device& device, const StoreKvArgs& a);
void attention(const Device& device, const AttentionArgs& a);
void act_mul(const Device& device, const ActMulArgs& a);
void route(const Device& device, const RouteArgs& a);
void combine(const Device& device, const CombineArgs& a);
void project_heads(const Device& device, const ProjectHeadsArgs& a);
void copy_columns(const Device& device, const CopyColumnsArgs& a);
void add(const Device& device, const AddArgs& a);
void gather(const Device& device, const GatherArgs& a);
void scale_cap(const Device& device, const ScaleCapArgs& a);
void argmax(const Device& device, const ArgmaxArgs& a);

void move_slots(const Device& device, const MoveSlotsArgs& a);
void copy_pages(const Device& device, const CopyPagesArgs& a);
void zero_pages(const Device& device, const ZeroPagesArgs& a);

/// All of them as a table.
Table table();

}  // namespace mr::kern::ref
