#include "app/serve_command.h"

#include <sys/resource.h>

#include <csignal>

#include "app/exit.h"

namespace mr::app {
namespace {

/// As many open files as the system lets this process have.
void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

Expected<api::Ended> serve(const ServeArgs& args) {
  MR_TRY(const Loaded loaded, load_service(args.service));
  api::Service service;
  service.guard.key_file = args.api_key_file;
  service.guard.fixed_keys = args.api_keys;
  service.guard.origins = args.cors_origins;
  service.guard.open_to_all = args.insecure_no_auth;
  MR_TRY_VOID(api::load_keys(service.guard));
  MR_TRY_VOID(start_service(service, loaded, args.service));
  return api::serve(service, args.server);
}

}  // namespace

int run_serve(const ServeArgs& args) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  const auto ended = serve(args);
  if (!ended) return report(ended.error());
  return *ended == api::Ended::interrupted ? kInterrupted : kOk;
}

}  // namespace mr::app
