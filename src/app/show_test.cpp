#include "app/show.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/utf8.h"
#include "io/gguf_write.h"

namespace mr::app {
namespace {

TEST(Utf8, ReplacesWhatIsNone) {
  EXPECT_EQ(to_utf8("a\u00e9\u20ac\U0001F600"), "a\u00e9\u20ac\U0001F600");
  for (const char* bad : {"\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const std::string text = to_utf8(std::string("<") + bad + ">");
    EXPECT_EQ(text.find("<\xEF\xBF\xBD"), 0U);
    EXPECT_EQ(text.back(), '>');
  }
}

std::string write_model() {
  static const std::vector<float> floats(64, 1.0F);
  gguf::Draft draft;
  gguf::put<std::string_view>(draft, "general.architecture", "llama");
  gguf::put<std::string_view>(draft, "bad", "\x1b[2J\xff\n");
  gguf::put<float>(draft, "eps", 1e-5F);
  const std::vector<std::uint32_t> many(100, 7);
  gguf::put_array<std::uint32_t>(draft, "many", many);
  gguf::DraftTensor tensor{.name = "a\x1b.weight", .view = {}};
  tensor.view.n_dims = 2;
  tensor.view.dim[0] = 16;
  tensor.view.dim[1] = 4;
  tensor.view.bytes = 256;
  tensor.view.data = reinterpret_cast<const std::byte*>(floats.data());
  draft.tensors = {tensor};
  const std::string path = testing::TempDir() + "show_" + std::to_string(getpid()) + ".gguf";
  EXPECT_TRUE(gguf::write(draft, path));
  return path;
}

TEST(Show, TextCannotSteerATerminal) {
  const std::string path = write_model();
  const auto text = show_model({.model = path});
  ASSERT_TRUE(text) << text.error().message;
  for (const char c : *text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << int{c};
  for (const char* part : {"GGUF v3", "'llama'", "1e-05", "100 x u32: 7 7", "16 x 4", "256 B",
                           "'a\\x1b.weight'", "1 tensors", "64 weights in all"}) {
    EXPECT_NE(text->find(part), std::string::npos) << part << "\n" << *text;
  }
  unlink(path.c_str());
}

TEST(Show, JsonIsJson) {
  const std::string path = write_model();
  const auto text = show_model({.model = path, .json = true});
  ASSERT_TRUE(text) << text.error().message;
  const auto root = boost::json::parse(*text).as_object();
  EXPECT_EQ(root.at("format").as_string(), "GGUF v3");
  EXPECT_EQ(root.at("metadata").as_object().at("eps").as_double(), 1e-5);
  EXPECT_EQ(root.at("metadata").as_object().at("many").as_object().at("n").as_int64(), 100);
  EXPECT_EQ(root.at("tensors").as_array().at(0).as_object().at("bytes").as_int64(), 256);
  EXPECT_EQ(root.at("types").as_array().at(0).as_object().at("elements").as_int64(), 64);
  unlink(path.c_str());
}

TEST(Show, SafetensorsWithTheirConfig) {
  namespace fs = std::filesystem;
  const std::string folder = testing::TempDir() + "show_folder_" + std::to_string(getpid());
  fs::create_directories(folder);
  const std::string header = R"({"w":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  std::ofstream(folder + "/model.safetensors", std::ios::binary) << file << header << "abcd";
  std::ofstream(folder + "/config.json") << R"({"model_type":"llama","eos_token_id":[1,2]})";
  const auto text = show_model({.model = folder});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_NE(text->find("config.model_type"), std::string::npos) << *text;
  EXPECT_NE(text->find("2 x 2"), std::string::npos);
  std::ofstream(folder + "/config.json") << "{";
  const auto broken = show_model({.model = folder});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().fault, Fault::bad_model);
  EXPECT_NE(broken.error().message.find("config.json': not JSON"), std::string::npos);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace mr::app
