// Products of quantized matrices against numpy's (tests/data/products.golden, renewed by
// tools/golden/products.py): at every level they lie at most 1.5 times as far from the exact ones
// as rounding the rows to int8 alone takes them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kern/cases/data.h"
#include "kern/cases/device.h"

namespace mr::kern {
namespace {

struct Product {
  DType type = DType::f32;
  std::vector<std::byte> matrix;  ///< (n_out, n_in) as stored
  std::vector<double> exact;      ///< (n_rows, n_out)
  double int8_error = 0;          ///< relative L2
};

struct Golden {
  std::int32_t n_rows = 0, n_in = 0, n_out = 0;
  std::vector<float> rows;
  std::vector<Product> products;
};

Golden read_golden() {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/data/products.golden", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = 0;
  const auto take = [&](void* to, std::size_t bytes) {
    std::memcpy(to, text.data() + at, bytes);
    at += bytes;
  };
  Golden golden;
  take(&golden.n_rows, 4);
  take(&golden.n_in, 4);
  take(&golden.n_out, 4);
  const auto n_rows = static_cast<std::size_t>(golden.n_rows);
  const auto n_in = static_cast<std::size_t>(golden.n_in);
  const auto n_out = static_cast<std::size_t>(golden.n_out);
  golden.rows.resize(n_rows * n_in);
  take(golden.rows.data(), golden.rows.size() * sizeof(float));
  while (at < text.size()) {
    Product& product = golden.products.emplace_back();
    char name[9] = {};
    take(name, 8);
    product.type = cases::type_named(name);
    product.matrix.resize(row_bytes(product.type, n_out * n_in));
    take(product.matrix.data(), product.matrix.size());
    product.exact.resize(n_rows * n_out);
    take(product.exact.data(), product.exact.size() * sizeof(double));
    take(&product.int8_error, sizeof(double));
  }
  return golden;
}

double error(const std::vector<float>& found, const std::vector<double>& exact) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    difference += std::pow(static_cast<double>(found[i]) - exact[i], 2);
    norm += exact[i] * exact[i];
  }
  return std::sqrt(difference / norm);
}

/// All products, `n_rows` rows at a time.
std::vector<float> products(const Device& device, const Golden& golden, const Product& of,
                            std::int32_t n_rows) {
  cases::Prepared memory;
  const Weight weight =
      cases::put_weight(memory, device, of.type, of.matrix, golden.n_out, golden.n_in);
  const float* x = cases::put(memory, device, golden.rows);
  std::byte* acts = cases::reserve_acts(memory, device, n_rows, golden.n_in);
  float* y = cases::reserve_floats(memory, device, golden.n_rows * golden.n_out);
  for (std::int32_t row = 0; row < golden.n_rows; row += n_rows) {
    device.ops->to_acts(
        device, {.x = x + row * golden.n_in, .n_rows = n_rows, .dim = golden.n_in, .acts = acts});
    device.ops->gemm(
        device, {.weight = weight, .acts = acts, .n_rows = n_rows, .y = y + row * golden.n_out});
  }
  return cases::get(device, y, golden.n_rows * golden.n_out);
}

class ProductsTest : public testing::TestWithParam<std::string> {};

TEST_P(ProductsTest, AreAsGoodAsRowsOfInt8Allow) {
  const LevelInfo level = cases::level_named(GetParam());
  if (!level.compiled || !level.missing.empty()) GTEST_SKIP() << level.missing;
  const cases::OwnDevice own(level.level, 2);
  const Golden golden = read_golden();
  EXPECT_EQ(18U, golden.products.size());
  for (const Product& product : golden.products) {
    for (const std::int32_t n_rows : {1, 4, golden.n_rows}) {
      const std::vector<float> found = products(own.device, golden, product, n_rows);
      EXPECT_LE(error(found, product.exact), 1.5 * product.int8_error)
          << traits(product.type).name << ", " << n_rows << " rows at a time";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ProductsTest, testing::ValuesIn(cases::level_names()),
                         [](const testing::TestParamInfo<std::string>& of) { return of.param; });

}  // namespace
}  // namespace mr::kern
