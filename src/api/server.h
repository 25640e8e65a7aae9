#pragma once
#include <string>

#include "api/service.h"

namespace mr::api {

/// How a server is reached and how it ends.
struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;    ///< 0: any that is free
  std::string tls_certificate;  ///< PEM files; none: no TLS
  std::string tls_key;
  double drain_delay_s = 5;     ///< after SIGTERM, before no more connections are taken
  double drain_timeout_s = 30;  ///< after that, until what still runs is ended
};

/// What ended a server.
enum class Ended : std::uint8_t { terminated, interrupted };

/// Listens, says on stderr where, and answers until SIGTERM or SIGINT; a second one ends it at
/// once. SIGHUP reads the keys again.
/// Errors: bad_request for a host that is none, a public one without keys; failed where it cannot
/// listen.
Expected<Ended> serve(Service& service, const ServerOptions& options);

}  // namespace mr::api
