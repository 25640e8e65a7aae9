#include "kern/cases/case.h"

#include "kern/cases/data.h"
#include "kern/cases/operation.h"

namespace mr::kern::cases {
namespace {

void run_args(const Device& d, const GemmArgs& a) {
  d.ops->gemm(d, a);
}
void run_args(const Device& d, const EmbedArgs& a) {
  d.ops->embed(d, a);
}
void run_args(const Device& d, const GateUpArgs& a) {
  d.ops->gate_up_act(d, a);
}
void run_args(const Device& d, const HeadArgs& a) {
  d.ops->head(d, a);
}
void run_args(const Device& d, const RmsNormArgs& a) {
  d.ops->rms_norm(d, a);
}
void run_args(const Device& d, const ToActsArgs& a) {
  d.ops->to_acts(d, a);
}
void run_args(const Device& d, const RopeAnglesArgs& a) {
  d.ops->rope_angles(d, a);
}
void run_args(const Device& d, const RopeArgs& a) {
  d.ops->rope(d, a);
}
void run_args(const Device& d, const ActMulArgs& a) {
  d.ops->act_mul(d, a);
}
void run_args(const Device& d, const AddArgs& a) {
  d.ops->add(d, a);
}
void run_args(const Device& d, const ScaleCapArgs& a) {
  d.ops->scale_cap(d, a);
}
void run_args(const Device& d, const GatherArgs& a) {
  d.ops->gather(d, a);
}
void run_args(const Device& d, const ArgmaxArgs& a) {
  d.ops->argmax(d, a);
}
void run_args(const Device& d, const AttentionArgs& a) {
  d.ops->attention(d, a);
}
void run_args(const Device& d, const StoreKvArgs& a) {
  d.ops->store_kv(d, a);
}
void run_args(const Device& d, const MoveSlotsArgs& a) {
  d.ops->move_slots(d, a);
}
void run_args(const Device& d, const CopyPagesArgs& a) {
  d.ops->copy_pages(d, a);
}
void run_args(const Device& d, const ZeroPagesArgs& a) {
  d.ops->zero_pages(d, a);
}
void run_args(const Device& d, const QkvArgs& a) {
  d.ops->qkv_rope_store(d, a);
}
void run_args(const Device& d, const RouteArgs& a) {
  d.ops->route(d, a);
}
void run_args(const Device& d, const ExpertGemmArgs& a) {
  d.ops->expert_gemm(d, a);
}
void run_args(const Device& d, const CombineArgs& a) {
  d.ops->combine(d, a);
}
void run_args(const Device& d, const MoeArgs& a) {
  d.ops->moe(d, a);
}
void run_args(const Device& d, const ProjectHeadsArgs& a) {
  d.ops->project_heads(d, a);
}
void run_args(const Device& d, const CopyColumnsArgs& a) {
  d.ops->copy_columns(d, a);
}
void run_args(const Device& d, const LatentQkvArgs& a) {
  d.ops->latent_qkv_store(d, a);
}

}  // namespace

std::string name(const Case& c) {
  return std::visit([](const auto& shape) { return name_of(shape); }, c);
}

bool runs_on(const Case& c, const Device& device) {
  const auto keeps = [&](const Attention& shape) {
    const KvView kv{.type = shape.type,
                    .n_kv_heads = shape.n_kv_heads,
                    .k_dim = shape.k_dim,
                    .v_dim = shape.v_dim};
    return device.ops->kv_page_bytes(kv) > 0;
  };
  if (const auto* seen = std::get_if<Attention>(&c)) return keeps(*seen);
  const auto* upkeep = std::get_if<Upkeep>(&c);
  return upkeep == nullptr || keeps(upkeep->seen);
}

Prepared prepare(const Case& c, const Device& device) {
  return std::visit([&](const auto& shape) { return prepare_case(shape, device); }, c);
}

void run(const Device& device, const Prepared& prepared) {
  std::visit([&](const auto& args) { run_args(device, args); }, prepared.args);
  if (prepared.reader) device.ops->attention(device, *prepared.reader);
}

std::vector<float> results(const Device& device, const Prepared& prepared) {
  std::vector<float> all;
  for (const Output& out : prepared.outputs) {
    std::vector<float> some;
    switch (out.kind) {
      case Output::Kind::floats:
        some = get(device, out.data, out.n_rows * out.dim);
        break;
      case Output::Kind::acts:
        some = get_acts(device, static_cast<const std::byte*>(out.data), out.n_rows, out.dim);
        break;
      case Output::Kind::ints:
        std::vector<std::int32_t> ints(static_cast<std::size_t>(out.dim));
        device.ops->download(device, ints.data(), out.data, ints.size() * sizeof ints[0]);
        some.assign(ints.begin(), ints.end());
        break;
    }
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::vector<double> bound(const Case& c, Precision precision) {
  return std::visit(
      [precision](const auto& shape) {
        if constexpr (requires { bound_of(shape, precision); })
          return bound_of(shape, precision);
        else
          return bound_of(shape);
      },
      c);
}

Cost cost(const Case& c) {
  return std::visit([](const auto& shape) { return cost_of(shape); }, c);
}

}  // namespace mr::kern::cases
