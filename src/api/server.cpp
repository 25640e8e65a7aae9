#include "api/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <cstdio>
#include <map>

#include "api/connection.h"
#include "api/readiness.h"
#include "api/transport.h"
#include "base/log.h"
#include "base/quote.h"

namespace mr::api {
namespace {

using Tcp = asio::ip::tcp;

/// Connections by the address they come from.
struct Guests {
  std::mutex mutex;
  std::map<asio::ip::address, std::size_t> by_address;
  std::size_t n = 0;
};

/// Everything that runs while the server does.
struct Running {
  Service& service;
  const ServerOptions& options;
  asio::thread_pool workers{2};
  std::optional<asio::ssl::context> tls = {};
  Guests guests = {};
  Shelf shelf;
  asio::io_context io;  // what still waits in it refers to what stands above
  Tcp::acceptor acceptor;
  Ended ended = Ended::terminated;

  Running(Service& own, const ServerOptions& given)
      : service(own),
        options(given),
        shelf{.service = own, .workers = workers, .tls = nullptr},
        acceptor(io) {}
};

bool enter(Running& running, const asio::ip::address& address) {
  const Limits& limits = running.service.served.limits;
  const std::lock_guard lock(running.guests.mutex);
  std::size_t& n = running.guests.by_address[address];
  const bool room = running.guests.n < limits.connections && n < limits.connections_per_address;
  if (room) {
    ++n;
    ++running.guests.n;
  } else if (n == 0) {
    running.guests.by_address.erase(address);
  }
  return room;
}

void leave(Running& running, const asio::ip::address& address) {
  const std::lock_guard lock(running.guests.mutex);
  const auto found = running.guests.by_address.find(address);
  if (--found->second == 0) running.guests.by_address.erase(found);
  --running.guests.n;
}

asio::awaitable<void> accept_all(Running& running) {
  constexpr double kPause_s = 0.05;  // when no descriptor is left
  while (true) {
    Tcp::socket socket(asio::make_strand(running.io));
    const auto strand = socket.get_executor();
    const auto [error] = co_await running.acceptor.async_accept(socket, kResult);
    if (error == asio::error::operation_aborted || !running.acceptor.is_open()) co_return;
    if (error) {
      asio::steady_timer pause(running.io, seconds(kPause_s));
      co_await pause.async_wait(kResult);
      continue;
    }
    boost::system::error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone || !enter(running, peer.address())) continue;  // closes it
    asio::co_spawn(strand, serve_connection(running.shelf, std::move(socket)),
                   [&running, address = peer.address()](const std::exception_ptr& thrown) {
                     leave(running, address);
                     if (!thrown) return;
                     log::say(log::Level::warning, "a connection failed");
                   });
  }
}

/// Lets what runs come to its end, then stops.
asio::awaitable<void> drain(Running& running, double delay_s) {
  constexpr double kLook_s = 0.02;
  constexpr double kLastWords_s = 2;
  running.service.draining = true;
  notify_manager("STOPPING=1");
  asio::steady_timer timer(running.io, seconds(delay_s));
  co_await timer.async_wait(kResult);
  boost::system::error_code ignored;
  running.acceptor.close(ignored);
  running.shelf.closing = true;
  const auto until = std::chrono::steady_clock::now() + seconds(running.options.drain_timeout_s);
  while (running.shelf.n_busy > 0 && std::chrono::steady_clock::now() < until) {
    timer.expires_after(seconds(kLook_s));
    co_await timer.async_wait(kResult);
  }
  end_all(*running.service.loop, {Fault::cancelled, "the server is shutting down"});
  const auto end = std::chrono::steady_clock::now() + seconds(kLastWords_s);
  while (running.shelf.n_busy > 0 && std::chrono::steady_clock::now() < end) {
    timer.expires_after(seconds(kLook_s));
    co_await timer.async_wait(kResult);
  }
  running.io.stop();
}

asio::awaitable<void> heed_signals(Running& running, asio::signal_set& signals) {
  bool asked = false;
  while (true) {
    const auto [error, signal] = co_await signals.async_wait(kResult);
    if (error) co_return;
    if (signal == SIGHUP) {
      const auto loaded = load_keys(running.service.guard);
      log::say(loaded ? log::Level::info : log::Level::error, "keys %s",
               loaded ? "read again" : loaded.error().message.c_str());
      continue;
    }
    running.ended = signal == SIGINT ? Ended::interrupted : Ended::terminated;
    if (std::exchange(asked, true)) {
      running.io.stop();
      co_return;
    }
    const double delay_s = signal == SIGINT ? 0 : running.options.drain_delay_s;
    asio::co_spawn(running.io, drain(running, delay_s), asio::detached);
  }
}

Expected<void> listen(Running& running) {
  const ServerOptions& options = running.options;
  const auto cannot = [&](const boost::system::error_code& error) {
    return fail(Fault::failed, "cannot listen on " + options.host + ":" +
                                   std::to_string(options.port) + ": " + error.message());
  };
  boost::system::error_code error;
  Tcp::resolver resolver(running.io);
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port),
                       Tcp::resolver::passive | Tcp::resolver::numeric_service, error);
  if (error || found.empty()) {
    return fail(Fault::bad_request, "--host: wanted an address or a name, found " +
                                        quote(options.host) + ": " + error.message());
  }
  const Tcp::endpoint endpoint = found.begin()->endpoint();
  Guard& guard = running.service.guard;
  guard.loopback = endpoint.address().is_loopback();
  if (!guard.loopback && !guard.keys && !guard.open_to_all) {
    return fail(Fault::bad_request,
                "--host " + options.host +
                    ": a public address needs --api-key or --api-key-file (or --insecure-no-auth)");
  }
  if (running.acceptor.open(endpoint.protocol(), error)) return cannot(error);
  running.acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (running.acceptor.bind(endpoint, error)) return cannot(error);
  if (running.acceptor.listen(Tcp::acceptor::max_listen_connections, error)) return cannot(error);
  return {};
}

