#pragma once
#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

/// The arithmetic: one table of coarse operations, filled level over level.
///
/// Every pointer in an argument struct is memory of the device, except where it says host. Nothing
/// here allocates but `allocate`; nothing fails but what says so. This header is read by nvcc and
/// by files compiled for one ISA, so it holds plain data only.
///
/// Exactness: what an operation gives for one row depends on that row's inputs alone, never on the
/// other rows of the step, on their number, or on the number of threads.
namespace mr::kern {

inline constexpr std::int32_t kPagePositions = 64;  ///< positions of one KV page
inline constexpr std::int32_t kMaxHeadDim = 1024;   ///< largest k_dim and v_dim; models check it
inline constexpr std::int32_t kMaxExperts = 1024;   ///< of a layer; models check it
inline constexpr std::int32_t kLogitBlock = 64;     ///< logits that one block maximum stands for

struct Table;

/// Runs `task(arg, part, n_parts)` for every part on the device's team of threads, and waits.
using Task = void (*)(void* arg, int part, int n_parts);

/// Where operations run: their table, and what executes them.
struct Device {
  const Table* ops = nullptr;
  void* team = nullptr;  ///< CPU: the team of threads that `run` takes
  void (*run)(void* team, Task task, void* arg) = nullptr;
  void* stream = nullptr;    ///< CUDA: the stream that every operation is put on
  bool counts_only = false;  ///< nothing is kept there, so contents need not be made (see Counter)
};

/// A weight matrix in the packed form of the level that made it: n_out rows of n_in values.
struct Weight {
  const void* data = nullptr;
  DType type = DType::f32;  ///< of the file; the packed form follows from it
  std::int64_t n_out = 0;
  std::int64_t n_in = 0;
};

/// Equal weight matrices, one an expert, packed one by one: expert e's starts at data + e * stride.
struct Experts {
  const std::byte* data = nullptr;
  DType type = DType::f32;
  std::int64_t n_experts = 0;
  std::int64_t n_out = 0;
  std::int64_t n_in = 0;
  std::int64_t stride = 0;  ///< bytes, of packed_bytes(type, n_out, n_in) at least
};

/// The rows of a step: prefill chunks, decodes and tree nodes alike.
/// A row attends to positions [0, context) of its sequence by slot, then to the slots of its path.
struct Rows {
  std::int32_t n_rows = 0;
  const std::int32_t* token = nullptr;       ///< (n_rows)
  const std::int32_t* pos = nullptr;         ///< (n_rows) position in the sequence, for RoPE
  const std::int32_t* seq = nullptr;         ///< (n_rows) index into the page lists of KvView
  const std::int32_t* slot = nullptr;        ///< (n_rows) where this row's K and V are stored
  const std::int32_t* context = nullptr;     ///< (n_rows) attended by index: slot = position
  const std::int32_t* path_begin = nullptr;  ///< (n_rows + 1) into path
  const std::int32_t* path = nullptr;        ///< slots after the context; one position each
};

/// The KV cache of all layers, by pages. Page p of layer l starts at
/// memory + (p * n_layers + l) * page_bytes; what is inside belongs to the level.
struct KvView {
  std::byte* memory = nullptr;
  std::size_t page_bytes = 0;  ///< of one page of one layer, as kv_page_bytes says
  std::int32_t n_layers = 0;
  DType type = DType::f16;
  std::int32_t n_kv_heads = 0;
  std::int32_t k_dim = 0;               ///< of one head's K
  std::int32_t v_dim = 0;               ///< of one head's V
  bool v_in_k = false;                  ///< V is the first v_dim values of K, and not stored
  const std::int32_t* pages = nullptr;  ///< (n_seqs, max_pages) page ids of each sequence
  std::int32_t max_pages = 0;           ///< row length of `pages`
};

enum class Rope : std::uint8_t {
  neox,      ///< pairs (i, i + n_dims/2), as Hugging Face's rotate_half
  adjacent,  ///< pairs (2i, 2i + 1), as the Llama paper and GGUF's llama
};

enum class Activation : std::uint8_t {
  silu,
  gelu_tanh,
  swiglu_clamped,  ///< of gate and up at once, see ActMulArgs
};

struct PackArgs {
  void* to = nullptr;          ///< packed_bytes(type, n_out, n_in) bytes of the device
  const void* from = nullptr;  ///< host: rows as stored in the file
  DType type = DType::f32;
  std::int64_t n_out = 0;
  std::int64_t n_in = 0;
};

/// x = scale * table[token].
struct EmbedArgs {
  Weight table;  ///< (n_vocab, dim)
  const std::int32_t* token = nullptr;
  std::int32_t n_rows = 0;
  float scale = 1.0F;
  float* x = nullptr;  ///< (n_rows, dim)
};

/// y = x / sqrt(mean(x^2) + eps) * weight. Source: Zhang & Sennrich 2019, eq. 4.
struct RmsNormArgs {
  const float* x = nullptr;       ///< (n_rows, dim)
  const float* weight = nullptr;  ///< (dim)
  float eps = 0;
  std::int32_t n_rows = 0;
  std::int32_t dim = 0;
  std::byte* acts = nullptr;  ///< one of the two: activations for gemm,
  float* y = nullptr;         ///< or plain (n_rows, dim); may be x
};

/// x as activations for gemm: what rms_norm does besides the norm.
struct ToActsArgs {
  const float* x = nullptr;  ///< (n_rows, dim)
  std::int32_t n_rows = 0;
  std::int32_t dim = 0;
  std::byte* acts = nullptr;
};

/// y = acts * weight^T + bias, or y += that.
struct GemmArgs {
  Weight weight;
  const std::byte* acts = nullptr;  ///< (n_rows, weight.n_in)
  const float* bias = nullptr;      ///< (weight.n_out) or null
  std::int32_t n_rows = 0;
  bool accumulate = false;
  float* y = nullptr;  ///< (n_rows, weight.n_out)
};

/// The angles of RoPE once a step: cosine and sine of pos * inv_freq[i], times `magnitude`.
struct RopeAnglesArgs {
  const std::int32_t* pos = nullptr;
  const float* inv_freq = nullptr;  ///< (n_dims / 2)
  std::int32_t n_rows = 0;
  std::int32_t n_dims = 0;
  float magnitude = 1.0F;
  float* angles = nullptr;  ///< (n_rows, n_dims / 2, 2): cos, sin
};

/// Rotates the first n_dims of every head in place. Source: Su et al. 2021, arXiv:2104.09864
/// eq. 34.
struct RopeArgs {
  float* x = nullptr;  ///< (n_rows, n_heads, head_dim)
  const float* angles = nullptr;
  std::int32_t n_rows = 0;
  std::int32_t n_heads = 0;
  std::int32_t head_dim = 0;
  std::int32_t n_dims = 0;
  Rope kind = Rope::neox;
};

/// Writes K and V of the step's rows to their slots.
struct StoreKvArgs {
  KvView kv;
  Rows rows;
  std::int32_t layer = 0;
  const float* k = nullptr;  ///< (n_rows, n_kv_heads, k_dim)
  const float* v = nullptr;  ///< (n_rows, n_kv_heads, v_dim); not read where kv.v_in_k
};

/// Queries, keys and values of a layer: projections, biases, head norms, RoPE; K and V are stored.
struct QkvArgs {
  const std::byte* acts = nullptr;  ///< (n_rows, dim)
  Weight wq, wk, wv;
  const float *bq = nullptr, *bk = nullptr, *bv = nullptr;  ///< or null
  const float *q_norm = nullptr, *k_norm = nullptr;         ///< (head dim) or null
  float eps = 0;
  std::int32_t n_heads = 0;
  const float* angles = nullptr;  ///< null: no RoPE in this layer
  std::int32_t rope_dims = 0;
  Rope rope = Rope::neox;
  KvView kv;
  Rows rows;
  std::int32_t layer = 0;
  float* q = nullptr;                ///< (n_rows, n_heads, k_dim), the result
  float *k = nullptr, *v = nullptr;  ///< scratch, as StoreKvArgs takes them
};

/// softmax(scale * q K^T + mask) V for every row and head; heads share K and V in groups.
/// Source: Vaswani et al. 2017, eq. 1; grouped as Ainslie et al. 2023, arXiv:2305.13245.
struct AttentionArgs {
  KvView kv;
  Rows rows;
  std::int32_t layer = 0;
  std::int32_t n_heads = 0;
  const float* q = nullptr;  ///< (n_rows, n_heads, k_dim)
  float scale = 1.0F;
  float softcap = 0;             ///< > 0: scores become softcap * tanh(score / softcap)
  std::int32_t window = 0;       ///< > 0: only the last `window` positions, the row's own included
  const float* sinks = nullptr;  ///< (n_heads) or null: a logit that takes weight and gives nothing
  std::byte* acts = nullptr;     ///< the result: (n_rows, n_heads * v_dim) as activations,
  float* y = nullptr;            ///< or plain
};

/// acts = activation(gate) * up; of swiglu_clamped with g = min(gate, limit) and u = up held to
/// [-limit, limit]: acts = g * sigmoid(alpha * g) * (u + 1).
/// Source of that: OpenAI, gpt-oss model card 2025, arXiv:2508.10925, section 2.
struct ActMulArgs {
  const float* gate = nullptr;  ///< (n_rows, dim)
  const float* up = nullptr;    ///< (n_rows, dim)
  Activation activation = Activation::silu;
  float alpha = 0;  ///< of swiglu_clamped
  float limit = 0;  ///< of swiglu_clamped
  std::int32_t n_rows = 0;
  std::int32_t dim = 0;
  std::byte* acts = nullptr;  ///< (n_rows, dim)
};

/// acts_out = activation(acts * gate^T) * (acts * up^T). Source: Shazeer 2020, arXiv:2002.05202.
struct GateUpArgs {
  const std::byte* acts = nullptr;  ///< (n_rows, dim)
  Weight gate, up;
  Activation activation = Activation::silu;
  std::int32_t n_rows = 0;
  float *gate_scratch = nullptr, *up_scratch = nullptr;  ///< (n_rows, gate.n_out) each
  std::byte* acts_out = nullptr;                         ///< (n_rows, gate.n_out)
};

/// How scores of experts become a choice and its weights.
struct Routing {
  enum class Score : std::uint8_t {
    softmax,         ///< over all experts
    softmax_chosen,  ///< over the chosen ones' logits
    sigmoid,
  };
  Score score = Score::softmax;
  std::int32_t n_used = 0;         ///< experts of a row
  std::int32_t n_groups = 1;       ///< experts stand in equal groups, of which
  std::int32_t n_used_groups = 1;  ///< the best so many are looked at:
  std::int32_t n_group_top = 1;    ///< a group counts what its so many best scores sum up to
  const float* bias = nullptr;     ///< (n_experts) or null: added to scores for the choice alone
  bool normalize = false;          ///< the weights of a row sum up to 1, before `scale`
  float scale = 1.0F;
};

/// Chooses the experts of each row, the one with the lower id where scores are equal, and sorts the
/// items (one for each row and chosen expert) by expert, then by row.
/// Source: Shazeer et al. 2017, arXiv:1701.06538; groups and bias as DeepSeek-V3 technical report,
/// arXiv:2412.19437, section 2.1.2.
struct RouteArgs {
  const float* logits = nullptr;  ///< (n_rows, n_experts)
  Routing routing;
  std::int32_t n_rows = 0;
  std::int32_t n_experts = 0;
  std::int32_t* expert = nullptr;  ///< (n_rows, n_used) best first
  float* weight = nullptr;         ///< (n_rows, n_used) of the same
  std::int32_t* begin = nullptr;   ///< (n_experts + 1): expert e has items [begin[e], begin[e + 1])
  std::int32_t* row = nullptr;     ///< (n_rows * n_used) the row of each item
  std::int32_t* item = nullptr;    ///< (n_rows, n_used) the item of each choice
};

/// y = acts * weight[e]^T + bias[e] for the items of every expert e.
struct ExpertGemmArgs {
  Experts weight;
  const std::byte* acts = nullptr;      ///< (n_items, n_in)
  const float* bias = nullptr;          ///< (n_experts, n_out) or null
  const std::int32_t* begin = nullptr;  ///< (n_experts + 1), as RouteArgs makes it
  std::int32_t n_items = 0;             ///< begin[n_experts]
  float* y = nullptr;                   ///< (n_items, n_out)
};

/// x[r] += the sum over j of weight[r][j] * y[item[r][j]], j ascending.
struct CombineArgs {
  const float* y = nullptr;            ///< (n_rows * n_used, dim)
  const std::int32_t* item = nullptr;  ///< (n_rows, n_used)
  const float* weight = nullptr;       ///< (n_rows, n_used)
  std::int32_t n_rows = 0;
  std::int32_t n_used = 0;
  std::int32_t dim = 0;
  float* x = nullptr;  ///< (n_rows, dim)
};

/// A mixture of experts: each row's chosen feed-forwards, weighted, are added to x.
struct MoeArgs {
  const std::byte* acts = nullptr;  ///< (n_rows, dim)
  Weight router;                    ///< (n_experts, dim)
  const float* router_bias = nullptr;
  Routing routing;
  Experts gate, up;                                      ///< (n_out, dim) each
  Experts down;                                          ///< (dim, n_out) each
  const float *gate_bias = nullptr, *up_bias = nullptr;  ///< (n_experts, n_out) or null
  const float* down_bias = nullptr;                      ///< (n_experts, dim) or null
  Activation activation = Activation::silu;
  float alpha = 0;  ///< as ActMulArgs
  float limit = 0;
  std::int32_t n_rows = 0;
  float* logits = nullptr;         ///< scratch (n_rows, n_experts)
  std::int32_t* expert = nullptr;  ///< scratch as RouteArgs takes it, and so on
  float* weight = nullptr;
  std::int32_t* begin = nullptr;
  std::int32_t* row = nullptr;
  std::int32_t* item = nullptr;
  std::byte* sorted_acts = nullptr;                      ///< scratch (n_rows * n_used, dim)
  float *gate_scratch = nullptr, *up_scratch = nullptr;  ///< (n_rows * n_used, n_out) each
  std::byte* hidden_acts = nullptr;                      ///< scratch (n_rows * n_used, n_out)
  float* y = nullptr;                                    ///< scratch (n_rows * n_used, dim)
  float* x = nullptr;                                    ///< (n_rows, dim)
};

/// y[r][h] = weight[h] * x[r][h]: every head by a matrix of its own. The matrices lie as in a file,
/// not packed, in F32, F16 or BF16; x and y are plain, a head's values so many floats apart.
struct ProjectHeadsArgs {
  Weight weight;  ///< (n_heads * n_out, n_in)
  std::int32_t n_heads = 0;
  const float* x = nullptr;  ///< (n_rows, n_heads, x_stride), the first n_in of each
  std::int32_t x_stride = 0;
  std::int32_t n_rows = 0;
  float* y = nullptr;  ///< (n_rows, n_heads, y_stride), the first n_out of each
  std::int32_t y_stride = 0;
};

/// The first `dim` values of every row from one matrix to another.
struct CopyColumnsArgs {
  const float* x = nullptr;  ///< (n_rows, x_stride)
  std::int32_t x_stride = 0;
  std::int32_t n_rows = 0;
  std::int32_t dim = 0;
  float* y = nullptr;  ///< (n_rows, y_stride)
  std::int32_t y_stride = 0;
};

/// Queries and the cached latent of multi-head latent attention, in absorbed form: a head's query
/// is [wk_b[h] q_nope, RoPE(q_rope)], the one key head [norm(w_latent x), RoPE(w_rope x)], and its
/// value the key's first part (kv.v_in_k). Source: DeepSeek-V2, arXiv:2405.04434, appendix C.
struct LatentQkvArgs {
  const std::byte* acts = nullptr;  ///< (n_rows, dim)
  Weight wq_a = {};                 ///< (q_rank, dim); without data: wq takes acts itself
  const float* bq_a = nullptr;      ///< (q_rank) or null
  const float* q_norm = nullptr;    ///< (q_rank)
  Weight wq;                        ///< (n_heads * (nope_dim + rope_dim), q_rank or dim)
  Weight w_latent;                  ///< (kv.v_dim, dim)
  const float* b_latent = nullptr;  ///< (kv.v_dim) or null
  const float* kv_norm = nullptr;   ///< (kv.v_dim)
  Weight w_rope;                    ///< (rope_dim, dim)
  const float* b_rope = nullptr;    ///< (rope_dim) or null
  Weight wk_b;                      ///< (n_heads * kv.v_dim, nope_dim), as ProjectHeadsArgs
  float eps = 0;
  std::int32_t n_heads = 0;
  std::int32_t rope_dim = 0;      ///< kv.k_dim - kv.v_dim
  const float* angles = nullptr;  ///< (n_rows, rope_dim / 2, 2)
  Rope rope = Rope::adjacent;
  KvView kv;
  Rows rows;
  std::int32_t layer = 0;
  float* q = nullptr;             ///< (n_rows, n_heads, kv.k_dim), the result
  float* low = nullptr;           ///< scratch (n_rows, q_rank)
  std::byte* low_acts = nullptr;  ///< scratch (n_rows, q_rank)
  float* q_heads = nullptr;       ///< scratch (n_rows, n_heads, nope_dim + rope_dim)
  float* latent = nullptr;        ///< scratch (n_rows, kv.v_dim)
  float* k_rope = nullptr;        ///< scratch (n_rows, rope_dim)
  float* k = nullptr;             ///< scratch (n_rows, kv.k_dim)
};

/// x += scale * y.
struct AddArgs {
  float* x = nullptr;
  const float* y = nullptr;
  float scale = 1.0F;
  std::int64_t n = 0;
};

/// y[i] = x[row[i]].
struct GatherArgs {
  const float* x = nullptr;           ///< (any, dim)
  const std::int32_t* row = nullptr;  ///< (n_rows)
  std::int32_t n_rows = 0;
  std::int32_t dim = 0;
  float* y = nullptr;  ///< (n_rows, dim)
};

/// Logits of chosen rows: final norm, projection, soft-cap, and what sampling needs to skip most of
/// them.
struct HeadArgs {
  const float* x = nullptr;           ///< (any, dim), the residual stream
  const std::int32_t* row = nullptr;  ///< (n_rows) the rows of x that are wanted
  std::int32_t n_rows = 0;
  const float* norm = nullptr;  ///< (dim)
  float eps = 0;
  Weight weight;  ///< (n_vocab, dim)
  float scale = 1.0F;
  float softcap = 0;
  float* x_scratch = nullptr;         ///< (n_rows, dim)
  std::byte* acts_scratch = nullptr;  ///< (n_rows, dim)
  float* logits = nullptr;            ///< (n_rows, n_vocab)
  float* block_max = nullptr;         ///< as ScaleCapArgs, or null
};

/// x = softcap * tanh(scale * x / softcap), or x = scale * x where softcap is 0. The same pass
/// finds the largest of each block of a row, NaN where a number of the block is not finite.
struct ScaleCapArgs {
  float* x = nullptr;  ///< (n_rows, dim)
  std::int64_t n_rows = 0;
  std::int64_t dim = 0;
  float scale = 1.0F;
  float softcap = 0;
  float* block_max = nullptr;  ///< (n_rows, ceil(dim / kLogitBlock)) or null
};

/// The largest logit of each row, the lowest id where several are equal; NaN never wins.
struct ArgmaxArgs {
  const float* x = nullptr;  ///< (n_rows, dim)
  std::int32_t n_rows = 0;
  std::int32_t dim = 0;
  std::int32_t* index = nullptr;  ///< (n_rows)
};

/// Copies K and V of all layers between slots of a sequence, in order: an accepted tree row goes to
/// the slot of its position.
struct MoveSlotsArgs {
  KvView kv;
  const std::int32_t* seq = nullptr;   ///< (n)
  const std::int32_t* from = nullptr;  ///< (n) slots
  const std::int32_t* to = nullptr;    ///< (n) slots
  std::int32_t n = 0;
};

/// Copies the first slots of pages to others, all layers: a branch inside a page.
struct CopyPagesArgs {
  KvView kv;                              ///< its page lists are not used
  const std::int32_t* from = nullptr;     ///< (n) page ids
  const std::int32_t* to = nullptr;       ///< (n) page ids, none of them in `from`
  const std::int32_t* n_slots = nullptr;  ///< (n) how many of the 64
  std::int32_t n = 0;
};

/// Zeroes slots [begin, 64) of pages, all layers: what was never written must be finite.
struct ZeroPagesArgs {
  KvView kv;                            ///< its page lists are not used
  const std::int32_t* page = nullptr;   ///< (n) page ids
  const std::int32_t* begin = nullptr;  ///< (n) first slot to zero
  std::int32_t n = 0;
};

/// The operations of one level. Entries are never null once a table is made.
struct Table {
  const char* name = nullptr;

