#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "kv/page.h"

namespace mr::kv {

/// How many bytes of pages there may be, and how large a page is.
struct PoolSpec {
  std::size_t budget_bytes;
  std::size_t full_page_bytes;        ///< 64 positions of all full layers
  std::size_t window_page_bytes = 0;  ///< 64 positions of all window layers; 0: there are none
  double window_share = 0.25;         ///< of the budget, where there are window layers
};

/// The page numbers of a fixed memory, and how many users each has. A page without users is free.
/// It owns no memory: page i of a kind is the i-th page of whatever array the owner keeps for it.
struct Pool {
  struct Pages {
    std::vector<PageId> free;         ///< the next to be taken is the last
    std::vector<std::int32_t> users;  ///< (n_pages)
    std::int32_t n_shared = 0;        ///< pages with two users or more
  };
  std::array<Pages, kKinds> kinds;
};

/// As many pages as the budget holds, numbered from 0 for each kind, all free.
/// Errors: does_not_fit where the budget holds no page of a kind that is needed.
Expected<Pool> make_pool(const PoolSpec& spec);

std::int32_t n_pages(const Pool& pool, Kind kind);
std::int32_t n_free(const Pool& pool, Kind kind);
std::int32_t n_users(const Pool& pool, Kind kind, PageId page);

/// A free page, now with one user, or kNoPage. What it holds is whatever it held before: the taker
/// has it zeroed.
PageId take(Pool& pool, Kind kind);

/// One user more for a page that has some.
void share(Pool& pool, Kind kind, PageId page);

/// One user fewer; true where that was the last and the page is free again.
bool give(Pool& pool, Kind kind, PageId page);

}  // namespace mr::kv
