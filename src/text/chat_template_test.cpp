#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/shared_data.h"
#include "text/jinja/template.h"

namespace mr::text {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The shared chat template data, or "" with the test skipped.
std::string data() {
  const std::string root = shared_data();
  return root.empty() ? "" : root + "/chat_templates/";
}

std::vector<boost::json::object> read_lines(const std::string& path) {
  std::vector<boost::json::object> rows;
  std::stringstream text(read(path));
  for (std::string line; std::getline(text, line);) {
    rows.push_back(boost::json::parse(line).as_object());
  }
  return rows;
}

std::string field(const boost::json::object& row, std::string_view name) {
  return std::string(row.at(name).as_string());
}

Expected<std::string> render(const std::string& source, const boost::json::object& variables) {
  MR_TRY(const jinja::Template parsed, jinja::parse_template(source));
  MR_TRY(const jinja::Clock now, jinja::parse_clock("2025-07-26 12:00"));
  std::vector<jinja::Variable> named;
  for (const auto& [key, value] : variables) named.push_back({key, &value});
  MR_TRY(jinja::Rendered rendered, jinja::render(parsed, named, {.now = now}));
  return std::move(rendered.text);
}

/// A row's expected text or error, against ours.
void expect_row(const boost::json::object& row, const Expected<std::string>& ours,
                const std::string& where) {
  if (row.contains("expected")) {
    if (!ours) {
      ADD_FAILURE() << where << ": " << ours.error().message;
    } else {
      EXPECT_EQ(*ours, field(row, "expected")) << where;
    }
    return;
  }
  const std::string error = field(row, "error");
  if (error.starts_with("runtime")) return;  // Python's own affair: any error or any output
  ASSERT_FALSE(ours) << where << ": wanted " << error << ", got " << *ours;
  // What Python's own exceptions say is no part of the template language.
  for (const char* type : {"TemplateError", "UndefinedError", "SecurityError"}) {
    if (!error.starts_with(type)) continue;
    EXPECT_NE(ours.error().message.find(error.substr(error.find(": ") + 2)), std::string::npos)
        << where << ": " << ours.error().message << ", wanted " << error;
  }
}

/// The rows of tests/data/jinja.jsonl were made by jinja2 itself; see tools/golden/jinja.py.
TEST(ChatTemplate, RendersWhatJinja2Does) {
  auto rows = read_lines(MILLRACE_SOURCE_DIR "/tests/data/jinja.jsonl");
  ASSERT_GE(rows.size(), 290U);
  const boost::json::object context = rows.front();
  rows.erase(rows.begin());
  for (const auto& row : rows) {
    const std::string source = field(row, "template");
    expect_row(row, render(source, context), source);
  }
}

TEST(ChatTemplate, RendersTheGoldens) {
  if (data().empty()) GTEST_SKIP() << "no shared data";
  const auto contexts = boost::json::parse(read(data() + "contexts.json")).as_object();
  const auto rows = read_lines(data() + "goldens.jsonl");
  ASSERT_GE(rows.size(), 513U);
  for (const auto& row : rows) {
    const std::string name = field(row, "template");
    const std::string context = field(row, "context");
    const auto ours = render(read(data() + name), contexts.at(context).as_object());
    expect_row(row, ours, name + " / " + context);
  }
}

TEST(ChatTemplate, RendersTheSyntaxCases) {
  if (data().empty()) GTEST_SKIP() << "no shared data";
  for (const auto& row : read_lines(data() + "jinja_syntax.jsonl")) {
    expect_row(row, render(field(row, "template"), row.at("context").as_object()),
               field(row, "name"));
  }
}

TEST(ChatTemplate, RendersTheEndToEndCases) {
  if (data().empty()) GTEST_SKIP() << "no shared data";
  for (auto row : read_lines(data() + "hf_jinja_e2e.jsonl")) {
    row["expected"] = row.at("target");
    expect_row(row, render(field(row, "chat_template"), row.at("data").as_object()),
               field(row, "name"));
  }
}

}  // namespace
}  // namespace mr::text
