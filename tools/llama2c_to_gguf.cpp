#include <cstdio>

#include "tune/llama2c.h"

// Turns a llama2.c model into a GGUF file, to try it by hand.
int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: llama2c_to_gguf WEIGHTS.bin TOKENIZER.model OUT.gguf\n");
    return 2;
  }
  const auto converted = mr::llama2c::convert({argv[1], argv[2]}, argv[3]);
  if (converted) return 0;
  std::fprintf(stderr, "llama2c_to_gguf: %s\n", converted.error().message.c_str());
  return 1;
}
