#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include "kv/pool.h"
#include "kv/radix_check.h"

namespace mr::kv {

/// Drives a pool with the bytes and holds it against a set of free pages and a map of users. The
/// first difference, or nothing.
inline std::string drive_pool(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 2) return {};
  const std::size_t n = 1 + bytes[0] % 24U;
  Pool pool = make_pool({.budget_bytes = n * 2048,
                         .full_page_bytes = 1024,
                         .window_page_bytes = bytes[1] % 2U == 0 ? 0U : 512U,
                         .window_share = 0.5})
                  .value();
  std::array<std::set<PageId>, kKinds> free;
  std::array<std::map<PageId, std::int32_t>, kKinds> users;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (PageId page = 0; page < n_pages(pool, static_cast<Kind>(kind)); ++page) {
      free[kind].insert(page);
    }
  }
  for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
    const std::size_t k = bytes[i] / 128U;
    const Kind kind = static_cast<Kind>(k);
    const std::uint8_t what = bytes[i] % 4;
    if (what <= 1) {
      const PageId page = take(pool, kind);
      if ((page == kNoPage) != free[k].empty()) return "a page where none is free, or the reverse";
      if (page == kNoPage) continue;
      if (free[k].erase(page) == 0) return "a page that was not free";
      users[k][page] = 1;
    } else if (!users[k].empty()) {
      auto entry = users[k].begin();
      std::advance(entry, bytes[i + 1] % users[k].size());
      if (what == 2) {
        share(pool, kind, entry->first);
        ++entry->second;
      } else if (give(pool, kind, entry->first) != (--entry->second == 0)) {
        return "a page free too early or too late";
      } else if (entry->second == 0) {
        free[k].insert(entry->first);
        users[k].erase(entry);
      }
    }
    if (n_free(pool, kind) != static_cast<std::int32_t>(free[k].size())) return "free miscounted";
    Owners owners = no_owners(pool);
    for (std::size_t all = 0; all < kKinds; ++all) {
      for (const auto& [page, count] : users[all]) {
        if (n_users(pool, static_cast<Kind>(all), page) != count) return "users miscounted";
        owners[all][static_cast<std::size_t>(page)] = count;
      }
    }
    if (std::string what_broke = broken(pool, owners); !what_broke.empty()) return what_broke;
  }
  return {};
}

}  // namespace mr::kv
