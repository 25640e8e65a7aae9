#include "app/model_flags.h"

#include <CLI/CLI.hpp>

#include "app/choice.h"
#include "app/numbers.h"
#include "spec/settings.h"

namespace mr::app {

void add_load_flags(CLI::App& command, LoadArgs& args) {
  command
      .add_option("-m,--model", args.model,
                  "GGUF file, folder or org/name (default: the one in models/)")
      ->type_name("MODEL");
  add_threads(command, args);
}

void add_threads(CLI::App& command, LoadArgs& args) {
  command.add_option("-t,--threads", args.n_threads, "Threads (default: one a processor)")
      ->check(integers(0, 1024));
}

void add_kv_type(CLI::App& command, DType& kv_type) {
  add_choice<DType>(command, "--kv-type,--kv-cache-dtype", kv_type,
                    {{"f16", DType::f16}, {"bf16", DType::bf16}, {"f32", DType::f32}},
                    "How keys and values are kept");
}

void add_speculation(CLI::App& command, std::string& speculation) {
  std::string names;
  for (const spec::Method& method : spec::methods()) names += ", " + std::string(method.name);
  command
      .add_option("--spec", speculation,
                  "Who proposes tokens to verify, same text: off" + names +
                      "; METHOD[:depth=,width=,nodes=], joined by +")
      ->type_name("METHOD")
      ->capture_default_str();
}

}  // namespace mr::app
