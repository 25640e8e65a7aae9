#include "kv/pool_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string difference = mr::kv::drive_pool({data, size});
  MR_CHECK(difference.empty());
  return 0;
}
