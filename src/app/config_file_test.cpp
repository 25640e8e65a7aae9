#include "app/config_file.h"

#include <gtest/gtest.h>

namespace mr::app {
namespace {

std::string shown(const std::string& text) {
  const auto settings = parse_config(text, "c");
  if (!settings) return settings.error().message;
  std::string out;
  for (const Setting& setting : *settings) {
    out += setting.where + " [" + setting.section + "] " + setting.key;
    for (const std::string& value : setting.values) out += " <" + value + ">";
    out += "\n";
  }
  return out;
}

TEST(ConfigFile, ReadsIniAndToml) {
  EXPECT_EQ("", shown(""));
  EXPECT_EQ("", shown("# one\n  ; two\n\n[run] # three\n"));
  EXPECT_EQ("c:1 [] json <true>\nc:3 [run] temp <0.5>\n", shown("json\n[run]\ntemp = 0.5 ; low"));
  EXPECT_EQ("c:2 [run] n-predict <4>\n", shown("[ run ]\r\nn_predict=4\r\n"));
  EXPECT_EQ("c:1 [] system <a \"b\" # c\n>\n", shown(R"(system = "a \"b\" # c\n" # d)"));
  EXPECT_EQ("c:1 [] file <C:\\x>\n", shown(R"(file = 'C:\x')"));
  EXPECT_EQ("c:1 [] stop <a, b> <c>\n", shown(R"(stop = ["a, b", c])"));
  EXPECT_EQ("c:1 [] stop\n", shown("stop = [ ]"));
}

TEST(ConfigFile, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ("c:2: wanted a value", shown("json\ntemp ="));
  EXPECT_EQ("c:1: wanted a closing \"", shown("a = \"b"));
  EXPECT_EQ("c:1: wanted [COMMAND], found '[run'", shown("[run"));
  EXPECT_EQ("c:1: wanted [COMMAND], found '[a]]'", shown("[a]]"));
  EXPECT_EQ("c:1: wanted , or ] in a list", shown("a = [b"));
  EXPECT_EQ("c:1: wanted , or ] in a list", shown("a = [\"b\" c]"));
  EXPECT_EQ("c:1: wanted the end of the line, found 'c'", shown("a = \"b\" c"));
  EXPECT_EQ(R"(c:1: wanted \n, \t, \\ or \" after \)", shown(R"(a = "\x")"));
  EXPECT_EQ("c:1: wanted FLAG = VALUE or [COMMAND], found '\\x00\\xff'",
            shown(std::string("\0\xff", 2)));
  EXPECT_EQ("c:1: wanted FLAG = VALUE or [COMMAND], found ''", shown("= b"));
  EXPECT_EQ(Fault::bad_request, parse_config("[", "c").error().fault);
  EXPECT_EQ(Fault::bad_request, read_config("/nonexistent/file").error().fault);
}

TEST(ConfigFile, NoBeginningOfAFileIsTrouble) {
  const std::string text = "[run]\ntemp = 0.5\nstop = [\"a\", 'b', c]\nname = \"x\\n\"\n\x01\xfe";
  for (std::size_t n = 0; n <= text.size(); ++n) shown(text.substr(0, n));
  for (std::size_t n = 0; n < text.size(); ++n) shown(text.substr(n));
}

}  // namespace
}  // namespace mr::app
