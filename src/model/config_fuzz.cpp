#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "kern/counter.h"
#include "kern/level.h"
#include "model/weights.h"

namespace {

/// A safetensors file of one tensor, the embedding of 32 tokens in 8 dimensions.
std::string embedding_file() {
  const std::string header =
      R"({"model.embed_tokens.weight":{"dtype":"F32","shape":[32,8],"data_offsets":[0,1024]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  return file + header + std::string(1024, '\0');
}

}  // namespace

// config.json of any contents: what it says is read, and the model that it means is asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mr;
  static const std::string kFile = embedding_file();
  auto config = json::parse({reinterpret_cast<const char*>(data), size},
                            {.memory_bytes = 1U << 20, .scratch_bytes = 1U << 20});
  if (!config) return 0;
  auto weights = safetensors::parse(std::as_bytes(std::span(kFile)));
  const model::Checkpoint checkpoint{"config.json", *std::move(weights), *std::move(config),
                                     "model."};
  const auto counter = kern::make_counter(kern::table(kern::Level::ref));
  const auto loaded = model::load({.checkpoint = &checkpoint}, counter->device);
  if (loaded) __builtin_trap();  // layers are missing
  return 0;
}
