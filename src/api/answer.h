#pragma once
#include <chrono>

#include "api/connection.h"
#include "api/generation.h"
#include "api/routes.h"
#include "api/transport.h"

/// An answer that the engine makes, from its submission to its last byte.
namespace mr::api {

/// One request and how it is answered.
struct Exchange {
  const HttpRequest& request;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< of any answer
  bool keep = false;                                              ///< the connection
  bool chunks = false;
  Dialect dialect = Dialect::openai;
};

/// The bytes of a response with the headers of the exchange.
std::string bytes_with(const Exchange& exchange, Response response);

/// Runs an ask and writes its answer; false where the connection is to be closed.
template <typename Stream>
asio::awaitable<bool> run_ask(Shelf& shelf, Stream& stream, Exchange& exchange, Ask ask);

extern template asio::awaitable<bool> run_ask<Plain>(Shelf&, Plain&, Exchange&, Ask);
extern template asio::awaitable<bool> run_ask<Tls>(Shelf&, Tls&, Exchange&, Ask);

}  // namespace mr::api
