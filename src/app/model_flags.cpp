#include "app/model_flags.h"

#include <CLI/CLI.hpp>

#include "app/choice.h"
#include "app/numbers.h"
#include "base/quote.h"

namespace mr::app {

void add_load_flags(CLI::App& command, LoadArgs& args) {
  command
      .add_option("-m,--model,--hf,--hf-repo", args.model,
                  "GGUF, folder or org/name[:quant] (default: models/)")
      ->type_name("MODEL");
  add_threads(command, args);
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
