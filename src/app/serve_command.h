#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "api/limits.h"
#include "api/server.h"
#include "app/loaded.h"
#include "tensor/dtype.h"

namespace mr::app {

struct ServeArgs {
  LoadArgs load;
  api::ServerOptions server = {};
  api::Limits limits = {};
  std::vector<std::string> aliases = {};  ///< none: the model's own name
  std::vector<std::string> api_keys = {};
  std::string api_key_file = {};
  std::string tool_format = {};  ///< how calls of tools are written; none: by the template
  std::vector<std::string> cors_origins = {};
  std::int32_t n_context = 0;    ///< 0: the model's own, or less where memory asks for it
  std::int32_t n_parallel = 16;  ///< answers at once
  std::int32_t n_step_rows = 512;
  DType kv_type = DType::f16;
  bool deterministic = false;
  bool strict_request = false;
  bool insecure_no_auth = false;
};

/// `millrace serve`: answers over HTTP until it is told to end. Returns the exit code.
int run_serve(const ServeArgs& args);

}  // namespace mr::app
