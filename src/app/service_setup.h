#pragma once
#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "api/limits.h"
#include "api/service.h"
#include "app/loaded.h"
#include "app/speculation.h"
#include "tensor/dtype.h"

/// What requests are answered with, over HTTP or from files.
namespace mr::app {

struct ServiceArgs {
  LoadArgs load;
  api::Limits limits = {};
  std::vector<std::string> aliases = {};  ///< none: the model's own name
  std::int32_t n_context = 0;             ///< 0: the model's own, or less where memory asks for it
  std::int32_t n_parallel = 16;           ///< answers at once
  std::int32_t n_cached_requests = 0;     ///< of full length, in the cache; 0: as memory allows
  std::int32_t n_step_rows = 512;
  SpecArgs spec;
  DType kv_type = DType::f16;
  engine::Pooling pooling = engine::Pooling::mean;  ///< of embeddings
  bool deterministic = false;
  bool strict_request = false;
  api::ReasoningFormat reasoning = api::ReasoningFormat::automatic;
  std::string tool_format = {};  ///< how calls of tools are written; none: by the template
};

void add_service_flags(CLI::App& command, ServiceArgs& args);

/// A limit as a flag.
template <typename T>
CLI::Option* add_limit(CLI::App& command, const char* name, T& field, const char* text);

/// A model with the cache of its engine chosen.
Expected<Loaded> load_service(const ServiceArgs& args);

/// Fills a service in and starts its engine. The model outlives it.
Expected<void> start_service(api::Service& service, const Loaded& loaded, const ServiceArgs& args);

}  // namespace mr::app
