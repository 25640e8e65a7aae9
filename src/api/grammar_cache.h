#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "text/grammar/matcher.h"

namespace mr::api {

/// Grammars that were compiled, the last used first, as far as there is room. Threads: any.
struct GrammarCache {
  struct Entry {
    std::string key;
    std::shared_ptr<text::grammar::Matcher> matcher;
  };
  std::mutex mutex = {};
  std::list<Entry> entries = {};
};

/// The matcher of a key, or null. One that has met so many places that it takes up a quarter of
/// the room is exchanged for a fresh one; those who use it keep it.
std::shared_ptr<text::grammar::Matcher> find(GrammarCache& cache, const std::string& key,
                                             std::size_t max_bytes);

/// Keeps a matcher, and forgets those that were not used for longest where they are too many.
void keep(GrammarCache& cache, const std::string& key,
          const std::shared_ptr<text::grammar::Matcher>& matcher, std::size_t max_bytes);

/// Bytes of all that is kept.
std::size_t bytes_of(GrammarCache& cache);

}  // namespace mr::api
