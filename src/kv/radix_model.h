#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kv/radix_check.h"
#include "kv/seq.h"

/// A tree under random use, beside a plain map of all stored prefixes.
namespace mr::kv {

/// What the map knows of a stored prefix: the pages that hold its last page.
struct Stored {
  PageId full;
  PageId window;
};

struct LiveSeq {
  Salt salt;
  std::vector<Token> tokens;
  Seq seq;
};

struct RadixModel {
  std::span<const std::uint8_t> bytes;  ///< what is left of the input
  Pool pool;
  RadixTree tree;
  std::map<std::pair<Salt, std::vector<Token>>, Stored> map;
  std::vector<LiveSeq> live;
  std::vector<NodeId> pins;
  std::string error;
};

inline std::uint32_t draw_byte(RadixModel& model, std::uint32_t n) {
  if (model.bytes.empty()) return 0;
  const std::uint32_t byte = model.bytes[0];
  model.bytes = model.bytes.subspan(1);
  return byte % n;
}

inline void note(RadixModel& model, const char* what) {
  if (model.error.empty()) model.error = what;
}

/// A few pages of few kinds, each of which may change its kind in the middle; the last may be
/// short.
inline std::vector<Token> draw_tokens(RadixModel& model) {
  std::vector<Token> tokens;
  const std::uint32_t n = draw_byte(model, 5);
  for (std::uint32_t page = 0; page <= n; ++page) {
    const std::uint32_t byte = draw_byte(model, 256);
    const std::uint32_t cut = byte < 200 ? 64 : draw_byte(model, 64);
    for (std::uint32_t i = 0; i < 64; ++i) {
      tokens.push_back(static_cast<Token>(byte % 3 + (i >= cut ? 3 : 0)));
    }
  }
  if (draw_byte(model, 2) == 0) tokens.resize(tokens.size() - draw_byte(model, 64));
  return tokens;
}

inline std::vector<Token> head(const std::vector<Token>& tokens, std::size_t n) {
  return {tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n)};
}

inline std::size_t n_common(const std::vector<Token>& a, const std::vector<Token>& b) {
  std::size_t n = 0;
  while (n < std::min(a.size(), b.size()) && a[n] == b[n]) ++n;
  return n;
}

inline bool begins_with(const std::vector<Token>& tokens, const std::vector<Token>& start) {
  return n_common(tokens, start) == start.size();
}

/// Tails that a stored prefix of the same number of pages goes on from are no entries any more.
inline void drop_covered(RadixModel& model, Salt salt, const std::vector<Token>& tokens) {
  std::erase_if(model.map, [&](const auto& entry) {
    const auto& [key_salt, key] = entry.first;
    return key_salt == salt && key.size() < tokens.size() && key.size() % 64 != 0 &&
           (key.size() + 63) / 64 == (tokens.size() + 63) / 64 && begins_with(tokens, key);
  });
}

/// The map after `advance`, from what the sequence held before and holds now.
inline void map_pages(RadixModel& model, const LiveSeq& live, const Seq& before) {
  const std::size_t last = static_cast<std::size_t>(live.seq.n_shared);
  for (auto page = static_cast<std::size_t>(before.n_shared); page < last; ++page) {
    const std::vector<Token> key = head(live.tokens, (page + 1) * 64);
    const bool windowed = page < before.pages[1].size();
    const PageId own_window = windowed ? before.pages[1][page] : kNoPage;
    const auto known = model.map.find({live.salt, key});
    if (known == model.map.end()) {
      if (live.seq.pages[0][page] != before.pages[0][page]) note(model, "a new page was changed");
      drop_covered(model, live.salt, key);
      model.map[{live.salt, key}] = {before.pages[0][page], own_window};
      continue;
    }
    if (live.seq.pages[0][page] != known->second.full) note(model, "a known page was not shared");
    if (known->second.window == kNoPage) known->second.window = own_window;
  }
}

inline void map_tail(RadixModel& model, const LiveSeq& live) {
  const auto length = static_cast<std::size_t>(live.seq.length);
  if (length % 64 == 0) return;
  const std::vector<Token> key = head(live.tokens, length);
  for (const auto& [other, stored] : model.map) {
    if (other.first == live.salt && (other.second.size() + 63) / 64 == (length + 63) / 64 &&
        begins_with(other.second, key)) {
      return;
    }
  }
  drop_covered(model, live.salt, key);
  const std::size_t page = length / 64;
  model.map[{live.salt, key}] = {live.seq.pages[0][page],
                                 model.tree.window > 0 ? live.seq.pages[1][page] : kNoPage};
}

