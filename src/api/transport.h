#pragma once
#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <string_view>

/// Bytes over TCP, with TLS or without; every operation has a time limit.
namespace mr::api {

namespace asio = boost::asio;
namespace beast = boost::beast;

using Plain = beast::tcp_stream;
using Tls = beast::ssl_stream<beast::tcp_stream>;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

inline std::chrono::steady_clock::duration seconds(double s) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(s));
}

template <typename Stream>
asio::ip::tcp::socket& socket_of(Stream& stream) {
  return beast::get_lowest_layer(stream).socket();
}

/// Whether the peer has closed its side.
template <typename Stream>
bool peer_left(Stream& stream) {
  pollfd fd{.fd = socket_of(stream).native_handle(), .events = POLLRDHUP, .revents = 0};
  return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/// Writes everything; false where the peer is gone or takes nothing for `stall_s`.
template <typename Stream>
asio::awaitable<bool> write_all(Stream& stream, std::string_view bytes, double stall_s) {
  constexpr std::size_t kSlice = std::size_t{64} << 10;
  while (!bytes.empty()) {
    beast::get_lowest_layer(stream).expires_after(seconds(stall_s));
    const std::string_view slice = bytes.substr(0, kSlice);
    const auto [error, n] =
        co_await asio::async_write(stream, asio::buffer(slice.data(), slice.size()), kResult);
    if (error) co_return false;
    bytes.remove_prefix(n);
  }
  co_return true;
}

}  // namespace mr::api
