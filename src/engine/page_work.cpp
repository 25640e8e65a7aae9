#include "engine/page_work.h"

#include <initializer_list>

namespace mr::engine {
namespace {

using Numbers = std::vector<std::int32_t>;

/// The lists one after the other on the device, in one transfer; where each begins.
Expected<std::vector<const std::int32_t*>> put(std::initializer_list<const Numbers*> parts,
                                               PageLists& lists, const kern::Device& device) {
  Numbers all;
  for (const Numbers* part : parts) all.insert(all.end(), part->begin(), part->end());
  const std::size_t bytes = all.size() * sizeof(std::int32_t);
  if (lists.integers.bytes < bytes) {
    MR_TRY(lists.integers, kern::make_buffer(device, 2 * bytes, "page lists"));
  }
  device.ops->upload(device, lists.integers.data, all.data(), bytes);
  std::vector<const std::int32_t*> begins;
  const auto* at = kern::as<std::int32_t>(lists.integers);
  for (const Numbers* part : parts) {
    begins.push_back(at);
    at += part->size();
  }
  return begins;
}

}  // namespace

Expected<void> run(const kv::PageWork& work, const kv::Store& store, PageLists& lists,
                   const kern::Device& device) {
  if (!work.zero_page.empty()) {
    MR_TRY(const auto at, put({&work.zero_page, &work.zero_begin}, lists, device));
    device.ops->zero_pages(device, {.kv = store.view,
                                    .page = at[0],
                                    .begin = at[1],
                                    .n = static_cast<std::int32_t>(work.zero_page.size())});
  }
  if (!work.copy_from.empty()) {
    MR_TRY(const auto at, put({&work.copy_from, &work.copy_to, &work.copy_rows}, lists, device));
    device.ops->copy_pages(device, {.kv = store.view,
                                    .from = at[0],
                                    .to = at[1],
                                    .n_slots = at[2],
                                    .n = static_cast<std::int32_t>(work.copy_from.size())});
  }
  return {};
}

Expected<void> run_moves(const sched::Settle& settle, const sched::Batch& batch,
                         const kv::Store& store, PageLists& lists, const kern::Device& device) {
  if (settle.move_seq.empty()) return {};
  const Numbers& pages = batch.pages[static_cast<std::size_t>(kv::Kind::full)];
  MR_TRY(const auto at,
         put({&settle.move_seq, &settle.move_from, &settle.move_to, &pages}, lists, device));
  kern::KvView view = store.view;
  view.pages = at[3];
  view.max_pages = batch.max_pages;
  device.ops->move_slots(device, {.kv = view,
                                  .seq = at[0],
                                  .from = at[1],
                                  .to = at[2],
                                  .n = static_cast<std::int32_t>(settle.move_seq.size())});
  return {};
}

}  // namespace mr::engine
