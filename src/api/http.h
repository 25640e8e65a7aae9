#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP messages as the rest of the server sees them.
namespace mr::api {

struct HttpRequest {
  std::string method;
  std::string path;                                          ///< of the target, as it was sent
  std::string query;                                         ///< behind the question mark
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::string id;           ///< of the request: the client's, or one of ours
  std::uint64_t scope = 0;  ///< of the key it came with; prefixes are shared within
};

struct Response {
  int status = 200;
  std::string body = {};
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// The first header of a name, which is in lower case; empty where there is none.
std::string_view header(const HttpRequest& request, std::string_view name);

/// "200 OK".
std::string_view reason_of(int status);

/// Splits a target into path and query.
void set_target(HttpRequest& request, std::string_view target);

/// The whole response as bytes. `keep`: the connection stays open. `head`: without its body.
std::string bytes_of(const Response& response, bool keep, bool head);

/// The head of a response whose body comes in pieces: chunks, or for HTTP/1.0 until the end.
std::string stream_head(const Response& response, bool keep, bool chunked);

/// A piece of such a body as a chunk; an empty one ends it.
std::string chunk(std::string_view piece);

}  // namespace mr::api
