#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kern/buffer.h"
#include "kern/table.h"

/// One list of cases for the table's test and its benchmark: operations with their inputs, results
/// as plain numbers, and how far the results of two levels may stand apart. Cases touch the memory
/// of a device by the table alone, so that every level takes the same list.
namespace mr::kern::cases {

inline constexpr double kUnit = 0x1p-24;  ///< unit roundoff of fp32

struct Gemm {
  DType type = DType::f32;
  std::int64_t n_rows = 1;
  std::int64_t n_out = 1;
  std::int64_t n_in = 1;
  bool has_bias = false;
  bool accumulate = false;
};

struct Embed {
  DType type = DType::f32;
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
  float scale = 1.0F;
};

struct GateUp {
  DType type = DType::f32;
  Activation activation = Activation::silu;
  std::int64_t n_rows = 1;
  std::int64_t n_out = 1;
  std::int64_t n_in = 1;
};

struct Head {
  DType type = DType::f32;
  std::int64_t n_rows = 1;
  std::int64_t n_vocab = 1;
  std::int64_t dim = 1;
  float scale = 1.0F;
  float softcap = 0;
};

struct RmsNorm {
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
  bool to_acts = false;  ///< else in place
};

struct ToActs {
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
};

struct RopeAngles {
  std::int64_t n_rows = 1;
  std::int64_t n_dims = 2;
  float magnitude = 1.0F;
};

struct RopeTurn {
  Rope kind = Rope::neox;
  std::int64_t n_rows = 1;
  std::int64_t n_heads = 1;
  std::int64_t head_dim = 2;
  std::int64_t n_dims = 2;
};

struct ActMul {
  Activation activation = Activation::silu;
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
};

struct Add {
  std::int64_t n = 1;
  float scale = 1.0F;
};

struct ScaleCap {
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
  float scale = 1.0F;
  float softcap = 0;
};

struct Gather {
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
};

struct Argmax {
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
};

/// A row that attends: `context` slots of its sequence by index, then `path`.
struct Attender {
  std::int32_t seq = 0;
  std::int32_t context = 0;
  std::vector<std::int32_t> path = {};
};

struct Attention {
  const char* name = "";
  DType type = DType::f16;
  std::int32_t n_heads = 4;
  std::int32_t n_kv_heads = 2;
  std::int32_t k_dim = 64;
  std::int32_t v_dim = 64;
  std::int32_t window = 0;
  float softcap = 0;
  bool has_sinks = false;
  bool v_in_k = false;
  bool to_plain = false;  ///< results as plain floats, not as activations
  std::vector<Attender> rows = {};
};

/// What becomes of a filled cache, seen by attention over it.
struct Upkeep {
  enum class What : std::uint8_t { store, move, copy, zero };
  What what = What::store;
  Attention seen;
};

struct Qkv {
  DType type = DType::f32;
  std::int64_t dim = 1;
  std::int32_t rope_dims = 0;  ///< 0: none
  bool has_bias = false;
  bool has_norm = false;
  Attention seen;  ///< its rows are the rows of the step; its cache is f32
};

struct Route {
  std::int64_t n_rows = 1;
  std::int64_t n_experts = 1;
  Routing routing = {};
  bool has_bias = false;
  bool has_ties = false;
};

struct ExpertGemm {
  DType type = DType::f32;
  std::vector<std::int32_t> n_rows = {};  ///< of every expert
  std::int64_t n_out = 1;
  std::int64_t n_in = 1;
  bool has_bias = false;
};

struct Combine {
  std::int64_t n_rows = 1;
  std::int64_t n_used = 1;
  std::int64_t dim = 1;
};

struct Moe {
  DType type = DType::f32;
  std::int64_t n_rows = 1;
  std::int64_t n_experts = 1;
  std::int64_t n_used = 1;
  std::int64_t dim = 1;
  std::int64_t n_out = 1;
  bool is_gpt_oss = false;  ///< its biases, activation and scores
};

struct ProjectHeads {
  DType type = DType::f32;
  std::int64_t n_rows = 1;
  std::int64_t n_heads = 1;
  std::int64_t n_out = 1;
  std::int64_t n_in = 1;
};

struct CopyColumns {
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
};

struct LatentQkv {
  DType type = DType::f32;
  std::int64_t dim = 1;
  std::int64_t q_rank = 0;  ///< 0: queries straight from the activations
  Attention seen;           ///< its rows are the rows of the step; its cache is f32
};

using Case = std::variant<Gemm, Embed, GateUp, Head, RmsNorm, RopeAngles, RopeTurn, ActMul, Add,
                          ScaleCap, Gather, Argmax, Attention, Upkeep, Qkv, Route, ExpertGemm,
                          Combine, Moe, ProjectHeads, CopyColumns, ToActs, LatentQkv>;

using Args = std::variant<GemmArgs, EmbedArgs, GateUpArgs, HeadArgs, RmsNormArgs, RopeAnglesArgs,
                          RopeArgs, ActMulArgs, AddArgs, ScaleCapArgs, GatherArgs, ArgmaxArgs,
                          AttentionArgs, StoreKvArgs, MoveSlotsArgs, CopyPagesArgs, ZeroPagesArgs,
                          QkvArgs, RouteArgs, ExpertGemmArgs, CombineArgs, MoeArgs,
                          ProjectHeadsArgs, CopyColumnsArgs, ToActsArgs, LatentQkvArgs>;

/// Results on the device.
struct Output {
  enum class Kind : std::uint8_t { floats, acts, ints };
  Kind kind = Kind::floats;
  const void* data = nullptr;
  std::int64_t n_rows = 1;
  std::int64_t dim = 1;
};

/// A case with its inputs on a device. They follow from the case alone: equal on every level.
struct Prepared {
  std::vector<Buffer> memory = {};
  Args args = {};
  std::optional<AttentionArgs> reader = {};  ///< run after it, to see what it left in the cache
  std::vector<Output> outputs = {};
};

/// The table's entry and the shape, as in "gemm/Q4_0/4x64x256".
std::string name(const Case& c);

/// Whether a level keeps the cache that the case is about.
bool runs_on(const Case& c, const Device& device);

/// Puts the case's inputs on a device.
Prepared prepare(const Case& c, const Device& device);

/// Runs the operation of a case. In-place operations change their input, so the first run counts.
void run(const Device& device, const Prepared& prepared);

/// The results of the last run.
std::vector<float> results(const Device& device, const Prepared& prepared);

/// What a level multiplies weights with.
enum class Precision : std::uint8_t {
  fp32,
  quantized,  ///< those of block types with rows of 8 bits
  pairs,      ///< likewise, and those of BF16 with rows of BF16
};

/// How far each result of a level may be from that of ref.
std::vector<double> bound(const Case& c, Precision precision);

/// Bytes that one run moves at least, and its arithmetic.
struct Cost {
  double bytes = 0;
  double flops = 0;
};
Cost cost(const Case& c);

/// Small shapes at the edges of blocks, tiles and pages: every operation and type.
std::vector<Case> edge_cases();

/// Large shapes, for time.
std::vector<Case> large_cases();

}  // namespace mr::kern::cases
