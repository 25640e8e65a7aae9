#include "app/model_flags.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace mr::app {

void add_load_flags(CLI::App& command, LoadArgs& args) {
  command.add_option("-m,--model", args.model, "Model file (default: the one in models/)");
  command.add_option("-t,--threads", args.n_threads, "Threads (default: one a processor)")
      ->check(CLI::Range(0, 1024));
}

void add_kv_type(CLI::App& command, DType& kv_type) {
  const std::map<std::string, DType> types{
      {"f32", DType::f32}, {"f16", DType::f16}, {"bf16", DType::bf16}};
  command.add_option("--kv-type,--kv-cache-dtype", kv_type, "KV cache: f32, f16 or bf16")
      ->transform(CLI::CheckedTransformer(types, CLI::ignore_case).description(""))
      ->type_name("TYPE");
}

}  // namespace mr::app
