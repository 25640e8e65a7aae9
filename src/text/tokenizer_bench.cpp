#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>

#include "base/shared_data.h"
#include "text/tokenizer.h"

/// Bytes of text a second and core: English, and 1 MB of one character, with every tokenizer of the
/// shared data and with every split rule. The second may take twice the time of the first.
/// Machines are noisy: use --benchmark_enable_random_interleaving and --benchmark_repetitions.
namespace mr::text {
namespace {

constexpr std::size_t kBytes = 1'000'000;

/// WikiText-2, over and over.
std::string english() {
  const std::string path = shared_data() + "/corpus/wikitext2_raw_test.txt";
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
    text.resize(kBytes);
    text.resize(std::fread(text.data(), 1, kBytes, file));
    std::fclose(file);
  }
  return text;
}

std::string repeat(std::string_view character) {
  std::string text;
  while (text.size() + character.size() <= kBytes) text += character;
  return text;
}

void run(benchmark::State& state, const std::string& path, const std::string& pre,
         const std::string& text) {
  auto vocab = read_vocab(path, pre);
  if (!vocab) return state.SkipWithError(vocab.error().message.c_str());
  const auto tok = make_tokenizer(std::move(*vocab));
  if (!tok) return state.SkipWithError(tok.error().message.c_str());
  for (auto _ : state) benchmark::DoNotOptimize(encode(*tok, text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void add(const std::string& name, const std::string& pre = {}) {
  const std::string path = shared_data() + "/tokenizers/" + name;
  const auto with = [&](const std::string& label, const std::string& text) {
    benchmark::RegisterBenchmark((name + pre + "/" + label).c_str(),
                                 [=](benchmark::State& state) { run(state, path, pre, text); });
  };
  with("english", english());
  for (const char* character :
       {"a", " ", "\n", "0", "!", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xcc\x81",
        "\xff", "\xc2\xa0", "\xe3\x80\x80"}) {
    std::string label;
    for (const char c : std::string_view(character)) {
      constexpr const char* kHex = "0123456789abcdef";
      label += {kHex[static_cast<unsigned char>(c) >> 4], kHex[static_cast<unsigned char>(c) & 15]};
    }
    with(label, repeat(character));
  }
}

const bool kRegistered = [] {
  if (shared_data().empty()) return false;
  add("gpt2");
  add("tiktoken/cl100k_base.tiktoken");
  add("tiktoken/o200k_base.tiktoken");
  add("llama3/tokenizer.model");
  add("qwen2");
  add("hf/falcon-tokenizer/tokenizer.json");
  add("gguf_vocab/ggml-vocab-deepseek-llm.gguf");
  add("llama2/tokenizer.model");
  add("llama2/tokenizer.json");
  add("mistral/tokenizer.model.v3");
  for (const char* pre : {"gpt2", "llama3", "cl100k", "qwen2", "qwen3.5", "o200k", "tekken", "kimi",
                          "deepseek-llm", "deepseek-coder", "deepseek-v3", "falcon", "starcoder"}) {
    add("llama4/tokenizer.model", pre);
  }
  return true;
}();

}  // namespace
}  // namespace mr::text
