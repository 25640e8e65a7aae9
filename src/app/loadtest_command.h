#pragma once
#include "app/load_report.h"
#include "app/load_trace.h"

namespace mr::app {

struct LoadtestArgs {
  std::string url = "http://127.0.0.1:8080";
  std::string model = {};
  std::string api_key = {};
  std::int32_t n_vocab = 0;
  LoadPlan plan = {};
  Promise promise = {};
  double timeout_s = 600;
  bool json = false;
  std::string svg = {};
};

/// `millrace loadtest`: asks a server as recorded traffic did. Returns the exit code.
int run_loadtest(const LoadtestArgs& args);

}  // namespace mr::app
