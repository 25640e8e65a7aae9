#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "api/service.h"

/// One connection: requests in, answers out.
namespace mr::api {

/// What all connections share.
struct Shelf {
  Service& service;
  boost::asio::thread_pool& workers;      ///< for what may take long: parsing, templates, tokens
  boost::asio::ssl::context* tls;         ///< none: plain
  std::atomic<bool> closing{false};       ///< connections end with the answer they are at
  std::atomic<std::size_t> n_busy{0};     ///< requests that are being answered
  std::atomic<std::size_t> n_choices{0};  ///< asked of the engine, from requests under way
  std::atomic<double> answer_s{0};        ///< that an answer took lately, once it had begun
};

/// Serves until the peer leaves, a limit is broken, or the server closes.
boost::asio::awaitable<void> serve_connection(Shelf& shelf, boost::asio::ip::tcp::socket socket);

}  // namespace mr::api
