#include "text/grammar/matcher.h"

#include <algorithm>

namespace mr::text::grammar {
namespace {

constexpr std::uint32_t kUnknown = 0xFFFFFFFF;
constexpr std::size_t kMaxConfigs = 4096;                     // of a place
constexpr std::size_t kMaxMaskBytes = std::size_t{32} << 20;  // of the masks that are kept
constexpr std::uint64_t kMaxWork = std::uint64_t{1} << 25;    // configurations looked at for a mask

std::uint64_t pair_key(std::uint32_t a, std::uint32_t b) {
  return (std::uint64_t{a} << 32) | b;
}

bool fits(const Matcher& m) {
  return m.n_bytes.load(std::memory_order_relaxed) < m.max_bytes;
}

void count(Matcher& m, std::size_t bytes) {
  m.n_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

std::uint32_t frame_of(Matcher& m, State back, std::uint32_t parent) {
  const auto [at, made] =
      m.frame_ids.try_emplace(pair_key(back, parent), static_cast<std::uint32_t>(m.frames.size()));
  if (made) {
    m.frames.push_back({.back = back, .parent = parent});
    count(m, sizeof(Matcher::Frame) + 48);
  }
  return at->second;
}

/// Whether nothing but the end of the rule follows: then its caller's frame serves the called.
bool is_last(const Program& program, State state) {
  const auto edges = edges_of(program, state);
  return program.ends[state] != 0 && edges.empty();
}

/// Puts into `found` the configurations that wait for a byte or a token, from those in `seeds`.
/// False where they are too many.
bool close(Matcher& m, bool& complete) {
  const Program& program = *m.program;
  m.found.clear();
  m.seen.clear();
  complete = false;
  while (!m.seeds.empty()) {
    const auto [state, frame] = m.seeds.back();
    m.seeds.pop_back();
    if (!m.seen.insert(pair_key(state, frame)).second) continue;
    if (m.seen.size() > kMaxConfigs || !fits(m)) return false;
    if (program.ends[state] != 0) {
      if (frame == kNothing) {
        complete = true;
      } else {
        m.seeds.push_back({m.frames[frame].back, m.frames[frame].parent});
      }
    }
    bool waits = false;
    for (const Edge& edge : edges_of(program, state)) {
      if (edge.kind == EdgeKind::free) {
        m.seeds.push_back({edge.to, frame});
      } else if (edge.kind == EdgeKind::call) {
        const std::uint32_t inner = is_last(program, edge.to) ? frame : frame_of(m, edge.to, frame);
        m.seeds.push_back({program.enter[edge.argument], inner});
      } else {
        waits = true;
      }
    }
    if (waits) m.found.push_back({state, frame});
  }
  m.work += m.seen.size();
  std::ranges::sort(m.found);
  return true;
}

std::uint64_t hash_of(const Matcher& m, bool complete) {
  std::uint64_t hash = complete ? 0x9E3779B97F4A7C15U : 0x243F6A8885A308D3U;
  for (const auto& [state, frame] : m.found) {
    hash = (hash ^ pair_key(state, frame)) * 0xD6E8FEB86659FD93U;
    hash ^= hash >> 32;
  }
  return hash;
}

/// The place of the configurations that `seeds` lead to.
Place place_of(Matcher& m) {
  bool complete = false;
  if (!close(m, complete)) {
    m.seeds.clear();
    return kRefused;
  }
  if (m.found.empty() && !complete) return kRefused;
  const std::uint64_t hash = hash_of(m, complete);
  const auto [begin, end] = m.places.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    const Matcher::Set& set = m.sets[at->second];
    const auto own = m.configs.begin() + static_cast<std::ptrdiff_t>(set.first);
    if (set.complete == complete && set.n == m.found.size() &&
        std::equal(m.found.begin(), m.found.end(), own)) {
      return at->second;
    }
  }
  const auto place = static_cast<Place>(m.sets.size());
  m.sets.push_back({.first = static_cast<std::uint32_t>(m.configs.size()),
                    .n = static_cast<std::uint32_t>(m.found.size()),
                    .complete = complete});
  m.configs.insert(m.configs.end(), m.found.begin(), m.found.end());
  m.next.resize(m.sets.size() * m.program->sample.size(), kUnknown);
  m.places.emplace(hash, place);
  count(m, sizeof(Matcher::Set) + m.found.size() * sizeof(Matcher::Config) + 64 +
               m.program->sample.size() * sizeof(std::uint32_t));
  return place;
}

std::span<const Matcher::Config> configs_of(const Matcher& m, Place place) {
  return std::span(m.configs).subspan(m.sets[place].first, m.sets[place].n);
}

Place after_kind(Matcher& m, Place place, std::size_t kind) {
  const std::size_t slot = place * m.program->sample.size() + kind;
  if (m.next[slot] != kUnknown) return m.next[slot];
  const std::uint8_t byte = m.program->sample[kind];
  m.seeds.clear();
  for (const auto& [state, frame] : configs_of(m, place)) {
    for (const Edge& edge : edges_of(*m.program, state)) {
      const bool takes = edge.kind == EdgeKind::bytes && byte >= edge.first && byte <= edge.last;
      if (takes) m.seeds.push_back({edge.to, frame});
    }
  }
  const Place after = m.seeds.empty() ? kRefused : place_of(m);
  m.next[slot] = after;
  return after;
}

void set_bit(std::vector<std::uint64_t>& mask, std::int32_t token) {
  const auto bit = static_cast<std::size_t>(token);
  mask[bit / 64] |= std::uint64_t{1} << (bit % 64);
}

/// Walks the tree of the vocabulary along the grammar. False where that takes too long.
bool walk(Matcher& m, Place place, std::vector<std::uint64_t>& mask) {
  const Vocabulary& vocabulary = *m.vocabulary;
  m.path.assign(vocabulary.max_depth + 1, kRefused);
  m.path[0] = place;
  m.work = 0;
  for (std::size_t i = 0; i < vocabulary.nodes.size();) {
    const Vocabulary::Node& node = vocabulary.nodes[i];
    const Place after = after_kind(m, m.path[node.depth], m.program->kind[node.byte]);
    if (m.work > kMaxWork) return false;
    if (after == kRefused) {
      i = node.skip;
      continue;
    }
    m.path[std::size_t{node.depth} + 1] = after;
    for (std::uint32_t t = node.first; t < node.first + node.n; ++t) {
      set_bit(mask, vocabulary.tokens[t]);
    }
    ++i;
  }
  return true;
}

}  // namespace

std::shared_ptr<Matcher> make_matcher(std::shared_ptr<const Program> program,
                                      std::shared_ptr<const Vocabulary> vocabulary,
                                      std::size_t max_bytes) {
  auto matcher = std::make_shared<Matcher>();
  Matcher& m = *matcher;
  m.program = std::move(program);
  m.vocabulary = std::move(vocabulary);
  m.max_bytes = max_bytes;
  m.sets.push_back({.first = 0, .n = 0, .complete = false});
  m.next.resize(m.program->sample.size(), kRefused);
  m.seeds.push_back({m.program->start, kNothing});
  if (place_of(m) != kStart) {  // nothing fits: a place of its own that refuses all
    m.sets.push_back({.first = 0, .n = 0, .complete = false});
    m.next.resize(2 * m.program->sample.size(), kRefused);
  }
  return matcher;
}

Place after_byte(Matcher& m, Place place, std::uint8_t byte) {
  return place == kRefused ? kRefused : after_kind(m, place, m.program->kind[byte]);
}

Place after_text(Matcher& m, Place place, std::string_view text) {
  for (const char c : text) place = after_byte(m, place, static_cast<std::uint8_t>(c));
  return place;
}

Place after_token(Matcher& m, Place place, std::int32_t token) {
  if (token < 0 || token >= m.vocabulary->n_tokens) return kRefused;
  const std::string& bytes = m.vocabulary->bytes[static_cast<std::size_t>(token)];
  if (!bytes.empty()) return after_text(m, place, bytes);
  m.seeds.clear();
  for (const auto& [state, frame] : configs_of(m, place)) {
    for (const Edge& edge : edges_of(*m.program, state)) {
      const bool takes =
          edge.kind == EdgeKind::token && edge.argument == static_cast<std::uint32_t>(token);
      if (takes) m.seeds.push_back({edge.to, frame});
    }
  }
  return m.seeds.empty() ? kRefused : place_of(m);
}

std::span<const std::uint64_t> allowed(Matcher& m, Place place) {
  const auto found = m.masks.find(place);
  if (found != m.masks.end()) return found->second;
  const std::size_t n_words = (static_cast<std::size_t>(m.vocabulary->n_tokens) + 63) / 64;
  if (m.mask_bytes > kMaxMaskBytes) {
    m.masks.clear();
    count(m, std::size_t{0} - m.mask_bytes);
    m.mask_bytes = 0;
  }
  std::vector<std::uint64_t> mask(n_words);
  if (!walk(m, place, mask)) std::ranges::fill(mask, 0);
  for (const auto& [state, frame] : configs_of(m, place)) {
    for (const Edge& edge : edges_of(*m.program, state)) {
      const bool known = edge.argument < static_cast<std::uint32_t>(m.vocabulary->n_tokens);
      if (edge.kind == EdgeKind::token && known) {
        set_bit(mask, static_cast<std::int32_t>(edge.argument));
      }
    }
  }
  m.mask_bytes += n_words * sizeof(std::uint64_t);
  count(m, n_words * sizeof(std::uint64_t));
  return m.masks.emplace(place, std::move(mask)).first->second;
}

}  // namespace mr::text::grammar
