#include "io/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/shared_data.h"

namespace mr::safetensors {
namespace {

// A file with this header and so many bytes of data: 0, 1, 2, ...
std::string make_file(const std::string& header, std::size_t n_data) {
  const std::uint64_t n = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &n, 8);
  file += header;
  for (std::size_t i = 0; i < n_data; ++i) file += static_cast<char>(i);
  return file;
}

std::span<const std::byte> bytes(const std::string& file) {
  return std::as_bytes(std::span(file));
}

std::string error_of(const std::string& header, std::size_t n_data) {
  const std::string text = make_file(header, n_data);
  const auto file = parse(bytes(text));
  return file ? "" : file.error().message;
}

constexpr const char* kTwo = R"({"__metadata__":{"format":"pt"},)"
                             R"("b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},)"
                             R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";

TEST(Safetensors, GivesTensorsWithTheirData) {
  const std::string text = make_file(kTwo, 16);
  const auto file = parse(bytes(text));
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->tensors.size(), 2U);
  const Tensor* b = find_tensor(*file, "b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->view.type, DType::bf16);
  EXPECT_EQ(b->view.n_dims, 2U);
  EXPECT_EQ(columns(b->view), 3U);
  EXPECT_EQ(rows(b->view), 2U);
  EXPECT_EQ(b->view.data[0], std::byte{4});
  EXPECT_EQ(elements(find_tensor(*file, "a")->view), 1U);
  EXPECT_EQ(find_tensor(*file, "c"), nullptr);
  EXPECT_EQ(file->metadata[0].second, "pt");
}

// One tensor t with these fields.
std::string one(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"({"t":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

TEST(Safetensors, ChecksEveryField) {
  EXPECT_EQ(error_of(one("F32", "[2]", "[0,8]"), 8), "");
  EXPECT_EQ(error_of(one("F32", "[0,7]", "[0,0]"), 0), "");
  EXPECT_EQ(error_of(one("F8_E8M0", "[2]", "[0,2]"), 2),
            "tensor 't': dtype: 'F8_E8M0' is not supported");
  EXPECT_EQ(error_of(one("F32", "[2]", "[0,7]"), 8),
            "tensor 't': data_offsets: wanted 8 bytes within 8 of data, found [0, 7]");
  EXPECT_EQ(error_of(one("F32", "[2]", "[8,0]"), 8),
            "tensor 't': data_offsets: wanted 8 bytes within 8 of data, found [8, 0]");
  EXPECT_EQ(error_of(one("F32", "[2]", "[8,16]"), 8),
            "tensor 't': data_offsets: wanted 8 bytes within 8 of data, found [8, 16]");
  EXPECT_EQ(error_of(one("F32", "[2]", "[-8,0]"), 8),
            "tensor 't': data_offsets: wanted an integer from 0 to 2^63 - 1");
  EXPECT_EQ(error_of(one("F32", "[2]", "[0]"), 8), "tensor 't': data_offsets: wanted two numbers");
  EXPECT_EQ(error_of(one("F32", "[9223372036854775807,3]", "[0,8]"), 8),
            "tensor 't': shape: wanted at most 2^44 elements, found dimension "
            "9223372036854775807");
  EXPECT_EQ(error_of(one("F32", "[1.5]", "[0,8]"), 8),
            "tensor 't': shape: wanted an integer from 0 to 2^63 - 1");
  EXPECT_EQ(error_of(one("F32", "[1,1,1,1,1]", "[0,4]"), 4),
            "tensor 't': shape: wanted at most 4 dimensions, found 5");
  EXPECT_EQ(error_of(one("F32", "7", "[0,4]"), 4), "tensor 't': shape: wanted an array");
  EXPECT_EQ(error_of(R"({"t":[]})", 4), "tensor 't': wanted an object");
  EXPECT_EQ(error_of(R"({"t":{"dtype":4}})", 4),
            "tensor 't': field 'dtype': wanted a string, found 4");
  EXPECT_EQ(error_of("{}", 4), "wanted 0 bytes of data, as the tensors say, found 4");
  EXPECT_EQ(error_of(R"({"__metadata__":{"a":1}})", 0), "'__metadata__': wanted strings in 'a'");
}

TEST(Safetensors, RefusesGapsAndOverlaps) {
  const auto two = [](const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
           R"("b":{"dtype":"U8","shape":[4],"data_offsets":)" +
           second + "}}";
  };
  EXPECT_EQ(error_of(two("[4,8]"), 8), "");
  EXPECT_NE(error_of(two("[5,9]"), 9).find("wanted a begin at 4"), std::string::npos);
  EXPECT_NE(error_of(two("[3,7]"), 8).find("wanted a begin at 4"), std::string::npos);
  EXPECT_NE(error_of(two("[0,4]"), 8).find("wanted a begin at 4"), std::string::npos);
  EXPECT_EQ(error_of(two("[4,8]"), 9), "wanted 8 bytes of data, as the tensors say, found 9");
}

TEST(Safetensors, HeadersThatAreNone) {
  for (const std::uint64_t n : {std::uint64_t{1} << 63, ~std::uint64_t{0}, kMaxHeaderBytes + 1}) {
    std::string text = make_file("{}", 0);
    std::memcpy(text.data(), &n, 8);
    const auto file = parse(bytes(text));
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message,
              "header size: wanted at most 33554432, found " + std::to_string(n));
  }
  const std::string whole = make_file(kTwo, 16);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::string cut = whole.substr(0, n);
    const auto file = parse(bytes(cut));
    ASSERT_FALSE(file) << n;
    ASSERT_EQ(file.error().message.find('\n'), std::string::npos);
  }
  EXPECT_NE(error_of("{\"a\":", 0).find("not JSON at byte 5"), std::string::npos);
  EXPECT_NE(
      error_of("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", 0).find("too deep"),
      std::string::npos);
  const std::string pickle = "\x80\x02}q\x01(X....";
  EXPECT_NE(parse(bytes(pickle)).error().message.find("a Python pickle"), std::string::npos);
}

