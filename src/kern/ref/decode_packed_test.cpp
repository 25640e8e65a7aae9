#include "kern/ref/decode_packed.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace mr::kern::ref {
namespace {

struct Record {
  std::string name;
  std::uint32_t n_in = 0;
  std::uint32_t n_out = 0;
  std::uint32_t group = 0;
  std::vector<std::vector<float>> tensors;  // any bytes, aligned as floats; the last: the answer
};

std::vector<Record> read_golden() {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/data/packed.golden", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = 0;
  const auto next = [&] {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, 4);
    at += 4;
    return value;
  };
  std::vector<Record> records;
  while (at < bytes.size()) {
    Record record;
    record.name = std::string(bytes.data() + at, 8).c_str();
    at += 8;
    record.n_in = next();
    record.n_out = next();
    record.group = next();
    record.tensors.resize(next());
    for (auto& tensor : record.tensors) {
      const std::uint32_t n_bytes = next();
      tensor.resize((n_bytes + 3) / 4);
      if (n_bytes != 0) std::memcpy(tensor.data(), bytes.data() + at, n_bytes);
      at += n_bytes;
    }
    records.push_back(std::move(record));
  }
  return records;
}

template <typename T>
const T* tensor(const Record& record, std::size_t i) {
  return record.tensors[i].empty() ? nullptr : reinterpret_cast<const T*>(record.tensors[i].data());
}

std::vector<float> decode_record(const Record& r) {
  std::vector<float> to(std::size_t{r.n_in} * r.n_out);
  const auto words = [&](std::size_t i) { return tensor<std::uint32_t>(r, i); };
  const auto floats = [&](std::size_t i) { return tensor<float>(r, i); };
  for (std::uint32_t row = 0; row < r.n_out; ++row) {
    float* at = to.data() + std::size_t{row} * r.n_in;
    if (r.name == "awq") {
      decode_row(AwqRows{words(0), words(1), floats(2), r.n_in, r.n_out, r.group}, row, at);
    } else if (r.name == "gptq") {
      decode_row(GptqRows{words(0), words(1), floats(2), nullptr, r.n_in, r.n_out, r.group, 1}, row,
                 at);
    } else if (r.name == "gptq_act") {
      decode_row(GptqRows{words(0), words(1), floats(2), words(3), r.n_in, r.n_out, r.group, 1},
                 row, at);
    } else if (r.name.starts_with("ct")) {
      const std::uint32_t bits = r.name[2] == '4' ? 4 : 8;
      const std::uint64_t n_groups = r.n_in / r.group;
      decode_row(
          PackedRows{words(0), words(1), floats(2), nullptr, r.n_in, r.group, n_groups, bits}, row,
          at);
    } else if (r.name == "int8") {
      decode_row(Int8Rows{tensor<std::int8_t>(r, 0), floats(2), tensor<std::int8_t>(r, 1), nullptr,
                          r.n_in, r.group, r.n_in / r.group},
                 row, at);
    } else {
      const std::uint64_t block_rows = std::stoul(r.name.substr(4));
      decode_row(Fp8Rows{tensor<std::uint8_t>(r, 0), floats(1), r.n_in, block_rows, r.group}, row,
                 at);
    }
  }
  return to;
}

TEST(DecodePacked, EqualsThePackagesThatWriteTheFormats) {
  const auto records = read_golden();
  EXPECT_EQ(records.size(), 13U);
  for (const Record& record : records) {
    const auto got = decode_record(record);
    ASSERT_EQ(got.size(), record.tensors.back().size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i], record.tensors.back()[i]) << record.name << " weight " << i;
    }
  }
}

}  // namespace
}  // namespace mr::kern::ref
