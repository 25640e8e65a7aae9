// Writes the models of tests/golden/random_model.h: peer_models FOLDER makes NAME.gguf, and
// NAME-plain.gguf with the same numbers in F32 where they have another type.
#include <cstdio>
#include <string>

#include "../../tests/golden/random_model.h"

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: peer_models FOLDER\n"), 2;
  for (const std::string name : mr::golden::kNames) {
    const mr::golden::Shape shape = *mr::golden::shape_named(name);
    for (const bool plain : {false, true}) {
      if (plain && !mr::golden::has_plain(shape)) continue;
      const auto model = mr::golden::random_model(shape, plain);
      const std::string path =
          std::string(argv[1]) + "/" + name + (plain ? "-plain" : "") + ".gguf";
      const auto written = mr::gguf::write(model.draft, path);
      if (!written) return std::fprintf(stderr, "%s\n", written.error().message.c_str()), 1;
    }
  }
}
