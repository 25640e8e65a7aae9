#include "api/connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/read.hpp>

#include "api/answer.h"
#include "api/incoming.h"
#include "api/routes.h"
#include "api/transport.h"

namespace mr::api {
namespace {

namespace http = beast::http;
using Clock = std::chrono::steady_clock;

/// A request as it was read: what it says, or how it is refused. Neither: the peer has left.
struct Read {
  std::optional<HttpRequest> request = {};
  std::optional<Problem> problem = {};
  bool keep = false;
  bool chunks = false;  ///< the peer understands them
};

/// Waits for the first byte of a request.
template <typename Stream>
asio::awaitable<bool> await_request(Stream& stream, beast::flat_buffer& buffer, double limit_s) {
  if (buffer.size() > 0) co_return true;
  constexpr std::size_t kRead = 4096;
  beast::get_lowest_layer(stream).expires_after(seconds(limit_s));
  const auto [error, n] = co_await stream.async_read_some(buffer.prepare(kRead), kResult);
  if (error) co_return false;
  buffer.commit(n);
  co_return true;
}

/// Reads what is left of a body, no slower than it may come.
template <typename Stream>
asio::awaitable<std::optional<Problem>> read_body(Stream& stream, beast::flat_buffer& buffer,
                                                  Parser& parser, const Limits& limits) {
  const auto start = Clock::now();
  std::size_t n_read = 0;
  while (!parser.is_done()) {
    beast::get_lowest_layer(stream).expires_after(seconds(limits.body_s));
    const auto [error, n] = co_await http::async_read_some(stream, buffer, parser, kResult);
    if (error) co_return problem_of(error, limits);
    n_read += n;
    const double took_s = std::chrono::duration<double>(Clock::now() - start).count();
    if (took_s > limits.body_s && static_cast<double>(n_read) < took_s * limits.body_bytes_per_s) {
      co_return Problem{.status = 408, .message = "the body comes too slowly"};
    }
  }
  co_return std::nullopt;
}

/// Whether a request may come in at all: the Host header, the page it comes from, then its key.
std::optional<Problem> check_access(const Guard& guard, HttpRequest& request) {
  if (!host_allowed(guard, header(request, "host"))) {
    return Problem{.status = 403, .message = "this Host is not served here"};
  }
  const std::string_view origin = header(request, "origin");
  if (!origin.empty() && !origin_allowed(guard, origin) &&
      !same_origin(origin, header(request, "host"))) {
    return Problem{.status = 403, .message = "pages of this origin may not ask"};
  }
  const auto keys = keys_of(guard);
  if (!keys || is_open(request.path)) return {};
  if (request.method == "OPTIONS" && !header(request, "access-control-request-method").empty() &&
      origin_allowed(guard, header(request, "origin"))) {
    return {};
  }
  if (opens(guard, *keys, request, request.scope)) return {};
  return Problem{.status = 401,
                 .message = "wanted an API key, as Authorization: Bearer KEY",
                 .code = "invalid_api_key"};
}

/// One request, up to the end of its body.
template <typename Stream>
asio::awaitable<Read> read_request(Shelf& shelf, Stream& stream, beast::flat_buffer& buffer) {
  const Limits& limits = shelf.service.served.limits;
  Parser parser;
  prepare(parser, limits);
  beast::get_lowest_layer(stream).expires_after(seconds(limits.header_s));
  const auto [error, n] = co_await http::async_read_header(stream, buffer, parser, kResult);
  if (error == http::error::end_of_stream || error == http::error::partial_message)
    co_return Read{};
  if (error && error.category() != http::make_error_code(http::error::bad_method).category()) {
    co_return Read{};
  }
  if (error) co_return Read{.problem = problem_of(error, limits)};
  Checked<HttpRequest> head = head_of(parser, limits);
  if (!head) co_return Read{.problem = head.error()};
  Read read{.keep = parser.get().keep_alive(), .chunks = parser.get().version() == 11};
  read.request = std::move(*head);
  read.problem = check_access(shelf.service.guard, *read.request);
  if (read.problem) {
    read.keep = read.keep && parser.is_done();
    co_return read;
  }
  if (expects_continue(*read.request) && !parser.is_done()) {
    const bool told = co_await write_all(stream, "HTTP/1.1 100 Continue\r\n\r\n", limits.stall_s);
    if (!told) co_return Read{};
  }
  read.problem = co_await read_body(stream, buffer, parser, limits);
  if (read.problem) read.keep = false;
  read.request->body = std::move(parser.get().body());
  co_return read;
}

/// Takes what the peer still sends for a moment, so that closing does not destroy the answer.
template <typename Stream>
asio::awaitable<void> linger(Stream& stream) {
  constexpr double kLinger_s = 2;
  constexpr std::size_t kMost = std::size_t{64} << 20;
  boost::system::error_code ignored;
  socket_of(stream).shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  std::vector<char> sink(std::size_t{64} << 10);
  beast::get_lowest_layer(stream).expires_after(seconds(kLinger_s));
  for (std::size_t total = 0; total < kMost;) {
    const auto [error, n] =
        co_await beast::get_lowest_layer(stream).async_read_some(asio::buffer(sink), kResult);
    if (error) break;
    total += n;
  }
}

/// What a handler says, on a worker where it may take long. A handler that throws (out of memory,
/// at worst) fails alone.
Checked<Reply> handle(const Route& route, const Call& call) {
  try {
    return route.handle(call);
  } catch (const std::exception& error) {
    return refuse({.status = 500, .message = std::string("internal error: ") + error.what()});
  }
}

asio::awaitable<Checked<Reply>> reply_of(Shelf& shelf, const Route& route,
                                         const HttpRequest& request) {
  const Call call{
      .service = shelf.service,
      .request = request,
      .asking = {.request_id = request.id, .now = now_seconds(), .scope = request.scope}};
  if (!route.slow) co_return handle(route, call);
  co_return co_await asio::co_spawn(
      shelf.workers.get_executor(),
      [&]() -> asio::awaitable<Checked<Reply>> { co_return handle(route, call); },
      asio::use_awaitable);
}

/// Answers one request; false where the connection is to be closed.
template <typename Stream>
asio::awaitable<bool> answer(Shelf& shelf, Stream& stream, Read& read) {
  const Limits& limits = shelf.service.served.limits;
  HttpRequest empty;
  const HttpRequest& request = read.request ? *read.request : empty;
  Exchange exchange{.request = request,
                    .headers = cors_headers(shelf.service.guard, request),
                    .keep = read.keep && !shelf.closing,
                    .chunks = read.chunks};
  if (!request.id.empty()) exchange.headers.emplace_back("x-request-id", request.id);
  const bool anthropic = request.path.starts_with("/v1/messages");
  exchange.dialect = anthropic ? Dialect::anthropic : Dialect::openai;
  std::optional<Problem> problem = std::move(read.problem);
  Response response;
  if (!problem && request.method == "OPTIONS") {
    response = {.status = 204, .type = ""};
  } else if (!problem) {
    const Checked<const Route*> route = find_route(request);
    if (!route) {
      problem = route.error();
    } else {
      Checked<Reply> reply = co_await reply_of(shelf, **route, request);
      if (!reply) {
        problem = reply.error();
      } else if (auto* ask = std::get_if<Ask>(&*reply)) {
        co_return co_await run_ask(shelf, stream, exchange, std::move(*ask));
      } else {
        response = std::move(std::get<Response>(*reply));
      }
    }
  }
  if (problem) response = error_response(*problem, exchange.dialect);
  const std::string bytes = bytes_with(exchange, std::move(response));
  const bool written = co_await write_all(stream, bytes, limits.stall_s);
  co_return written&& exchange.keep;
}

template <typename Stream>
asio::awaitable<void> serve_requests(Shelf& shelf, Stream& stream) {
  const Limits& limits = shelf.service.served.limits;
  beast::flat_buffer buffer;
  double wait_s = limits.header_s;
  bool open = true;
  while (open && !shelf.closing) {
    if (!co_await await_request(stream, buffer, wait_s)) co_return;
    Read read = co_await read_request(shelf, stream, buffer);
    if (!read.request && !read.problem) co_return;
    ++shelf.n_busy;
    open = co_await answer(shelf, stream, read);
    --shelf.n_busy;
    wait_s = limits.idle_s;
  }
  co_await linger(stream);
}

}  // namespace

asio::awaitable<void> serve_connection(Shelf& shelf, asio::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (shelf.tls == nullptr) {
    Plain stream(std::move(socket));
    co_await serve_requests(shelf, stream);
    co_return;
  }
  Tls stream(beast::tcp_stream(std::move(socket)), *shelf.tls);
  beast::get_lowest_layer(stream).expires_after(seconds(shelf.service.served.limits.header_s));
  const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kResult);
  if (!error) co_await serve_requests(shelf, stream);
}

}  // namespace mr::api
