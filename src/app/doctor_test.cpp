#include "app/doctor.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace mr::app {
namespace {

/// One on which nothing is slow.
Machine good_machine() {
  Machine machine;
  machine.host = {.cpu = "Some CPU",
                  .n_processors = 4,
                  .n_cores = 4,
                  .n_nodes = 1,
                  .memory_bytes = 8U << 20,
                  .transparent_huge_pages = "madvise",
                  .governor = "performance",
                  .load = 0.5};
  machine.levels = {{.level = kern::Level::ref, .name = "ref", .compiled = true, .missing = {}},
                    {.level = kern::Level::avx2, .name = "avx2", .compiled = true, .missing = {}}};
  machine.level = "avx2";
  machine.n_usable = 4;
  machine.available = 4U << 20;
  machine.model = "m.gguf";
  machine.model_bytes = 1U << 20;
  machine.limits = {.n_threads = 4,
                    .read = {1e10, "AVX2"},
                    .fp32 = {1e11, "FMA"},
                    .bf16 = {},
                    .int8 = {2e11, "AVX2"}};
  return machine;
}

TEST(Doctor, FindsNothingOnAGoodMachine) {
  EXPECT_TRUE(advice(good_machine()).empty());
  EXPECT_NE(std::string::npos, doctor_text(good_machine()).find("nothing here would be slow"));
}

TEST(Doctor, SaysWhatIsSlow) {
  const auto said = [](const auto& spoil, const char* mention) {
    Machine machine = good_machine();
    spoil(machine);
    const auto all = advice(machine);
    return all.size() == 1 && all[0].find(mention) != std::string::npos &&
           doctor_text(machine).find(all[0]) != std::string::npos;
  };
  EXPECT_TRUE(said([](Machine& m) { m.host.n_cores = 2; }, "-t 2"));
  EXPECT_TRUE(said([](Machine& m) { m.host.n_processors = 16; }, "4 of 16"));
  EXPECT_TRUE(said([](Machine& m) { m.host.n_nodes = 2; }, "numactl"));
  EXPECT_TRUE(said([](Machine& m) { m.host.transparent_huge_pages = "never"; }, "huge pages"));
  EXPECT_TRUE(said([](Machine& m) { m.host.governor = "powersave"; }, "powersave"));
  EXPECT_TRUE(said([](Machine& m) { m.host.load = 3; }, "3.0 processors busy"));
  EXPECT_TRUE(said([](Machine& m) { m.model_bytes = 5U << 20; }, "larger than the memory"));
  Machine ref = good_machine();
  ref.level = "ref";
  EXPECT_EQ(2U, advice(ref).size());
}

TEST(Doctor, JsonIsJson) {
  const auto root = boost::json::parse(doctor_json(good_machine())).as_object();
  EXPECT_EQ(1e10, root.at("read_bytes").at("per_s").as_double());
  EXPECT_EQ(2U, root.at("levels").as_array().size());
  EXPECT_NEAR(1e10 / (1 << 20), root.at("model_tok_s_at_most").as_double(), 1);
  EXPECT_TRUE(root.at("advice").as_array().empty());
}

}  // namespace
}  // namespace mr::app
