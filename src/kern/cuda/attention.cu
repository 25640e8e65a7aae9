#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"
#include "kern/cuda/page.cuh"

namespace mr::kern::cuda {
namespace {

// What a row attends to, as one list: positions [0, context) by slot, then the slots of its path.
struct Keys {
  const KvView& kv;
  const std::int32_t* path;
  int n_context;
  int n_keys;
  int seq;
  int layer;
};

__device__ int slot_of(const Keys& keys, int key) {
  return key < keys.n_context ? key : keys.path[key - keys.n_context];
}

__device__ Keys keys_of(const AttentionArgs& args, std::int64_t row) {
  const Rows& rows = args.rows;
  const int begin = rows.path_begin[row];
  const int context = rows.context[row];
  return {args.kv,       rows.path + begin, context, context + rows.path_begin[row + 1] - begin,
          rows.seq[row], args.layer};
}

// The score of one key; q lies in shared memory.
__device__ float score_of(const AttentionArgs& args, const float* q, const Keys& keys, int key,
                          int kv_head) {
  const KvView& kv = keys.kv;
  const int slot = slot_of(keys, key);
  const std::byte* page = slot_page(kv, keys.seq, slot, keys.layer);
  const std::int64_t begin = k_begin(kv, kv_head, slot % kPagePositions);
  float dot = 0;
  for (int i = 0; i < kv.k_dim; ++i) dot = fmaf(q[i], load(kv.type, page, begin + i), dot);
  const float score = dot * args.scale;
  return args.softcap > 0 ? args.softcap * tanhf(score / args.softcap) : score;
}

// The sum of weight * V over keys [begin, end), value i of the head.
__device__ float weighted_v(const float* weight, const Keys& keys, int begin, int end, int kv_head,
                            int i) {
  const KvView& kv = keys.kv;
  float sum = 0;
  for (int key = begin; key < end; ++key) {
    const int slot = slot_of(keys, key);
    const std::byte* page = slot_page(kv, keys.seq, slot, keys.layer);
    const std::int64_t begin_v = v_begin(kv, kv_head, slot % kPagePositions);
    sum = fmaf(weight[key - begin], load(kv.type, page, begin_v + i), sum);
  }
  return sum;
}

// One block a row and head. The keys are taken kThreads at a time, one a thread; the softmax is
// kept as a running maximum and sum, the result scaled down whenever the maximum grows. The order
// depends on the list of keys alone, so a row gives the same bits whether a key stands in the
// context or on the path. A sink is a first key without a value.
__global__ void attention_kernel(AttentionArgs args) {
  extern __shared__ float shared[];
  const KvView& kv = args.kv;
  float* q = shared;             // (k_dim)
  float* result = q + kv.k_dim;  // (v_dim), value i always of the same thread
  __shared__ float weight[kThreads];
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t n_items = static_cast<std::int64_t>(args.rows.n_rows) * args.n_heads;
  for (std::int64_t item = blockIdx.x; item < n_items; item += gridDim.x) {
    const int head = static_cast<int>(item % args.n_heads);
    const int kv_head = head / (args.n_heads / kv.n_kv_heads);
    const Keys keys = keys_of(args, item / args.n_heads);
    for (int i = thread; i < kv.k_dim; i += kThreads) q[i] = args.q[item * kv.k_dim + i];
    for (int i = thread; i < kv.v_dim; i += kThreads) result[i] = 0;
    __syncthreads();

    float largest = args.sinks != nullptr ? args.sinks[head] : -INFINITY;
    float sum = args.sinks != nullptr ? 1.0F : 0.0F;
    const int first = args.window > 0 ? max(0, keys.n_keys - args.window) : 0;
    for (int begin = first; begin < keys.n_keys; begin += kThreads) {
      const int end = min(begin + kThreads, keys.n_keys);
      const bool mine = begin + thread < end;
      const float score = mine ? score_of(args, q, keys, begin + thread, kv_head) : -INFINITY;
      const float new_largest = fmaxf(largest, block_max(score));
      weight[thread] = mine ? expf(score - new_largest) : 0.0F;
      const float decay = expf(largest - new_largest);
      sum = sum * decay + block_sum(weight[thread]);
      largest = new_largest;
      for (int i = thread; i < kv.v_dim; i += kThreads) {
        result[i] = result[i] * decay + weighted_v(weight, keys, begin, end, kv_head, i);
      }
      __syncthreads();
    }
    auto* to = args.acts != nullptr ? reinterpret_cast<float*>(args.acts) : args.y;
    to += item * kv.v_dim;
    for (int i = thread; i < kv.v_dim; i += kThreads) to[i] = sum == 0 ? 0 : result[i] / sum;
    __syncthreads();
  }
}

}  // namespace

void attention(const Device& device, const AttentionArgs& args) {
  const std::int64_t n_items = static_cast<std::int64_t>(args.rows.n_rows) * args.n_heads;
  const auto n_shared =
      static_cast<std::size_t>(args.kv.k_dim) + static_cast<std::size_t>(args.kv.v_dim);
  launch_blocks(device, "attention", attention_kernel, n_items, args, n_shared * sizeof(float));
}

}  // namespace mr::kern::cuda
