#pragma once
#include "kern/cases/case.h"

/// The four functions of each operation, which case.h's dispatch to.
namespace mr::kern::cases {

#define MR_OPERATION(Type, ...)                                           \
  std::string name_of(const Type& c);                                     \
  Prepared prepare_case(const Type& c, const Device& device);             \
  std::vector<double> bound_of(const Type& c __VA_OPT__(, ) __VA_ARGS__); \
  Cost cost_of(const Type& c)

MR_OPERATION(Gemm, Precision precision);
MR_OPERATION(Embed);
MR_OPERATION(GateUp, Precision precision);
MR_OPERATION(Head, Precision precision);
MR_OPERATION(RmsNorm);
MR_OPERATION(ToActs);
MR_OPERATION(RopeAngles);
MR_OPERATION(RopeTurn);
MR_OPERATION(ActMul);
MR_OPERATION(Add);
MR_OPERATION(ScaleCap);
MR_OPERATION(Gather);
MR_OPERATION(Argmax);
MR_OPERATION(Attention);
MR_OPERATION(Upkeep);
MR_OPERATION(Qkv, Precision precision);
MR_OPERATION(Route);
MR_OPERATION(ExpertGemm, Precision precision);
MR_OPERATION(Combine);
MR_OPERATION(Moe, Precision precision);
MR_OPERATION(ProjectHeads);
MR_OPERATION(CopyColumns);
MR_OPERATION(LatentQkv, Precision precision);

#undef MR_OPERATION

}  // namespace mr::kern::cases
