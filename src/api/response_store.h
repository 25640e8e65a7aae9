#pragma once
#include <boost/json.hpp>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace mr::api {

/// A response as it was given, and all that was said before the next one.
struct StoredResponse {
  std::string id;
  std::uint64_t scope = 0;  ///< of the key that it was made for; others do not find it
  boost::json::object response;
  boost::json::array items;  ///< input and output of it and of those before it
  std::size_t n_bytes = 0;   ///< about what it takes
};

/// The last responses of /v1/responses, as many as `max_bytes` hold. They end with the process.
/// Threads: any.
struct ResponseStore {
  std::mutex mutex;
  std::size_t max_bytes = 0;
  std::size_t n_bytes = 0;
  std::list<StoredResponse> entries;  ///< the oldest first
  std::unordered_map<std::string, std::list<StoredResponse>::iterator> by_id;
};

void keep(ResponseStore& store, StoredResponse response);
std::optional<StoredResponse> find(ResponseStore& store, const std::string& id,
                                   std::uint64_t scope);

/// False where there is none such.
bool forget(ResponseStore& store, const std::string& id, std::uint64_t scope);

}  // namespace mr::api
