#include "api/grammar_cache.h"

#include <algorithm>

namespace mr::api {
namespace {

std::size_t bytes_of(const GrammarCache::Entry& entry) {
  return entry.key.size() + text::grammar::bytes_of(*entry.matcher->program) +
         entry.matcher->n_bytes.load(std::memory_order_relaxed);
}

std::size_t bytes_of(const std::list<GrammarCache::Entry>& entries) {
  std::size_t bytes = 0;
  for (const GrammarCache::Entry& entry : entries) bytes += bytes_of(entry);
  return bytes;
}

void trim(GrammarCache& cache, std::size_t max_bytes) {
  while (!cache.entries.empty() && bytes_of(cache.entries) > max_bytes) cache.entries.pop_back();
}

}  // namespace

std::shared_ptr<text::grammar::Matcher> find(GrammarCache& cache, const std::string& key,
                                             std::size_t max_bytes) {
  const std::lock_guard lock(cache.mutex);
  const auto found = std::ranges::find(cache.entries, key, &GrammarCache::Entry::key);
  if (found == cache.entries.end()) return nullptr;
  cache.entries.splice(cache.entries.begin(), cache.entries, found);
  std::shared_ptr<text::grammar::Matcher>& own = cache.entries.front().matcher;
  if (own->n_bytes.load(std::memory_order_relaxed) > max_bytes / 4) {
    own = text::grammar::make_matcher(own->program, own->vocabulary, own->max_bytes);
  }
  std::shared_ptr<text::grammar::Matcher> matcher = own;
  trim(cache, max_bytes);
  return matcher;
}

void keep(GrammarCache& cache, const std::string& key,
          const std::shared_ptr<text::grammar::Matcher>& matcher, std::size_t max_bytes) {
  const std::lock_guard lock(cache.mutex);
  std::erase_if(cache.entries, [&](const auto& entry) { return entry.key == key; });
  cache.entries.push_front({.key = key, .matcher = matcher});
  trim(cache, max_bytes);
}

std::size_t bytes_of(GrammarCache& cache) {
  const std::lock_guard lock(cache.mutex);
  return bytes_of(cache.entries);
}

}  // namespace mr::api
