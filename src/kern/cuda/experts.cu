#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"

namespace mr::kern::cuda {
namespace {

// Takes the best of what is still open, the first one where several are equal.
__device__ int take_best(const float* value, bool* open, int n) {
  int best = -1;
  for (int i = 0; i < n; ++i) {
    if (open[i] && (best < 0 || value[i] > value[best])) best = i;
  }
  open[best] = false;
  return best;
}

__device__ void softmax(float* x, int n) {
  float top = x[0];
  for (int i = 1; i < n; ++i) top = fmaxf(top, x[i]);
  float sum = 0;
  for (int i = 0; i < n; ++i) {
    x[i] = expf(x[i] - top);
    sum += x[i];
  }
  for (int i = 0; i < n; ++i) x[i] /= sum;
}

// Closes the experts of all but the best groups.
__device__ void limit_groups(const Routing& routing, const float* rank, int n_experts, bool* open) {
  if (routing.n_used_groups >= routing.n_groups) return;
  const int size = n_experts / routing.n_groups;
  float group[kMaxExperts];
  bool left[kMaxExperts];
  for (int g = 0; g < routing.n_groups; ++g) {
    for (int i = 0; i < size; ++i) left[i] = true;
    group[g] = 0;
    for (int i = 0; i < min(routing.n_group_top, size); ++i) {
      group[g] += rank[g * size + take_best(rank + g * size, left, size)];
    }
  }
  for (int e = 0; e < n_experts; ++e) open[e] = false;
  for (int g = 0; g < routing.n_groups; ++g) left[g] = true;
  for (int i = 0; i < routing.n_used_groups; ++i) {
    const int begin = take_best(group, left, routing.n_groups) * size;
    for (int e = begin; e < begin + size; ++e) open[e] = true;
  }
}

// One thread a row.
__global__ void choose_kernel(RouteArgs args) {
  using Score = Routing::Score;
  const Routing& routing = args.routing;
  const int n = args.n_experts;
  for (std::int64_t row = first_item(); row < args.n_rows; row += item_stride()) {
    float score[kMaxExperts];
    float rank[kMaxExperts];
    bool open[kMaxExperts];
    for (int e = 0; e < n; ++e) score[e] = args.logits[row * n + e];
    if (routing.score == Score::softmax) softmax(score, n);
    for (int e = 0; e < n; ++e) {
      if (routing.score == Score::sigmoid) score[e] = 1.0F / (1.0F + expf(-score[e]));
      rank[e] = score[e] + (routing.bias != nullptr ? routing.bias[e] : 0.0F);
      open[e] = true;
    }
    limit_groups(routing, rank, n, open);
    float weight[kMaxExperts];
    float sum = 0;
    for (int j = 0; j < routing.n_used; ++j) {
      const int e = take_best(rank, open, n);
      args.expert[row * routing.n_used + j] = e;
      weight[j] = score[e];
      sum += score[e];
    }
    if (routing.score == Score::softmax_chosen) softmax(weight, routing.n_used);
    const float factor = routing.scale / (routing.normalize ? sum + 1e-20F : 1.0F);
    for (int j = 0; j < routing.n_used; ++j) {
      args.weight[row * routing.n_used + j] = weight[j] * factor;
    }
  }
}

// One block: a thread counts the items of an expert, one adds the counts up, then every thread
// places its expert's items in the order of rows.
__global__ void sort_kernel(RouteArgs args) {
  __shared__ int begin[kMaxExperts + 1];
  const int n_items = args.n_rows * args.routing.n_used;
  const int thread = static_cast<int>(threadIdx.x);
  for (int e = thread; e < args.n_experts; e += kThreads) {
    int count = 0;
    for (int i = 0; i < n_items; ++i) count += args.expert[i] == e ? 1 : 0;
    begin[e + 1] = count;
  }
  if (thread == 0) begin[0] = 0;
  __syncthreads();
  if (thread == 0) {
    for (int e = 0; e < args.n_experts; ++e) begin[e + 1] += begin[e];
  }
  __syncthreads();
  for (int e = thread; e <= args.n_experts; e += kThreads) args.begin[e] = begin[e];
  for (int e = thread; e < args.n_experts; e += kThreads) {
    int next = begin[e];
    for (int i = 0; i < n_items; ++i) {
      if (args.expert[i] != e) continue;
      args.item[i] = next;
      args.row[next] = i / args.routing.n_used;
      ++next;
    }
  }
}

__global__ void combine_kernel(CombineArgs args) {
  const std::int64_t dim = args.dim;
  for (std::int64_t i = first_item(); i < args.n_rows * dim; i += item_stride()) {
    const std::int64_t first = i / dim * args.n_used;
    float sum = 0;
    for (int j = 0; j < args.n_used; ++j) {
      sum = fmaf(args.weight[first + j], args.y[args.item[first + j] * dim + i % dim], sum);
    }
    args.x[i] += sum;
  }
}

}  // namespace

void route(const Device& device, const RouteArgs& args) {
  launch_threads(device, "route", choose_kernel, args.n_rows, args);
  launch_blocks(device, "route", sort_kernel, 1, args);
}

void combine(const Device& device, const CombineArgs& args) {
  launch_threads(device, "combine", combine_kernel, std::int64_t{args.n_rows} * args.dim, args);
}

}  // namespace mr::kern::cuda
