#include "kv/radix_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string difference = mr::kv::drive_tree({data, size});
  if (!difference.empty()) std::fprintf(stderr, "%s\n", difference.c_str());
  MR_CHECK(difference.empty());
  return 0;
}
