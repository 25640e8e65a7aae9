#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/problem.h"

/// Who may ask: keys, the Host header, and origins of web pages.
namespace mr::api {

using Digest = std::array<unsigned char, 32>;

/// The keys that open the server, hashed with a secret of the process.
struct Keys {
  std::vector<Digest> digests;
};

struct Guard {
  std::string key_file = {};                 ///< read again on SIGHUP
  std::vector<std::string> fixed_keys = {};  ///< of the command line
  Digest secret = {};
  std::shared_ptr<const Keys> keys = {};  ///< none: everybody may ask
  std::vector<std::string> origins = {};  ///< "*": all; localhost always
  bool loopback = true;                   ///< bound to it alone: Host must name it
  bool open_to_all = false;               ///< a public address without keys is meant
  std::unique_ptr<std::mutex> mutex = std::make_unique<std::mutex>();  ///< of `keys`
};

/// Makes the secret and reads the keys. Errors: bad_request, failed for a file that cannot be read.
Expected<void> load_keys(Guard& guard);

/// The keys as of now; null where none are wanted.
std::shared_ptr<const Keys> keys_of(const Guard& guard);

/// Whether a request comes with a key, in Authorization: Bearer, x-api-key or api-key. `scope` is
/// then set to a number of the key's own.
/// Cost: does not depend on how much of a key is right.
bool opens(const Guard& guard, const Keys& keys, const HttpRequest& request, std::uint64_t& scope);

/// Whether the Host header may name this server: DNS rebinding sends browsers' requests here.
bool host_allowed(const Guard& guard, std::string_view host);

/// Whether pages of an origin may read answers.
bool origin_allowed(const Guard& guard, std::string_view origin);

/// Whether a page comes from the host that it asks.
bool same_origin(std::string_view origin, std::string_view host);

/// The headers that tell a browser so.
std::vector<std::pair<std::string, std::string>> cors_headers(const Guard& guard,
                                                              const HttpRequest& request);

}  // namespace mr::api
