#include "app/completion.h"

#include <gtest/gtest.h>

namespace mr::app {
namespace {

std::vector<CommandManual> manuals() {
  const FlagManual kind{.names = {"-k", "--kind"},
                        .place = {},
                        .value = "one|two",
                        .choices = {"one", "two"},
                        .text = "It's [a] kind: really",
                        .default_value = {},
                        .variable = {},
                        .group = {}};
  const FlagManual file{.names = {"--file"},
                        .place = {},
                        .value = "FILE",
                        .choices = {},
                        .text = "Which",
                        .default_value = {},
                        .variable = {},
                        .group = {}};
  return {{.name = "go", .text = "Goes", .examples = {}, .flags = {kind, file}}};
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST(Completion, KnowsFlagsAndTheirValues) {
  const std::string bash = bash_completion(manuals());
  EXPECT_TRUE(has(bash, "go:-k|go:--kind) words=(-W 'one two')"));
  EXPECT_TRUE(has(bash, "go:--file) words=(-f)"));
  EXPECT_TRUE(has(bash, "-W '-k --kind --file'"));
  const std::string zsh = zsh_completion(manuals());
  EXPECT_TRUE(has(zsh, R"('*--kind[It'\''s \[a\] kind\: really]:one|two:(one two)')")) << zsh;
  EXPECT_TRUE(has(zsh, "'*--file[Which]:FILE:_files'"));
  const std::string fish = fish_completion(manuals());
  EXPECT_TRUE(has(fish, R"( -s k -l kind -x -a 'one two' -d 'It\'s [a] kind: really')")) << fish;
}

}  // namespace
}  // namespace mr::app
