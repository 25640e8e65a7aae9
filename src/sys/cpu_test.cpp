#include "sys/cpu.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace mr::sys {
namespace {

/// The kernel's own list of what this machine can do: the line "flags" of /proc/cpuinfo.
std::string kernel_flags() {
  std::FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (file == nullptr) return {};
  std::string text(1 << 16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  const std::size_t begin = text.find("\nflags");
  if (begin == std::string::npos) return {};
  return text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1) + ' ';
}

TEST(Cpu, AgreesWithTheKernel) {
  const std::string flags = kernel_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags";
  const auto has = [&](const char* name) {
    return flags.find(' ' + std::string(name) + ' ') != std::string::npos;
  };
  const CpuFeatures f = cpu_features();
  EXPECT_EQ(has("avx2"), f.avx2);
  EXPECT_EQ(has("fma"), f.fma);
  EXPECT_EQ(has("f16c"), f.f16c);
  EXPECT_EQ(has("avx_vnni"), f.avx_vnni);
  EXPECT_EQ(has("avx512f"), f.avx512f);
  EXPECT_EQ(has("avx512bw"), f.avx512bw);
  EXPECT_EQ(has("avx512dq"), f.avx512dq);
  EXPECT_EQ(has("avx512vl"), f.avx512vl);
  EXPECT_EQ(has("avx512_vnni"), f.avx512_vnni);
  EXPECT_EQ(has("avx512_bf16"), f.avx512_bf16);
  EXPECT_EQ(has("amx_tile"), f.amx_tile);
  EXPECT_EQ(has("amx_int8"), f.amx_int8);
  EXPECT_EQ(has("amx_bf16"), f.amx_bf16);
}

}  // namespace
}  // namespace mr::sys
