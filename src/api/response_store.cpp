#include "api/response_store.h"

namespace mr::api {
namespace {

using Place = std::list<StoredResponse>::iterator;

void erase(ResponseStore& store, Place place) {
  store.n_bytes -= place->n_bytes;
  store.by_id.erase(place->id);
  store.entries.erase(place);
}

/// Where a response of a scope is, or the end.
Place place_of(ResponseStore& store, const std::string& id, std::uint64_t scope) {
  const auto found = store.by_id.find(id);
  const bool there = found != store.by_id.end() && found->second->scope == scope;
  return there ? found->second : store.entries.end();
}

}  // namespace

void keep(ResponseStore& store, StoredResponse response) {
  // Values take a few times the memory of their text.
  constexpr std::size_t kValueBytes = 4;
  response.n_bytes = kValueBytes * (boost::json::serialize(response.response).size() +
                                    boost::json::serialize(response.items).size());
  const std::lock_guard lock(store.mutex);
  if (response.n_bytes > store.max_bytes) return;
  while (store.n_bytes + response.n_bytes > store.max_bytes) erase(store, store.entries.begin());
  store.n_bytes += response.n_bytes;
  const std::string id = response.id;
  store.by_id[id] = store.entries.insert(store.entries.end(), std::move(response));
}

std::optional<StoredResponse> find(ResponseStore& store, const std::string& id,
                                   std::uint64_t scope) {
  const std::lock_guard lock(store.mutex);
  const Place place = place_of(store, id, scope);
  if (place == store.entries.end()) return {};
  return *place;
}

bool forget(ResponseStore& store, const std::string& id, std::uint64_t scope) {
  const std::lock_guard lock(store.mutex);
  const Place place = place_of(store, id, scope);
  if (place == store.entries.end()) return false;
  erase(store, place);
  return true;
}

}  // namespace mr::api
