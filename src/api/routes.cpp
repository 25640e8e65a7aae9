#include "api/routes.h"

#include <array>

#include "api/handlers.h"

namespace mr::api {
namespace {

constexpr std::array kRoutes{
    Route{.method = "GET", .path = "/health", .open = true, .handle = get_health},
    Route{.method = "GET", .path = "/v1/health", .handle = get_health},
    Route{.method = "GET", .path = "/livez", .open = true, .handle = get_live},
    Route{.method = "GET", .path = "/readyz", .open = true, .handle = get_ready},
    Route{.method = "GET", .path = "/ping", .handle = get_live},
    Route{.method = "GET", .path = "/version", .handle = get_version},
    Route{.method = "GET", .path = "/metrics", .handle = get_metrics},
    Route{.method = "GET", .path = "/v1/models", .handle = get_models},
    Route{.method = "GET", .path = "/models", .handle = get_models},
    Route{.method = "GET", .path = "/v1/models/*", .handle = get_one_model},
    Route{.method = "GET", .path = "/props", .handle = get_props},
    Route{.method = "GET", .path = "/tokenizer_info", .handle = get_tokenizer_info},
    Route{.method = "POST", .path = "/tokenize", .slow = true, .handle = post_tokenize},
    Route{.method = "POST", .path = "/detokenize", .slow = true, .handle = post_detokenize},
    Route{.method = "POST", .path = "/apply-template", .slow = true, .handle = post_apply_template},
    Route{.method = "POST", .path = "/v1/completions", .slow = true, .handle = post_completion},
    Route{.method = "POST", .path = "/v1/chat/completions", .slow = true, .handle = post_chat},
    Route{.method = "POST", .path = "/chat/completions", .slow = true, .handle = post_chat},
    Route{.method = "POST", .path = "/v1/embeddings", .slow = true, .handle = post_embeddings},
    Route{.method = "POST", .path = "/v1/responses", .slow = true, .handle = post_responses},
    Route{.method = "GET", .path = "/v1/responses/*", .handle = get_response},
    Route{.method = "DELETE", .path = "/v1/responses/*", .handle = delete_response},
    Route{.method = "POST",
          .path = "/v1/messages",
          .slow = true,
          .dialect = Dialect::anthropic,
          .handle = post_messages},
    Route{.method = "POST",
          .path = "/v1/messages/count_tokens",
          .slow = true,
          .dialect = Dialect::anthropic,
          .handle = post_count_tokens},
};

bool matches(const Route& route, std::string_view path) {
  if (!route.path.ends_with('*')) return route.path == path;
  const std::string_view stem = route.path.substr(0, route.path.size() - 1);
  return path.size() > stem.size() && path.starts_with(stem);
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Checked<const Route*> find_route(const HttpRequest& request) {
  const std::string_view asked = request.method;
  const std::string_view method = asked == "HEAD" ? "GET" : asked;
  bool other = false;
  for (const Route& route : kRoutes) {
    if (!matches(route, request.path)) continue;
    if (route.method == method) return &route;
    other = true;
  }
  if (other) return refuse({.status = 405, .message = request.method + " is not allowed here"});
  return refuse({.status = 404, .message = "there is nothing at this path", .code = "not_found"});
}

bool is_open(std::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.open && route.path == path) return true;
  }
  return false;
}

Response error_response(const Problem& problem, Dialect dialect) {
  Response response{
      .status = problem.status,
      .body = boost::json::serialize(dialect == Dialect::anthropic ? anthropic_error(problem)
                                                                   : openai_error(problem))};
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.retry_after_s > 0) {
    const std::string seconds = std::to_string(problem.retry_after_s);
    response.headers.emplace_back("Retry-After", seconds);
    response.headers.emplace_back("retry-after-ms", seconds + "000");
  }
  return response;
}

}  // namespace mr::api
