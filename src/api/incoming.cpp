#include "api/incoming.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <random>

namespace mr::api {
namespace http = boost::beast::http;
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

/// The client's id of the request where it is fit to be sent back, else a new one.
std::string request_id(std::string_view given) {
  constexpr std::size_t kMost = 128;
  const bool fit = !given.empty() && given.size() <= kMost &&
                   std::ranges::all_of(given, [](char c) { return c > ' ' && c <= '~'; });
  if (fit) return std::string(given);
  std::random_device device;
  return "req-" + std::to_string(device()) + std::to_string(device());
}

std::size_t n_headers(const HttpRequest& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::ranges::count_if(request.headers, [&](const auto& h) { return h.first == name; }));
}

/// Headers that would make the body something else than its bytes.
Checked<void> check_framing(const HttpRequest& request, unsigned version) {
  if (version != 10 && version != 11) {
    return refuse({.status = 505, .message = "wanted HTTP/1.0 or HTTP/1.1"});
  }
  const std::size_t n_hosts = n_headers(request, "host");
  if (n_hosts > 1 || (n_hosts == 0 && version == 11)) {
    return refuse({.message = "wanted one Host header"});
  }
  if (!request.path.starts_with('/'))
    return refuse({.message = "wanted a path that begins with /"});
  const std::string_view coding = header(request, "transfer-encoding");
  if (!coding.empty() && (lower(coding) != "chunked" || n_headers(request, "content-length") > 0)) {
    return refuse({.message = "wanted Transfer-Encoding: chunked alone, or Content-Length"});
  }
  const std::string_view content = header(request, "content-encoding");
  if (!content.empty() && lower(content) != "identity") {
    return refuse({.status = 415, .message = "Content-Encoding is not supported"});
  }
  return {};
}

}  // namespace

void prepare(Parser& parser, const Limits& limits) {
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
}

Checked<HttpRequest> head_of(const Parser& parser, const Limits& limits) {
  const auto& message = parser.get();
  HttpRequest request;
  request.method = std::string_view(message.method_string().data(), message.method_string().size());
  set_target(request, {message.target().data(), message.target().size()});
  for (const auto& field : message) {
    const auto name = field.name_string();
    const auto value = field.value();
    if (name.size() + value.size() > limits.header_line_bytes) {
      return refuse({.status = 431,
                     .message = "a header is longer than " +
                                std::to_string(limits.header_line_bytes) + " bytes"});
    }
    request.headers.emplace_back(lower({name.data(), name.size()}),
                                 std::string_view(value.data(), value.size()));
  }
  if (request.headers.size() > limits.header_lines) {
    return refuse({.status = 431,
                   .message = "more than " + std::to_string(limits.header_lines) + " headers"});
  }
  if (request.path.size() + request.query.size() > limits.header_line_bytes) {
    return refuse({.status = 414, .message = "the target is too long"});
  }
  request.id = request_id(header(request, "x-request-id"));
  const auto checked = check_framing(request, message.version());
  if (!checked) return refuse(checked.error());
  return request;
}

Problem problem_of(const boost::system::error_code& error, const Limits& limits) {
  if (error == http::error::body_limit) {
    return {.status = 413,
            .message = "wanted a body of at most " + std::to_string(limits.body_bytes) + " bytes",
            .code = "request_too_large"};
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {
        .status = 431,
        .message = "wanted headers of at most " + std::to_string(limits.header_bytes) + " bytes"};
  }
  return {.status = 400, .message = "not HTTP: " + error.message()};
}

bool expects_continue(const HttpRequest& request) {
  return lower(header(request, "expect")) == "100-continue";
}

}  // namespace mr::api
