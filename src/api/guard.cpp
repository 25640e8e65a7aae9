#include "api/guard.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "sys/text_file.h"

namespace mr::api {
namespace {

Digest digest_of(const Digest& secret, std::string_view key) {
  Digest out{};
  unsigned n = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(key.data()), key.size(), out.data(), &n);
  return out;
}

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

/// The keys of a file: one a line, # for comments.
std::vector<std::string> keys_in(std::string_view text) {
  std::vector<std::string> keys;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    if (!line.empty() && line.front() != '#') keys.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return keys;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
  });
}

/// The key that a request brings; empty where there is none.
std::string_view key_of(const HttpRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view authorization = header(request, "authorization");
  if (authorization.size() > kBearer.size() &&
      same_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) {
    return trimmed(authorization.substr(kBearer.size()));
  }
  const std::string_view key = header(request, "x-api-key");
  return key.empty() ? header(request, "api-key") : key;
}

/// A host without its port and brackets.
std::string_view name_of_host(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

bool is_local(std::string_view name) {
  const bool numbers =
      std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return same_ignoring_case(name, "localhost") || (numbers && name.starts_with("127.")) ||
         name == "::1";
}

}  // namespace

Expected<void> load_keys(Guard& guard) {
  if (guard.key_file.empty() && guard.fixed_keys.empty()) return {};
  std::vector<std::string> all = guard.fixed_keys;
  if (!guard.key_file.empty()) {
    MR_TRY(const std::string text, sys::read_text(guard.key_file));
    const std::vector<std::string> own = keys_in(text);
    if (own.empty()) return fail(Fault::bad_request, guard.key_file + ": wanted keys, found none");
    all.insert(all.end(), own.begin(), own.end());
  }
  if (guard.secret == Digest{} &&
      RAND_bytes(guard.secret.data(), static_cast<int>(guard.secret.size())) != 1) {
    return fail(Fault::failed, "no random bytes from the system");
  }
  auto keys = std::make_shared<Keys>();
  for (const std::string& key : all) keys->digests.push_back(digest_of(guard.secret, key));
  const std::lock_guard lock(*guard.mutex);
  guard.keys = std::move(keys);
  return {};
}

std::shared_ptr<const Keys> keys_of(const Guard& guard) {
  const std::lock_guard lock(*guard.mutex);
  return guard.keys;
}

bool opens(const Guard& guard, const Keys& keys, const HttpRequest& request, std::uint64_t& scope) {
  const Digest presented = digest_of(guard.secret, key_of(request));
  bool found = false;
  for (const Digest& digest : keys.digests) {
    found |= CRYPTO_memcmp(digest.data(), presented.data(), digest.size()) == 0;
  }
  if (found) std::memcpy(&scope, presented.data(), sizeof scope);
  return found;
}

bool host_allowed(const Guard& guard, std::string_view host) {
  return !guard.loopback || host.empty() || is_local(name_of_host(host));
}

bool origin_allowed(const Guard& guard, std::string_view origin) {
  if (std::ranges::find(guard.origins, "*") != guard.origins.end() ||
      std::ranges::find(guard.origins, origin) != guard.origins.end()) {
    return true;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return is_local(name_of_host(origin.substr(scheme.size())));
  }
  return false;
}

bool same_origin(std::string_view origin, std::string_view host) {
  const std::size_t end = origin.find("://");
  return end != std::string_view::npos && same_ignoring_case(origin.substr(end + 3), host);
}

std::vector<std::pair<std::string, std::string>> cors_headers(const Guard& guard,
                                                              const HttpRequest& request) {
  const std::string_view origin = header(request, "origin");
  if (origin.empty() || !origin_allowed(guard, origin)) return {};
  std::vector<std::pair<std::string, std::string>> out{
      {"Access-Control-Allow-Origin", std::string(origin)},
      {"Vary", "Origin"},
      {"Access-Control-Expose-Headers", "x-request-id, retry-after"}};
  if (request.method == "OPTIONS") {
    out.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    out.emplace_back("Access-Control-Allow-Headers",
                     "authorization, content-type, x-api-key, api-key, x-request-id, "
                     "anthropic-version, anthropic-beta");
    out.emplace_back("Access-Control-Max-Age", "86400");
  }
  return out;
}

}  // namespace mr::api
