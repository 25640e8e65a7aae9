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

struct Table;

/// Runs `task(arg, part, n_parts)` for every part on the device's team of threads, and waits.
using Task = void (*)(void* arg, int part, int n_parts);

/// Where operations run: their table, and what executes them.
struct Device {
  const Table* ops = nullptr;
  void* team = nullptr;  ///< CPU: the team of threads that `run` takes
  void (*run)(void* team, Task task, void* arg) = nullptr;
  void* stream = nullptr;  ///< CUDA: the stream that every operation is put on
};

/// A weight matrix in the packed form of the level that made it: n_out rows of n_in values.
struct Weight {
  const void* data = nullptr;
  DType type = DType::f32;  ///< of the file; the packed form follows from it
  std::int64_t n_out = 0;
  std::int64_t n_in = 0;
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
  const std::int32_t* pages = nullptr;  ///< (n_seqs, max_pages) page ids of each sequence
  std::int32_t max_pages = 0;           ///< row length of `pages`
};

enum class Rope : std::uint8_t {
  neox,      ///< pairs (i, i + n_dims/2), as Hugging Face's rotate_half
  adjacent,  ///< pairs (2i, 2i + 1), as the Llama paper and GGUF's llama
};

enum class Activation : std::uint8_t { silu, gelu_tanh };

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
  const float* v = nullptr;  ///< (n_rows, n_kv_heads, v_dim)
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
  std::byte* acts = nullptr;     ///< (n_rows, n_heads * v_dim), the result
};

/// acts = activation(gate) * up.
struct ActMulArgs {
  const float* gate = nullptr;  ///< (n_rows, dim)
  const float* up = nullptr;    ///< (n_rows, dim)
  Activation activation = Activation::silu;
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

/// Logits of chosen rows: final norm, projection, soft-cap.
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
};

/// x = softcap * tanh(scale * x / softcap), or x = scale * x where softcap is 0.
struct ScaleCapArgs {
  float* x = nullptr;
  std::int64_t n = 0;
  float scale = 1.0F;
  float softcap = 0;
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
