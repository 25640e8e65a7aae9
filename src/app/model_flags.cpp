#include "app/model_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

#include "app/choice.h"
#include "app/numbers.h"
#include "base/log.h"
#include "base/quote.h"

namespace mr::app {
namespace {

std::string check_layers(const std::string& found) {
  if (found == "auto" || found == "all") return "";
  const bool number = !found.empty() && found.find_first_not_of("0123456789") == std::string::npos;
  return number ? "" : "wanted a number, auto or all, found " + quote(found);
}

/// On what of the machine a model runs.
void add_place_flags(CLI::App& command, LoadArgs& args) {
  command
      .add_option("--threads-batch,--tb", args.n_prompt_threads,
                  "Threads for prompts; all steps have the larger of the two numbers")
      ->group(kEngineGroup)
      ->check(integers(0, 1024));
  command
      .add_option("--gpu-layers,--ngl,--n-gpu-layers", args.gpu_layers,
                  "A number above 0, or all: the model on the GPU, where there is one")
      ->group(kEngineGroup)
      ->type_name("LAYERS")
      ->capture_default_str()
      ->check(check_layers);
  command
      .add_flag("--mlock", args.locks_memory,
                "The weights are not swapped out, as far as ulimit -l")
      ->group(kEngineGroup);
  add_choice<sys::Placing>(command, "--numa", args.placing,
                           {{"distribute", sys::Placing::distribute},
                            {"isolate", sys::Placing::isolate},
                            {"numactl", sys::Placing::as_it_is}},
                           "Memory of all nodes in turn, one node's processors, or as numactl says")
      ->group(kEngineGroup)
      ->default_str("");
}

/// Takes a level by llama.cpp's numbers.
log::Level level_of(int verbosity) {
  constexpr int kMost = static_cast<int>(log::Level::info);
  return static_cast<log::Level>(std::min(verbosity, kMost));
}

void open_log(const std::string& path) {
  log::settings.file = std::fopen(path.c_str(), "ae");
  if (log::settings.file != nullptr) return;
  throw CLI::ValidationError("--log-file", quote(path) + ": " + std::strerror(errno));
}

void add_log_flags(CLI::App& command) {
  constexpr const char* kGroup = "Log";
  command
      .add_option_function<int>(
          "--log-verbosity,--lv,--verbosity",
          [](const int& n) { log::settings.most = level_of(n); },
          "On standard error: 0 nothing, 1 what failed, 2 warnings too, 3 figures too")
      ->group(kGroup)
      ->default_str("3")
      ->check(integers(0, std::numeric_limits<std::int32_t>::max()));
  command
      .add_flag_function(
          "--log-disable", [](std::int64_t) { log::settings.most = log::Level::silent; },
          "As --log-verbosity 0; an error that ends the program is told nevertheless")
      ->group(kGroup);
  command.add_option_function<std::string>("--log-file", open_log, "Also to this file, at its end")
      ->group(kGroup)
      ->type_name("FILE");
  add_choice<log::Colours>(
      command, "--log-colors", log::settings.colours,
      {{"on", log::Colours::on}, {"off", log::Colours::off}, {"auto", log::Colours::automatic}},
      "Whether thoughts on standard error are dim (auto: on a terminal)")
      ->group(kGroup);
}

}  // namespace

void add_load_flags(CLI::App& command, LoadArgs& args) {
  command
      .add_option("-m,--model,--hf,--hf-repo", args.model,
                  "GGUF, folder or org/name[:quant] (default: models/)")
      ->type_name("MODEL");
  add_threads(command, args);
  add_place_flags(command, args);
  add_log_flags(command);
  command
      .add_flag("--no-repack-cache", args.no_cache,
                "Pack the weights anew, and keep nothing of it on the disk")
      ->group(kEngineGroup);
  command
      .add_flag("--verify-cache", args.verify_cache,
                "Compare the packed weights on the disk with the model")
      ->group(kEngineGroup);
}

void add_threads(CLI::App& command, LoadArgs& args) {
  command.add_option("-t,--threads", args.n_threads, "Threads (default: one a processor)")
      ->check(integers(0, 1024));
}

void add_kv_type(CLI::App& command, DType& kv_type) {
  add_choice<DType>(command, "--kv-type,--ctk,--ctv,--cache-type-k,--cache-type-v,--kv-cache-dtype",
                    kv_type,
                    {{"f16", DType::f16},
                     {"bf16", DType::bf16},
                     {"f32", DType::f32},
                     {"int8", DType::i8},
                     {"q8_0", DType::i8}},
                    "How keys and values are kept")
      ->group(kEngineGroup);
}

void add_step_rows(CLI::App& command, std::int32_t& n_step_rows) {
  command
      .add_option("-b,--batch-size,--ub,--ubatch-size,--max-num-batched-tokens", n_step_rows,
                  "Rows of a step: tokens of prompts and answers")
      ->group(kEngineGroup)
      ->capture_default_str()
      ->check(integers(2, 65536));
}

void add_given_flags(CLI::App& command) {
  constexpr const char* kGroup = "Always so";
  command
      .add_option_function<std::string>(
          "--flash-attn,--fa", [](const std::string&) {}, "Attention keeps no matrix of scores")
      ->group(kGroup)
      ->type_name("on|auto")
      ->check([](const std::string& found) {
        return found == "on" || found == "auto" ? "" : "wanted on|auto, found " + quote(found);
      });
  const auto given = [&](const char* names, const char* text) {
    command.add_flag_function(names, [](std::int64_t) {}, text)->group(kGroup);
  };
  given("--cont-batching,--cb", "Requests join and leave at every step");
  given("--jinja", "Chat templates are Jinja");
  given("--enable-prefix-caching", "What was computed is found again");
}

}  // namespace mr::app
