#pragma once
#include <string>
#include <vector>

#include "api/server.h"
#include "app/service_setup.h"

namespace mr::app {

struct ServeArgs {
  ServiceArgs service;
  api::ServerOptions server = {};
  std::vector<std::string> api_keys = {};
  std::string api_key_file = {};
  std::vector<std::string> cors_origins = {};
  bool insecure_no_auth = false;
};

/// `millrace serve`: answers over HTTP until it is told to end. Returns the exit code.
int run_serve(const ServeArgs& args);

}  // namespace mr::app