/// Takes out of the map what the tree has let go: pages that are free, or were taken anew. Nothing
/// may go whose continuation stays.
inline void map_evictions(RadixModel& model, const std::vector<PageId>& taken,
                          const std::vector<PageId>& taken_window) {
  const auto gone = [&](Kind kind, PageId page, const std::vector<PageId>& anew) {
    return page != kNoPage &&
           (n_users(model.pool, kind, page) == 0 || std::ranges::count(anew, page) > 0);
  };
  std::vector<std::pair<Salt, std::vector<Token>>> lost;
  for (auto& [key, stored] : model.map) {
    if (gone(Kind::window, stored.window, taken_window)) stored.window = kNoPage;
    if (gone(Kind::full, stored.full, taken)) lost.push_back(key);
  }
  for (const auto& key : lost) model.map.erase(key);
  for (const auto& key : lost) {
    if (key.second.size() % 64 != 0) continue;
    for (const auto& [other, stored] : model.map) {
      if (other.first == key.first && other.second.size() > key.second.size() &&
          begins_with(other.second, key.second)) {
        note(model, "a page was evicted before what follows it");
      }
    }
  }
}

/// Whether a hit of n tokens has the window pages it needs; `copy_window` is that of a last page
/// that is copied in part.
inline bool window_stands(const RadixModel& model, Salt salt, const std::vector<Token>& tokens,
                          std::size_t n, PageId copy_window) {
  if (n == 0) return true;
  const auto window = static_cast<std::size_t>(model.tree.window);
  for (std::size_t page = (n > window ? n - window : 0) / 64; page <= (n - 1) / 64; ++page) {
    if ((page + 1) * 64 > n) return copy_window != kNoPage;
    const auto known = model.map.find({salt, head(tokens, (page + 1) * 64)});
    if (known == model.map.end() || known->second.window == kNoPage) return false;
  }
  return true;
}

/// The longest prefix by the map, and whether the tree found it.
inline void check_match(RadixModel& model, Salt salt, const std::vector<Token>& tokens) {
  const Hit hit = match(model.tree, salt, tokens);
  const auto n = static_cast<std::size_t>(hit.n_tokens);
  std::size_t longest = 0;
  for (const auto& [key, stored] : model.map) {
    if (key.first == salt) longest = std::max(longest, n_common(tokens, key.second));
  }
  if (hit.n_tokens != hit.n_pages * 64 + hit.n_copied) note(model, "a hit that does not add up");
  if (model.tree.window == 0) {
    if (n != longest) note(model, "not the longest prefix");
  } else {
    if (n > longest) note(model, "more than is stored");
    if (!window_stands(model, salt, tokens, n, hit.copy_window)) note(model, "no window pages");
    for (std::size_t whole = longest / 64 * 64; whole > n; whole -= 64) {
      if (window_stands(model, salt, tokens, whole, kNoPage)) note(model, "a longer one stands");
    }
  }
  if (hit.n_copied > 0) {
    const auto source = std::ranges::find_if(model.map, [&](const auto& entry) {
      return entry.first.first == salt && entry.second.full == hit.copy_full &&
             (entry.first.second.size() + 63) / 64 == n / 64 + 1 &&
             n_common(tokens, entry.first.second) >= n;
    });
    if (source == model.map.end()) note(model, "a copy of other tokens");
  }
  if (hit.node == kNoNode) return;
  std::vector<PageId> full;
  std::vector<PageId> window;
  collect(model.tree, hit.node, full, window);
  for (std::size_t page = 0; page < static_cast<std::size_t>(hit.n_pages); ++page) {
    const auto known = model.map.find({salt, head(tokens, (page + 1) * 64)});
    if (known == model.map.end() || known->second.full != full.at(page)) {
      note(model, "a page of other tokens");
    }
  }
}

inline void begin_seq(RadixModel& model) {
  LiveSeq live{.salt = draw_byte(model, 2), .tokens = draw_tokens(model), .seq = {}};
  check_match(model, live.salt, live.tokens);
  const Hit hit = match(model.tree, live.salt, live.tokens);
  live.seq =
      start(model.tree, model.pool, live.salt, hit, static_cast<std::int32_t>(draw_byte(model, 2)));
  Work work;
  const auto n_slots = static_cast<std::int32_t>(live.tokens.size());
  const bool reserved = reserve(live.seq, model.tree, model.pool, {n_slots, n_slots}, work);
  map_evictions(model, work[0].zero_page, work[1].zero_page);
  if (!reserved) {
    stop(live.seq, model.tree, model.pool);
    return;
  }
  const bool copies = live.seq.n_copied > 0;
  if (work[0].copy_from.size() != (copies ? 1U : 0U)) note(model, "not one copy a branch");
  if (copies && n_users(model.pool, Kind::full, work[0].copy_from[0]) < 1) {
    note(model, "a copy from a free page");
  }
  copied(live.seq, model.pool);
  model.live.push_back(std::move(live));
}

