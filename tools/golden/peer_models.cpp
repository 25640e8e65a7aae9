// Writes the models of tests/golden/random_model.h: peer_models FOLDER makes NAME.gguf, and
// NAME-plain.gguf with the same numbers in F32 where they have another type. all_metadata.gguf is
// the file of tests/golden/all_metadata.h.
#include <cstdio>
#include <string>

#include "../../tests/golden/all_metadata.h"
#include "../../tests/golden/random_model.h"

namespace {

bool write_file(const mr::gguf::Draft& draft, const std::string& path) {
  const auto written = mr::gguf::write(draft, path);
  if (!written) std::fprintf(stderr, "peer_models: %s\n", written.error().message.c_str());
  return written.has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: peer_models FOLDER\n"), 2;
  const std::string folder = std::string(argv[1]) + "/";
  bool ok = write_file(mr::golden::all_metadata(), folder + "all_metadata.gguf");
  for (const std::string name : mr::golden::kNames) {
    const mr::golden::Shape shape = *mr::golden::shape_named(name);
    ok = ok && write_file(mr::golden::random_model(shape, false).draft, folder + name + ".gguf");
    if (mr::golden::has_plain(shape)) {
      ok = ok &&
           write_file(mr::golden::random_model(shape, true).draft, folder + name + "-plain.gguf");
    }
  }
  return ok ? 0 : 1;
}
