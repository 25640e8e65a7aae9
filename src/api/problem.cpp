#include "api/problem.h"

namespace mr::api {
namespace {

std::string_view anthropic_type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status >= 500 && status != 501 ? "api_error" : "invalid_request_error";
  }
}

boost::json::value text_or_null(const std::string& text) {
  return text.empty() ? boost::json::value() : boost::json::value(text);
}

}  // namespace

Problem problem_of(const Error& error) {
  switch (error.fault) {
    case Fault::bad_request:
      return {.status = 400, .message = error.message};
    case Fault::does_not_fit:
      return {.status = 503, .message = error.message, .code = "overloaded", .retry_after_s = 1};
    case Fault::cancelled:
      return {.status = 503, .message = error.message, .code = "cancelled"};
    case Fault::failed:
    case Fault::bad_model:
      break;
  }
  return {.status = 500, .message = error.message};
}

std::string_view type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 501:
      return "not_supported_error";
    case 503:
      return "unavailable_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

boost::json::object openai_error(const Problem& problem) {
  return {{"error",
           {{"message", problem.message},
            {"type", type_of(problem.status)},
            {"param", text_or_null(problem.param)},
            {"code", text_or_null(problem.code)}}}};
}

boost::json::object anthropic_error(const Problem& problem) {
  return {{"type", "error"},
          {"error", {{"type", anthropic_type_of(problem.status)}, {"message", problem.message}}}};
}

}  // namespace mr::api
