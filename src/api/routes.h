#pragma once
#include <variant>

#include "api/ask_fields.h"
#include "api/http.h"
#include "api/service.h"

namespace mr::api {

/// What a handler comes to: an answer at once, or work for the engine.
using Reply = std::variant<Response, Ask>;

/// A request with what it is answered from.
struct Call {
  Service& service;
  const HttpRequest& request;
  Asking asking;
};

/// Whose form errors have.
enum class Dialect : std::uint8_t { openai, anthropic };

struct Route {
  std::string_view method;
  std::string_view path;  ///< with a star at its end: all that begin so
  bool open = false;      ///< needs no key
  bool slow = false;      ///< parses or renders: not on the threads of the network
  Dialect dialect = Dialect::openai;
  Checked<Reply> (*handle)(const Call& call) = nullptr;
};

std::span<const Route> routes();

/// The route of a request. Problems: 404, and 405 where another method has one.
Checked<const Route*> find_route(const HttpRequest& request);

/// Whether a path can be reached without a key.
bool is_open(std::string_view path);

/// An error as the route's clients know it.
Response error_response(const Problem& problem, Dialect dialect);

}  // namespace mr::api
