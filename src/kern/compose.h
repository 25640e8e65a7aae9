#pragma once
#include "kern/table.h"

/// Coarse operations as compositions of finer ones through the device's own table: what a level
/// has until it fuses them.
namespace mr::kern::compose {

void qkv_rope_store(const Device& device, const QkvArgs& a);
void rope_store(const Device& device, const QkvArgs& a);  ///< what comes after its products
void gate_up_act(const Device& device, const GateUpArgs& a);
void moe(const Device& device, const MoeArgs& a);
void latent_qkv_store(const Device& device, const LatentQkvArgs& a);
void head(const Device& device, const HeadArgs& a);

/// Expert after expert; for levels whose memory is the host's.
void expert_gemm(const Device& device, const ExpertGemmArgs& a);

}  // namespace mr::kern::compose