Expected<void> load_tls(Running& running) {
  const ServerOptions& options = running.options;
  if (options.tls_certificate.empty() && options.tls_key.empty()) return {};
  running.tls.emplace(asio::ssl::context::tls_server);
  boost::system::error_code error;
  running.tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (running.tls->use_certificate_chain_file(options.tls_certificate, error)) {
    return fail(Fault::bad_request,
                "--ssl-cert-file " + quote(options.tls_certificate) + ": " + error.message());
  }
  if (running.tls->use_private_key_file(options.tls_key, asio::ssl::context::pem, error)) {
    return fail(Fault::bad_request,
                "--ssl-key-file " + quote(options.tls_key) + ": " + error.message());
  }
  running.shelf.tls = &*running.tls;
  return {};
}

/// Where the server can be reached, and how to try it.
void tell_address(const Running& running) {
  const auto endpoint = running.acceptor.local_endpoint();
  const std::string host = endpoint.address().is_v6() ? "[" + endpoint.address().to_string() + "]"
                                                      : endpoint.address().to_string();
  const std::string url =
      (running.tls ? "https://" : "http://") + host + ":" + std::to_string(endpoint.port());
  log::say(log::Level::info, "listening on %s", url.c_str());
  log::say(log::Level::info,
           "try: curl %s/v1/chat/completions -H 'Content-Type: application/json' "
           "-d '{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'",
           url.c_str());
}

}  // namespace

Expected<Ended> serve(Service& service, const ServerOptions& options) {
  constexpr int kThreads = 2;
  Running running(service, options);
  MR_TRY_VOID(load_tls(running));
  MR_TRY_VOID(listen(running));
  asio::signal_set signals(running.io, SIGTERM, SIGINT, SIGHUP);
  asio::co_spawn(running.io, heed_signals(running, signals), asio::detached);
  asio::co_spawn(running.io, accept_all(running), asio::detached);
  tell_address(running);
  notify_manager("READY=1");
  std::vector<std::thread> threads;
  for (int i = 1; i < kThreads; ++i) threads.emplace_back([&] { running.io.run(); });
  running.io.run();
  for (std::thread& thread : threads) thread.join();
  running.workers.join();
  halt(*service.loop);
  return running.ended;
}

}  // namespace mr::api
