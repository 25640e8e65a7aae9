#include "api/load_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json.hpp>
#include <optional>

#include "api/transport.h"
#include "base/quote.h"
#include "io/json.h"

namespace mr::api {
namespace {

namespace http = beast::http;
using Tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

/// A run, on one thread.
struct Load {
  const LoadTarget& target;
  const LoadOptions& options;
  asio::io_context io = {};
  asio::ssl::context tls{asio::ssl::context::tls_client};
  Tcp::resolver::results_type addresses = {};
  Clock::time_point start = {};
  std::size_t n_done = 0;
};

double now_s(const Load& load) {
  return std::chrono::duration<double>(Clock::now() - load.start).count();
}

std::string request_bytes(const LoadTarget& target, std::string_view method, std::string_view path,
                          const std::string& body) {
  std::string out = std::string(method) + " " + target.path + std::string(path) +
                    " HTTP/1.1\r\nHost: " + target.host + ":" + target.port +
                    "\r\nConnection: close\r\nAccept: */*\r\n";
  if (!target.api_key.empty()) out += "Authorization: Bearer " + target.api_key + "\r\n";
  if (!body.empty()) {
    out +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return out + "\r\n" + body;
}

std::string body_of(const LoadTarget& target, const LoadRequest& request) {
  return boost::json::serialize(boost::json::object{
      {"model", target.model},
      {"prompt", boost::json::array(request.prompt.begin(), request.prompt.end())},
      {"max_tokens", request.n_new},
      {"temperature", 0},
      {"ignore_eos", true},
      {"stream", true},
      {"stream_options", {{"include_usage", true}}}});
}

std::int32_t integer(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  const std::int64_t* number = value != nullptr ? value->if_int64() : nullptr;
  return number != nullptr ? static_cast<std::int32_t>(*number) : 0;
}

const boost::json::object* object_at(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

/// One event of the stream.
void take_event(LoadResult& result, std::string_view data, double now) {
  const auto document = mr::json::parse(data);
  const auto* event = document ? document->root.if_object() : nullptr;
  if (event == nullptr) {
    result.error = "an event that is no JSON object";
    return;
  }
  if (event->contains("error")) result.error = std::string(data.substr(0, 200));
  if (const auto* usage = object_at(*event, "usage")) {
    result.n_prompt = integer(*usage, "prompt_tokens");
    result.n_new = integer(*usage, "completion_tokens");
    const auto* details = object_at(*usage, "prompt_tokens_details");
    if (details != nullptr) result.n_cached = integer(*details, "cached_tokens");
  }
  const boost::json::value* choices = event->if_contains("choices");
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return;
  if (result.first_s == 0) {
    result.first_s = now;
  } else {
    result.gaps_s.push_back(static_cast<float>(now - result.end_s));
  }
  result.end_s = now;  // of the last chunk so far
}

/// The events of what has come; false behind the last.
bool take_events(LoadResult& result, std::string& text, double now) {
  constexpr std::string_view kData = "data:";
  std::size_t begin = 0;
  bool more = true;
  for (std::size_t end = text.find('\n'); end != std::string::npos && more;
       end = text.find('\n', begin)) {
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with(kData)) continue;
    line.remove_prefix(line.find_first_not_of(' ', kData.size()));
    more = !line.starts_with("[DONE]");
    if (more) take_event(result, line, now);
  }
  text.erase(0, begin);
  return more;
}

template <typename Stream>
asio::awaitable<void> exchange(Load& load, Stream& stream, const std::string& bytes,
                               LoadResult& result) {
  if (!co_await write_all(stream, bytes, load.options.timeout_s)) {
    result.error = "the request could not be sent";
    co_return;
  }
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  const auto [error, n] = co_await http::async_read_header(stream, buffer, parser, kResult);
  if (error) {
    result.error = error.message();
    co_return;
  }
  result.status = static_cast<int>(parser.get().result_int());
  bool more = true;
  while (more && !parser.is_done()) {
    const auto [failed, n_read] = co_await http::async_read_some(stream, buffer, parser, kResult);
    const bool closed = failed == http::error::end_of_stream;  // HTTP/1.0 ends so
    if (result.status == 200) more = take_events(result, parser.get().body(), now_s(load));
    if (failed && !closed) {
      result.error = failed.message();
      co_return;
    }
    if (closed) break;
  }
  if (result.status != 200) result.error = parser.get().body().substr(0, 200);
  if (result.status == 200 && more && result.error.empty()) result.error = "no [DONE] at the end";
}

asio::awaitable<void> ask(Load& load, std::string bytes, LoadResult& result) {
  Plain plain(load.io);
  plain.expires_after(seconds(load.options.timeout_s));
  const auto [error, endpoint] = co_await plain.async_connect(load.addresses, kResult);
  if (error) {
    result.error = error.message();
    co_return;
  }
  boost::system::error_code ignored;
  plain.socket().set_option(Tcp::no_delay(true), ignored);
  if (!load.target.tls) {
    co_await exchange(load, plain, bytes, result);
    co_return;
  }
  Tls stream(std::move(plain), load.tls);
  SSL_set_tlsext_host_name(stream.native_handle(), load.target.host.c_str());
  stream.set_verify_callback(asio::ssl::host_name_verification(load.target.host));
  const auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::client, kResult);
  if (failed) {
    result.error = failed.message();
    co_return;
  }
  co_await exchange(load, stream, bytes, result);
}

asio::awaitable<void> run_one(Load& load, const LoadRequest& request, LoadResult& result) {
  asio::steady_timer timer(load.io);
  timer.expires_at(load.start + seconds(request.at_s));
  co_await timer.async_wait(kResult);
  result.planned_s = request.at_s;
  result.sent_s = now_s(load);
  co_await ask(load,
               request_bytes(load.target, "POST", "/v1/completions", body_of(load.target, request)),
               result);
  if (!result.error.empty()) result.end_s = now_s(load);
  ++load.n_done;
}

asio::awaitable<void> watch(Load& load, std::size_t n_all, bool& stopped) {
  constexpr double kLook_s = 0.1;
  asio::steady_timer timer(load.io);
  while (load.n_done < n_all) {
    timer.expires_after(seconds(kLook_s));
    co_await timer.async_wait(kResult);
    if (load.options.on_step(load.n_done)) continue;
    stopped = true;
    load.io.stop();
  }
}

Expected<void> prepare(Load& load) {
  boost::system::error_code error;
  Tcp::resolver resolver(load.io);
  load.addresses = resolver.resolve(load.target.host, load.target.port, error);
  if (error) return fail(Fault::failed, load.target.host + ": " + error.message());
  load.tls.set_default_verify_paths(error);
  load.tls.set_verify_mode(asio::ssl::verify_peer, error);
  load.start = Clock::now();
  return {};
}

/// The body of /v1/models. Its own exchange: it is no stream.
asio::awaitable<void> fetch_models(Load& load, std::string& body, LoadResult& result) {
  Plain stream(load.io);
  stream.expires_after(seconds(load.options.timeout_s));
  const auto [error, endpoint] = co_await stream.async_connect(load.addresses, kResult);
  if (error) {
    result.error = error.message();
    co_return;
  }
  if (!co_await write_all(stream, request_bytes(load.target, "GET", "/v1/models", ""), 10)) {
    co_return;
  }
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  const auto [failed, n] = co_await http::async_read(stream, buffer, response, kResult);
  result.status = failed ? 0 : static_cast<int>(response.result_int());
  result.error = failed ? failed.message() : "";
  body = std::move(response.body());
}

}  // namespace

Expected<LoadTarget> parse_url(const std::string& url) {
  LoadTarget target;
  std::string_view rest = url;
  target.tls = rest.starts_with("https://");
  if (!target.tls && !rest.starts_with("http://")) {
    return fail(Fault::bad_request, "--url: wanted http://HOST:PORT, found " + quote(url));
  }
  rest.remove_prefix(rest.find("//") + 2);
  std::string_view host = rest.substr(0, rest.find('/'));
  target.path = rest.substr(host.size());
  for (const std::string_view end : {"/", "/v1"}) {
    if (target.path.ends_with(end)) target.path.resize(target.path.size() - end.size());
  }
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == host.npos;
  target.port = has_port ? host.substr(colon + 1) : target.tls ? "443" : "80";
  if (has_port) host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  target.host = host;
  if (host.empty()) return fail(Fault::bad_request, "--url: wanted a host, found " + quote(url));
  return target;
}

Expected<void> look_up(LoadTarget& target) {
  if (!target.model.empty() && target.n_vocab > 0) return {};
  if (target.tls) {
    return fail(Fault::bad_request, "--model and --vocab: wanted with https, found none");
  }
  const LoadOptions options{.timeout_s = 10, .on_step = {}};
  Load load{.target = target, .options = options};
  MR_TRY_VOID(prepare(load));
  std::string body;
  LoadResult result;
  asio::co_spawn(load.io, fetch_models(load, body, result), asio::detached);
  load.io.run();
  const auto document = mr::json::parse(body);
  const auto* root = result.status == 200 && document ? document->root.if_object() : nullptr;
  const auto* data = root != nullptr ? root->if_contains("data") : nullptr;
  const auto* list = data != nullptr ? data->if_array() : nullptr;
  const auto* first = list != nullptr && !list->empty() ? list->front().if_object() : nullptr;
  if (first == nullptr || !first->contains("id") || !first->at("id").is_string()) {
    return fail(Fault::failed, "GET /v1/models: wanted a list of models, found " +
                                   (result.error.empty() ? "HTTP " + std::to_string(result.status)
                                                         : result.error));
  }
  if (target.model.empty()) target.model = first->at("id").get_string().c_str();
  const auto* meta = object_at(*first, "meta");
  if (target.n_vocab == 0 && meta != nullptr) target.n_vocab = integer(*meta, "n_vocab");
  if (target.n_vocab > 0) return {};
  return fail(Fault::bad_request, "--vocab: wanted, since the server does not tell its own");
}

Expected<std::vector<LoadResult>> run_load(const LoadTarget& target,
                                           std::span<const LoadRequest> requests,
                                           const LoadOptions& options) {
  Load load{.target = target, .options = options};
  MR_TRY_VOID(prepare(load));
  std::vector<LoadResult> results(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    asio::co_spawn(load.io, run_one(load, requests[i], results[i]), asio::detached);
  }
  bool stopped = false;
  asio::co_spawn(load.io, watch(load, requests.size(), stopped), asio::detached);
  load.io.run();
  if (stopped) return fail(Fault::cancelled, "interrupted");
  return results;
}

}  // namespace mr::api