inline void grow(RadixModel& model, LiveSeq& live) {
  if (draw_byte(model, 4) == 0) {
    // Others may have stored the same; all but the last token may be taken over.
    const Seq before = live.seq;
    if (catch_up(live.seq, model.tree, model.pool, live.salt,
                 std::span(live.tokens).first(live.tokens.size() - 1)) &&
        live.seq.length <= before.length) {
      note(model, "caught up to nothing");
    }
  }
  const auto left = static_cast<std::int32_t>(live.tokens.size()) - live.seq.length;
  const std::int32_t n = std::min(left, static_cast<std::int32_t>(draw_byte(model, 200)));
  const Seq before = live.seq;
  advance(live.seq, model.tree, model.pool, live.tokens, n);
  map_pages(model, live, before);
}

inline void end_seq(RadixModel& model, std::size_t i) {
  LiveSeq live = std::move(model.live[i]);
  model.live.erase(model.live.begin() + static_cast<std::ptrdiff_t>(i));
  switch (draw_byte(model, 4)) {
    case 0:
      stop_bad(live.seq, model.tree, model.pool);
      map_evictions(model, {}, {});
      return;
    case 1:
      break;
    default:
      store_tail(live.seq, model.tree, model.pool, live.tokens);
      map_tail(model, live);
  }
  stop(live.seq, model.tree, model.pool);
}

inline void check_all(RadixModel& model) {
  Owners owners = no_owners(model.pool);
  for (const LiveSeq& live : model.live) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      for (const PageId page : live.seq.pages[kind]) {
        add_owner(owners, static_cast<Kind>(kind), page);
      }
    }
    const std::int32_t begin = std::max(0, live.seq.length - model.tree.window) / kPagePositions;
    for (auto page = static_cast<std::size_t>(begin);
         model.tree.window > 0 && page < live.seq.pages[1].size(); ++page) {
      if (live.seq.pages[1][page] == kNoPage) note(model, "a hole in a window");
    }
  }
  const auto n_holds = static_cast<std::int32_t>(model.live.size() + model.pins.size());
  std::string what = broken(model.tree, n_holds, owners);
  if (what.empty()) what = broken(model.pool, owners);
  if (!what.empty()) note(model, what.c_str());
  std::array<std::int32_t, kKinds> n{};
  for (const auto& [key, stored] : model.map) {
    ++n[0];
    if (stored.window != kNoPage) ++n[1];
  }
  if (n != model.tree.n_pages) note(model, "the tree has more or less than the map");
}

inline void pin(RadixModel& model) {
  if (!model.pins.empty() && draw_byte(model, 2) == 0) {
    release(model.tree, model.pins.back());
    model.pins.pop_back();
    return;
  }
  const Salt salt = draw_byte(model, 2);
  const std::vector<Token> tokens = draw_tokens(model);
  const Hit hit = match(model.tree, salt, tokens);
  if (model.pins.size() < 3) model.pins.push_back(hold(model.tree, salt, hit));
}

/// Drives pool, tree and sequences with the bytes. The first difference from the map, or nothing.
inline std::string drive_tree(std::span<const std::uint8_t> bytes) {
  RadixModel model{
      .bytes = bytes, .pool = {}, .tree = {}, .map = {}, .live = {}, .pins = {}, .error = {}};
  const bool windowed = draw_byte(model, 3) == 0;
  const std::size_t n_pages = 4 + draw_byte(model, 28);
  model.pool = make_pool({.budget_bytes = n_pages * 2048,
                          .full_page_bytes = windowed ? 1024U : 2048U,
                          .window_page_bytes = windowed ? 1024U : 0U,
                          .window_share = 0.5})
                   .value();
  model.tree = make_tree(windowed ? 1 + static_cast<std::int32_t>(draw_byte(model, 150)) : 0, 7);
  while (!model.bytes.empty() && model.error.empty()) {
    const std::uint32_t what = draw_byte(model, 16);
    if (what < 5 && model.live.size() < 4) {
      begin_seq(model);
    } else if (what < 9 && !model.live.empty()) {
      grow(model, model.live[draw_byte(model, static_cast<std::uint32_t>(model.live.size()))]);
    } else if (what < 12 && !model.live.empty()) {
      end_seq(model, draw_byte(model, static_cast<std::uint32_t>(model.live.size())));
    } else if (what < 14) {
      const Salt salt = draw_byte(model, 2);
      check_match(model, salt, draw_tokens(model));
    } else if (what == 14) {
      const Kind kind = draw_byte(model, 4) == 0 ? Kind::window : Kind::full;
      evict(model.tree, model.pool, kind, static_cast<std::int32_t>(draw_byte(model, 12)));
      map_evictions(model, {}, {});
    } else {
      pin(model);
    }
    check_all(model);
  }
  while (!model.live.empty()) end_seq(model, model.live.size() - 1);
  for (const NodeId node : model.pins) release(model.tree, node);
  for (const Kind kind : {Kind::full, Kind::window}) {
    evict(model.tree, model.pool, kind, kv::n_pages(model.pool, kind));
    if (n_free(model.pool, kind) != kv::n_pages(model.pool, kind)) note(model, "a lost page");
  }
  if (!model.tree.roots.empty()) note(model, "a tree that is not empty");
  return model.error;
}

}  // namespace mr::kv
