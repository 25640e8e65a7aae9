#include "kv/pool.h"

#include <algorithm>
#include <limits>
#include <string>

namespace mr::kv {
namespace {

Pool::Pages& of(Pool& pool, Kind kind) {
  return pool.kinds[static_cast<std::size_t>(kind)];
}

const Pool::Pages& of(const Pool& pool, Kind kind) {
  return pool.kinds[static_cast<std::size_t>(kind)];
}

Pool::Pages all_free(std::size_t n_pages) {
  constexpr std::size_t most = std::numeric_limits<PageId>::max();
  Pool::Pages pages;
  pages.users.resize(std::min(n_pages, most));
  pages.free.resize(pages.users.size());
  auto page = static_cast<PageId>(pages.free.size());
  for (PageId& id : pages.free) id = --page;  // page 0 is taken first
  return pages;
}

}  // namespace

Expected<Pool> make_pool(const PoolSpec& spec) {
  if (spec.full_page_bytes == 0) return fail(Fault::bad_request, "KV pages of 0 bytes");
  if (!(spec.window_share >= 0 && spec.window_share <= 1)) {
    return fail(Fault::bad_request, "the share of window pages is not between 0 and 1");
  }
  const bool windowed = spec.window_page_bytes > 0;
  const double share = windowed ? spec.window_share : 0;
  const auto window_bytes = spec.budget_bytes / 1024 * static_cast<std::size_t>(share * 1024);
  const std::size_t n_full = (spec.budget_bytes - window_bytes) / spec.full_page_bytes;
  const std::size_t n_window = windowed ? window_bytes / spec.window_page_bytes : 0;
  if (n_full == 0 || (windowed && n_window == 0)) {
    return fail(
        Fault::does_not_fit,
        "the KV cache needs at least one page of " + std::to_string(spec.full_page_bytes) +
            " bytes" +
            (windowed ? " and one window page of " + std::to_string(spec.window_page_bytes) : "") +
            ", its budget is " + std::to_string(spec.budget_bytes));
  }
  return Pool{{all_free(n_full), all_free(n_window)}};
}

std::int32_t n_pages(const Pool& pool, Kind kind) {
  return static_cast<std::int32_t>(of(pool, kind).users.size());
}

std::int32_t n_free(const Pool& pool, Kind kind) {
  return static_cast<std::int32_t>(of(pool, kind).free.size());
}

std::int32_t n_users(const Pool& pool, Kind kind, PageId page) {
  return of(pool, kind).users.at(static_cast<std::size_t>(page));
}

PageId take(Pool& pool, Kind kind) {
  Pool::Pages& pages = of(pool, kind);
  if (pages.free.empty()) return kNoPage;
  const PageId page = pages.free.back();
  pages.free.pop_back();
  pages.users[static_cast<std::size_t>(page)] = 1;
  return page;
}

void share(Pool& pool, Kind kind, PageId page) {
  std::int32_t& users = of(pool, kind).users.at(static_cast<std::size_t>(page));
  MR_CHECK(users > 0);
  if (++users == 2) ++of(pool, kind).n_shared;
}

bool give(Pool& pool, Kind kind, PageId page) {
  Pool::Pages& pages = of(pool, kind);
  std::int32_t& users = pages.users.at(static_cast<std::size_t>(page));
  MR_CHECK(users > 0);
  if (--users == 1) --pages.n_shared;
  if (users > 0) return false;
  pages.free.push_back(page);
  return true;
}

}  // namespace mr::kv
