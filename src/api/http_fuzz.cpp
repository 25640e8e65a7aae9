// Bytes of a connection, up to the route they reach: any are refused or understood.
#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <cstdlib>

#include "api/incoming.h"
#include "api/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mr::api;
  const Limits limits{.body_bytes = 4096};
  Parser parser;
  prepare(parser, limits);
  parser.eager(true);
  boost::system::error_code error;
  std::size_t at = 0;
  while (at < size && !parser.is_done() && !error) {
    const std::size_t n = parser.put(boost::asio::buffer(data + at, size - at), error);
    if (n == 0) break;
    at += n;
  }
  if (error) {
    if (problem_of(error, limits).status < 400) std::abort();
    return 0;
  }
  if (!parser.is_header_done()) return 0;
  const auto request = head_of(parser, limits);
  if (!request) {
    if (request.error().status < 400) std::abort();
    return 0;
  }
  Guard guard;
  (void)host_allowed(guard, header(*request, "host"));
  (void)cors_headers(guard, *request);
  (void)find_route(*request);
  return 0;
}
