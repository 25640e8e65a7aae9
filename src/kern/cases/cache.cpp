#include "kern/cases/cache.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "kern/cases/data.h"

namespace mr::kern::cases {

Cache put_cache(Prepared& to, const Device& device, const Attention& shape) {
  std::int32_t n_seqs = 1;
  std::int32_t n_slots = 1;
  for (const Attender& row : shape.rows) {
    n_seqs = std::max(n_seqs, row.seq + 1);
    n_slots = std::max(n_slots, row.context);
    for (const std::int32_t slot : row.path) n_slots = std::max(n_slots, slot + 1);
  }
  Cache cache{.kv = {.n_layers = 2,
                     .type = shape.type,
                     .n_kv_heads = shape.n_kv_heads,
                     .k_dim = shape.k_dim,
                     .v_dim = shape.v_dim,
                     .v_in_k = shape.v_in_k,
                     .max_pages = (n_slots + kPagePositions - 1) / kPagePositions},
              .pages = {}};
  KvView& kv = cache.kv;
  kv.page_bytes = device.ops->kv_page_bytes(kv);
  const std::int32_t n_pages = n_seqs * kv.max_pages;
  kv.memory = static_cast<std::byte*>(
      reserve(to, device, static_cast<std::size_t>(2 * n_pages) * kv.page_bytes));
  std::vector<std::int32_t> ids(static_cast<std::size_t>(n_pages));
  std::iota(ids.begin(), ids.end(), 0);
  device.ops->zero_pages(device, {.kv = kv,
                                  .page = put(to, device, ids),
                                  .begin = put(to, device, std::vector<std::int32_t>(ids.size())),
                                  .n = n_pages});
  Rng rng{5};
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[below(rng, i)]);
  cache.pages = ids;
  kv.pages = put(to, device, ids);

  const std::int32_t n_rows = n_pages * kPagePositions;
  std::vector<std::int32_t> seq;
  std::vector<std::int32_t> slot;
  for (std::int32_t i = 0; i < n_rows; ++i) {
    seq.push_back(i / (kv.max_pages * kPagePositions));
    slot.push_back(i % (kv.max_pages * kPagePositions));
  }
  Prepared scratch;
  const std::int64_t n_heads = std::int64_t{n_rows} * kv.n_kv_heads;
  device.ops->store_kv(device, {.kv = kv,
                                .rows = {.n_rows = n_rows,
                                         .seq = put(scratch, device, seq),
                                         .slot = put(scratch, device, slot)},
                                .layer = 1,
                                .k = put(scratch, device, random_floats(1, n_heads * kv.k_dim)),
                                .v = put(scratch, device, random_floats(2, n_heads * kv.v_dim))});
  device.ops->synchronize(device);
  return cache;
}

AttentionArgs put_attention(Prepared& to, const Device& device, const Attention& shape,
                            const KvView& kv) {
  std::vector<std::int32_t> seq;
  std::vector<std::int32_t> context;
  std::vector<std::int32_t> path_begin{0};
  std::vector<std::int32_t> path;
  for (const Attender& row : shape.rows) {
    seq.push_back(row.seq);
    context.push_back(row.context);
    path.insert(path.end(), row.path.begin(), row.path.end());
    path_begin.push_back(static_cast<std::int32_t>(path.size()));
  }
  const auto n_rows = static_cast<std::int64_t>(shape.rows.size());
  AttentionArgs args{.kv = kv,
                     .rows = {.n_rows = static_cast<std::int32_t>(n_rows),
                              .seq = put(to, device, seq),
                              .context = put(to, device, context),
                              .path_begin = put(to, device, path_begin),
                              .path = put(to, device, path)},
                     .layer = 1,
                     .n_heads = shape.n_heads,
                     .q = put(to, device, random_floats(3, n_rows * shape.n_heads * shape.k_dim)),
                     .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.k_dim))),
                     .softcap = shape.softcap,
                     .window = shape.window};
  const std::int64_t dim = std::int64_t{shape.n_heads} * shape.v_dim;
  if (shape.to_plain) {
    args.y = reserve_floats(to, device, n_rows * dim);
  } else {
    args.acts = reserve_acts(to, device, n_rows, dim);
  }
  if (shape.has_sinks) args.sinks = put(to, device, random_floats(4, shape.n_heads));
  return args;
}

Output seen_by(const Attention& shape, const AttentionArgs& args) {
  return {.kind = shape.to_plain ? Output::Kind::floats : Output::Kind::acts,
          .data = shape.to_plain ? static_cast<const void*>(args.y) : args.acts,
          .n_rows = args.rows.n_rows,
          .dim = std::int64_t{shape.n_heads} * shape.v_dim};
}

}  // namespace mr::kern::cases