TEST(Safetensors, MemoryOfAHeaderIsBounded) {
  std::string header = R"({"__metadata__":)";
  header += '[';
  for (int i = 0; i < 4000000; ++i) header += "0,";
  header += "0]}";
  EXPECT_NE(error_of(header, 0).find("bytes of memory"), std::string::npos);
}

struct Folder {
  std::string path;
  explicit Folder(const char* name)
      : path(testing::TempDir() + "safetensors_" + std::to_string(getpid()) + "_" + name) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(Safetensors, OpensShardsByTheirIndex) {
  const Folder folder("index");
  const std::string index = folder.path + "/model.safetensors.index.json";
  const auto shard = [](const char* name) {
    return make_file(
        std::string("{\"") + name + R"(":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4);
  };
  write_text(folder.path + "/model-00001-of-00002.safetensors", shard("a"));
  write_text(folder.path + "/model-00002-of-00002.safetensors", shard("b"));
  const auto with_second = [&](const std::string& second) {
    write_text(index,
               R"({"weight_map":{"a":"model-00001-of-00002.safetensors","b":")" + second + "\"}}");
    return open(index);
  };
  const auto file = with_second("model-00002-of-00002.safetensors");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(find_tensor(*file, "b")->shard, 1U);
  EXPECT_FALSE(failed(*file));
  for (const char* name : {"../model.safetensors", "/etc/passwd", "a/b.safetensors", "",
                           ".safetensors", "model.bin"}) {
    const auto refused = with_second(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_NE(refused.error().message.find("weight_map: 'b'"), std::string::npos);
  }
  EXPECT_NE(with_second("model-00001-of-00002.safetensors").error().message.find("tensor 'b'"),
            std::string::npos);
  EXPECT_NE(with_second("model-00003-of-00002.safetensors").error().message.find("No such file"),
            std::string::npos);
}

TEST(Safetensors, FixtureOfAnotherWriter) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  const auto file = open(data + "/weights/fixtures/tiny.safetensors");
  ASSERT_FALSE(file);  // it has five bytes too many; the reference reader refuses it too
  EXPECT_NE(file.error().message.find("wanted 32768 bytes of data"), std::string::npos);
}

}  // namespace
}  // namespace mr::safetensors
