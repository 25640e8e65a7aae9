#include "io/resolve.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace mr::io {
namespace {

namespace fs = std::filesystem;

struct Folder {
  std::string path;
  explicit Folder(const char* name)
      : path(testing::TempDir() + "resolve_" + std::to_string(getpid()) + "_" + name) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

void write_text(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

const std::string kSafetensors("\x02\0\0\0\0\0\0\0{\"", 10);

TEST(Resolve, FilesByTheirContents) {
  const Folder folder("files");
  const std::string& at = folder.path;
  write_text(at + "/model.gguf", "GGUF....");
  write_text(at + "/weights.safetensors", kSafetensors + "}..");
  write_text(at + "/config.json", "{}");
  write_text(at + "/model.bin", std::string("PK\x03\x04....", 8));
  EXPECT_EQ(resolve_model(at + "/model.gguf")->format, Format::gguf);
  const auto files = resolve_model(at + "/weights.safetensors");
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->format, Format::safetensors);
  EXPECT_EQ(files->config, at + "/config.json");
  EXPECT_EQ(files->tokenizer, "");
  const auto zip = resolve_model(at + "/model.bin");
  ASSERT_FALSE(zip);
  EXPECT_NE(zip.error().message.find("PyTorch"), std::string::npos);
  for (const std::string name : {"/missing.gguf", "/dev/zero", "", "a/b/c"}) {
    const auto refused = resolve_model(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().fault, Fault::bad_model);
  }
}

TEST(Resolve, Folders) {
  const Folder folder("folders");
  const std::string& at = folder.path;
  write_text(at + "/a/model-00001-of-00002.gguf", "GGUF");
  write_text(at + "/a/model-00002-of-00002.gguf", "GGUF");
  EXPECT_EQ(resolve_model(at + "/a")->weights, at + "/a/model-00001-of-00002.gguf");
  write_text(at + "/b/x.safetensors", kSafetensors);
  write_text(at + "/b/tokenizer.json", "{}");
  write_text(at + "/b/chat_template.jinja", "{}");
  EXPECT_EQ(resolve_model(at + "/b")->weights, at + "/b/x.safetensors");
  EXPECT_EQ(resolve_model(at + "/b")->tokenizer, at + "/b/tokenizer.json");
  EXPECT_EQ(resolve_model(at + "/b")->chat_template, at + "/b/chat_template.jinja");
  write_text(at + "/b/model.safetensors", kSafetensors);
  EXPECT_EQ(resolve_model(at + "/b")->weights, at + "/b/model.safetensors");
  write_text(at + "/b/model.safetensors.index.json", "{}");
  EXPECT_EQ(resolve_model(at + "/b")->weights, at + "/b/model.safetensors.index.json");
  write_text(at + "/c/one.gguf", "GGUF");
  write_text(at + "/c/two.gguf", "GGUF");
  EXPECT_NE(resolve_model(at + "/c").error().message.find("name the file"), std::string::npos);
  write_text(at + "/g/mmproj-F16.gguf", "GGUF");
  write_text(at + "/g/one.gguf", "GGUF");
  EXPECT_EQ(resolve_model(at + "/g")->weights, at + "/g/one.gguf");
  write_text(at + "/d/pytorch_model.bin", "PK");
  EXPECT_NE(resolve_model(at + "/d").error().message.find("can run code"), std::string::npos);
  fs::create_directories(at + "/e");
  ASSERT_EQ(mkfifo((at + "/e/model.gguf").c_str(), 0600), 0);
  EXPECT_NE(resolve_model(at + "/e").error().message.find("found none"), std::string::npos);
  EXPECT_FALSE(resolve_model(at + "/e/model.gguf"));
}

TEST(Resolve, NamesInTheHubCache) {
  const Folder folder("hub");
  const std::string model = folder.path + "/models--org--Name-1.5";
  write_text(model + "/blobs/0123", kSafetensors);
  write_text(model + "/refs/main", "abc123\n");
  fs::create_directories(model + "/snapshots/abc123");
  fs::create_symlink("../../blobs/0123", model + "/snapshots/abc123/model.safetensors");
  const auto files = resolve_model("org/Name-1.5", folder.path);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->weights, model + "/snapshots/abc123/model.safetensors");
  EXPECT_NE(resolve_model("org/other", folder.path).error().message.find("Hugging Face cache"),
            std::string::npos);
  for (const char* name : {"org/..", "../org", "org/../../x", "org/.hidden", "/org/x", "org/-x",
                           "org/a b", "org/a\nb", "org/"}) {
    EXPECT_FALSE(resolve_model(name, folder.path)) << name;
  }
  write_text(model + "/refs/main", "def\n");
  write_text(model + "/snapshots/def/name-Q8_0.gguf", "GGUF");
  write_text(model + "/snapshots/def/name-Q4_K_S.gguf", "GGUF");
  const auto several = resolve_model("org/Name-1.5", folder.path);
  EXPECT_NE(several.error().message.find("org/name:Q8_0"), std::string::npos);
  EXPECT_EQ(resolve_model("org/Name-1.5:q8_0", folder.path)->weights,
            model + "/snapshots/def/name-Q8_0.gguf");
  EXPECT_NE(resolve_model("org/Name-1.5:Q4_K", folder.path).error().message.find("Q4_K_S"),
            std::string::npos);
  write_text(model + "/snapshots/def/name-Q4_K_M.gguf", "GGUF");
  EXPECT_EQ(resolve_model("org/Name-1.5", folder.path)->weights,
            model + "/snapshots/def/name-Q4_K_M.gguf");
  for (const char* commit : {"../../../etc", "", "a/b", ".."}) {
    write_text(model + "/refs/main", commit);
    EXPECT_NE(resolve_model("org/Name-1.5", folder.path).error().message.find("wanted a commit"),
              std::string::npos);
  }
}

TEST(Resolve, AHubModelWithoutABranchHasOneSnapshot) {
  const Folder folder("commit");
  const std::string model = folder.path + "/models--org--name";
  fs::create_directories(model + "/snapshots");
  EXPECT_NE(resolve_model("org/name", folder.path).error().message.find("found no snapshot"),
            std::string::npos);
  write_text(model + "/snapshots/abc/model.safetensors", kSafetensors);
  EXPECT_EQ(resolve_model("org/name", folder.path)->weights,
            model + "/snapshots/abc/model.safetensors");
  write_text(model + "/snapshots/def/model.safetensors", kSafetensors);
  EXPECT_NE(resolve_model("org/name", folder.path).error().message.find("found several"),
            std::string::npos);
}

TEST(Resolve, TheHubCacheFollowsTheEnvironment) {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"}) {
    unsetenv(name);
  }
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(hub_cache(), "/home/me/.cache/huggingface/hub");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(hub_cache(), "/xdg/huggingface/hub");
  setenv("HF_HOME", "/hf", 1);
  EXPECT_EQ(hub_cache(), "/hf/hub");
  setenv("HF_HUB_CACHE", "/cache", 1);
  EXPECT_EQ(hub_cache(), "/cache");
}

}  // namespace
}  // namespace mr::io
