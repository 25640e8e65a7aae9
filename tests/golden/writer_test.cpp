// Files that gguf::write makes, as the PyPI package `gguf` reads them (tests/data/writer.golden,
// renewed by tools/golden/gguf_fields.py). What llama.cpp makes of them: see peer_test.cpp.
#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "all_metadata.h"
#include "io/gguf.h"
#include "io/json.h"

namespace mr::golden {
namespace {

namespace bj = boost::json;

std::uint32_t crc32(const void* data, std::size_t n) {
  boost::crc_32_type crc;
  crc.process_bytes(data, n);
  return crc.checksum();
}

bj::value json_of(const gguf::Value& value) {
  return std::visit(
      [](const auto& held) -> bj::value {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, gguf::Array>) {
          bj::array all;
          const auto items = gguf::items(held, held.n).value();
          for (const gguf::Value& item : items) all.push_back(json_of(item));
          return all;
        } else {
          return bj::value_from(held);
        }
      },
      value.data);
}

void expect_same(const bj::value& wanted, const bj::value& found, const std::string& key) {
  if (wanted.is_array()) {
    ASSERT_EQ(wanted.get_array().size(), found.as_array().size()) << key;
    for (std::size_t i = 0; i < wanted.get_array().size(); ++i) {
      expect_same(wanted.get_array()[i], found.get_array()[i], key);
    }
  } else if (wanted.is_double()) {
    EXPECT_EQ(wanted.get_double(), found.to_number<double>()) << key;
  } else {
    EXPECT_EQ(wanted, found) << key;
  }
}

TEST(Writer, FilesAreWhatTheGgufPackageReads) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/data/writer.golden");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto document = json::parse(text);  // reads floats exactly
  ASSERT_TRUE(document) << document.error().message;
  const bj::value& golden = document->root;
  const std::string path = testing::TempDir() + "writer_test.gguf";
  ASSERT_TRUE(gguf::write(all_metadata(), path));
  std::ifstream written(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(written), {}};
  std::remove(path.c_str());
  EXPECT_EQ(golden.at("crc32").to_number<std::uint32_t>(), crc32(bytes.data(), bytes.size()))
      << "not the file that the package read";
  const auto parsed = gguf::parse(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const bj::object& fields = golden.at("fields").as_object();
  ASSERT_EQ(fields.size(), parsed->metadata.size());
  for (const gguf::KeyValue& entry : parsed->metadata) {
    const auto* field = fields.if_contains(entry.key);
    ASSERT_NE(nullptr, field) << entry.key;
    expect_same(*field, json_of(entry.value), entry.key);
  }
  const bj::array& tensors = golden.at("tensors").as_array();
  ASSERT_EQ(tensors.size(), parsed->tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const gguf::Tensor& tensor = parsed->tensors[i];
    const bj::array dims(tensor.view.dim, tensor.view.dim + tensor.view.n_dims);
    EXPECT_EQ(tensors[i].at("name").as_string(), tensor.name);
    EXPECT_EQ(tensors[i].at("shape"), dims) << tensor.name;
    EXPECT_EQ(tensors[i].at("type").as_string(), traits(tensor.view.type).name);
    EXPECT_EQ(tensors[i].at("crc32").to_number<std::uint32_t>(),
              crc32(tensor.view.data, tensor.view.bytes))
        << tensor.name;
  }
}

}  // namespace
}  // namespace mr::golden
