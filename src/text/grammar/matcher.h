#pragma once
#include <atomic>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/grammar/program.h"
#include "text/grammar/vocabulary.h"

/// Which tokens may come next. A place in a grammar is a number, so that it goes along with the
/// tokens of a path as any small value does; the places met are kept, as those of an automaton
/// that is made while it runs.
namespace mr::text::grammar {

using Place = std::uint32_t;

inline constexpr Place kRefused = 0;  ///< nothing can follow; not the end of an answer
inline constexpr Place kStart = 1;

/// Threads: one at a time, but for `n_bytes`.
struct Matcher {
  struct Frame {
    State back;            ///< where to go on when the rule ends
    std::uint32_t parent;  ///< the frame then
  };
  struct Config {
    State state;
    std::uint32_t frame;

    auto operator<=>(const Config&) const = default;
  };
  struct Set {
    std::uint32_t first;  ///< of `configs`
    std::uint32_t n;
    bool complete;  ///< the answer may end here
  };

  std::shared_ptr<const Program> program;
  std::shared_ptr<const Vocabulary> vocabulary;
  std::size_t max_bytes;  ///< of all that is kept; beyond that nothing new is matched
  std::vector<Frame> frames = {};
  std::unordered_map<std::uint64_t, std::uint32_t> frame_ids = {};
  std::vector<Config> configs = {};
  std::vector<Set> sets = {};                                 ///< by place
  std::unordered_multimap<std::uint64_t, Place> places = {};  ///< by hash
  std::vector<std::uint32_t> next = {};                       ///< (places, kinds of bytes)
  std::unordered_map<Place, std::vector<std::uint64_t>> masks = {};
  std::size_t mask_bytes = 0;
  std::uint64_t work = 0;  ///< steps of the mask under way
  std::atomic<std::size_t> n_bytes = 0;

  // Working memory; what it holds between calls means nothing.
  std::vector<Config> seeds = {};
  std::vector<Config> found = {};
  std::unordered_set<std::uint64_t> seen = {};
  std::vector<Place> path = {};
};

std::shared_ptr<Matcher> make_matcher(std::shared_ptr<const Program> program,
                                      std::shared_ptr<const Vocabulary> vocabulary,
                                      std::size_t max_bytes = std::size_t{256} << 20);

/// Whether the answer may end here.
inline bool is_complete(const Matcher& matcher, Place place) {
  return matcher.sets[place].complete;
}

/// The place behind a byte, a text, or a token.
Place after_byte(Matcher& matcher, Place place, std::uint8_t byte);
Place after_text(Matcher& matcher, Place place, std::string_view text);
Place after_token(Matcher& matcher, Place place, std::int32_t token);

/// A bit for each token of the vocabulary that may come next, (n_tokens / 64, rounded up); all 0
/// where to find out takes too long. It stays as it is until the next call.
std::span<const std::uint64_t> allowed(Matcher& matcher, Place place);

}  // namespace mr::text::grammar