  // Memory.
  void* (*allocate)(const Device&, std::size_t bytes) = nullptr;  ///< 64-aligned; null: no memory
  void (*release)(const Device&, void* memory, std::size_t bytes) = nullptr;
  void (*upload)(const Device&, void* to, const void* host, std::size_t bytes) = nullptr;
  void (*download)(const Device&, void* host, const void* from, std::size_t bytes) = nullptr;
  void (*synchronize)(const Device&) = nullptr;  ///< returns when everything before it is done

  // Layouts of the level.
  std::size_t (*packed_bytes)(DType type, std::int64_t n_out, std::int64_t n_in) = nullptr;
  /// Rows of activations lie one after another: n_rows times the bytes of one, a multiple of 4.
  std::size_t (*act_bytes)(std::int64_t n_rows, std::int64_t dim) = nullptr;
  std::size_t (*kv_page_bytes)(const KvView&) = nullptr;  ///< from type, heads and dims
  void (*pack)(const Device&, const PackArgs&) = nullptr;

  // Rows through a layer.
  void (*embed)(const Device&, const EmbedArgs&) = nullptr;
  void (*rms_norm)(const Device&, const RmsNormArgs&) = nullptr;
  void (*to_acts)(const Device&, const ToActsArgs&) = nullptr;
  void (*gemm)(const Device&, const GemmArgs&) = nullptr;
  void (*rope_angles)(const Device&, const RopeAnglesArgs&) = nullptr;
  void (*rope)(const Device&, const RopeArgs&) = nullptr;
  void (*store_kv)(const Device&, const StoreKvArgs&) = nullptr;
  void (*qkv_rope_store)(const Device&, const QkvArgs&) = nullptr;
  void (*attention)(const Device&, const AttentionArgs&) = nullptr;
  void (*act_mul)(const Device&, const ActMulArgs&) = nullptr;
  void (*gate_up_act)(const Device&, const GateUpArgs&) = nullptr;
  void (*route)(const Device&, const RouteArgs&) = nullptr;
  void (*expert_gemm)(const Device&, const ExpertGemmArgs&) = nullptr;
  void (*combine)(const Device&, const CombineArgs&) = nullptr;
  void (*moe)(const Device&, const MoeArgs&) = nullptr;
  void (*project_heads)(const Device&, const ProjectHeadsArgs&) = nullptr;
  void (*copy_columns)(const Device&, const CopyColumnsArgs&) = nullptr;
  void (*latent_qkv_store)(const Device&, const LatentQkvArgs&) = nullptr;
  void (*add)(const Device&, const AddArgs&) = nullptr;
  void (*gather)(const Device&, const GatherArgs&) = nullptr;
  void (*scale_cap)(const Device&, const ScaleCapArgs&) = nullptr;
  void (*head)(const Device&, const HeadArgs&) = nullptr;
  void (*argmax)(const Device&, const ArgmaxArgs&) = nullptr;

  // KV upkeep.
  void (*move_slots)(const Device&, const MoveSlotsArgs&) = nullptr;
  void (*copy_pages)(const Device&, const CopyPagesArgs&) = nullptr;
  void (*zero_pages)(const Device&, const ZeroPagesArgs&) = nullptr;
};

}  // namespace mr::kern
