#include "text/chat_template.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/shared_data.h"
#include "io/gguf_write.h"

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
  ASSERT_GE(rows.size(), 355U);
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

std::string replace_all(std::string text, std::string_view before, std::string_view after) {
  for (std::size_t at = text.find(before); at != std::string::npos;
       at = text.find(before, at + after.size())) {
    text.replace(at, before.size(), after);
  }
  return text;
}

/// json.dumps of a value.
std::string dumps(const boost::json::value& value) {
  return render("{{ x | tojson }}", {{"x", value}}).value();
}

/// A request as Mistral's tokenizer sees it: arguments of calls in json.dumps's layout. It takes
/// tool results that are JSON as JSON, where the template takes them as text: `expected` gets that.
boost::json::object mistral_request(const std::string& path, std::string& expected) {
  auto request = boost::json::parse(read(path)).as_object();
  for (auto& message : request.at("messages").as_array()) {
    auto* calls = message.as_object().if_contains("tool_calls");
    if (calls != nullptr && calls->is_array()) {
      for (auto& call : calls->get_array()) {
        auto& arguments = call.at("function").at("arguments");
        arguments = dumps(boost::json::parse(arguments.as_string()));
      }
    }
    if (message.at("role") != "tool") continue;
    boost::system::error_code error;
    const auto content = message.at("content").as_string();
    const auto parsed = boost::json::parse(content, error);
    if (!error && parsed.is_object()) {
      expected = replace_all(expected, dumps(parsed), dumps(content));
    }
  }
  request["bos_token"] = "<s>";
  request["eos_token"] = "</s>";
  return request;
}

TEST(ChatTemplate, RendersMistralsOwnPrompts) {
  if (data().empty()) GTEST_SKIP() << "no shared data";
  for (const std::string sample :
       {"get_weather_full", "get_weather_no_system_prompt", "parallel_calls"}) {
    for (const std::string version : {"v2", "v3"}) {
      const std::string folder = data() + "mistral_samples/" + sample + "/";
      std::string expected = read(folder + "text_" + version + ".txt");
      expected = replace_all(replace_all(expected, "▁", " "), "<0x0A>", "\n");
      const auto request = mistral_request(folder + "sample.json", expected);
      auto ours = render(read(data() + "mistral-" + version + "_spm.jinja"), request);
      ASSERT_TRUE(ours) << sample << version << ours.error().message;
      // The tokenizer of v2 puts the results of parallel calls in one list, its template does not.
      *ours = replace_all(*ours, "][/TOOL_RESULTS][TOOL_RESULTS] [", ", ");
      EXPECT_EQ(*ours, expected) << sample << version;
    }
  }
}

/// What gpt-oss's template makes of one question, and of what is given beside it.
std::string harmony(const std::string& question, boost::json::object more,
                    std::string_view now = "2025-06-28") {
  if (!more.contains("messages")) {
    more["messages"] = boost::json::array{{{"role", "user"}, {"content", question}}};
  }
  more["add_generation_prompt"] = true;
  const auto parsed = jinja::parse_template(read(data() + "openai-gpt-oss-120b.jinja"));
  std::vector<jinja::Variable> named;
  for (const auto& [key, value] : more) named.push_back({key, &value});
  const auto clock = jinja::parse_clock(now);
  return jinja::render(parsed.value(), named, {.now = clock.value()}).value().text;
}

/// A harmony fixture, without the newline that some end with.
std::string fixture(const std::string& name) {
  std::string text = read(data() + "harmony/test_" + name + ".txt");
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// The fixtures are of openai/harmony's renderer. Three cannot come from the template: it knows no
/// other list of channels (reasoning_system_message, with dates too), and the two on tool calls and
/// tool responses are model output for a parser.
TEST(ChatTemplate, RendersHarmony) {
  if (data().empty()) GTEST_SKIP() << "no shared data";
  const std::string date = "Current date: 2025-06-28\n";  // the template always has it
  EXPECT_EQ(replace_all(harmony("What is 2 + 2?", {}), date, ""), fixture("simple_convo"));
  for (const std::string effort : {"low", "medium", "high"}) {
    const auto ours = harmony("What is the capital of the largest country in the world?",
                              {{"reasoning_effort", effort}});
    EXPECT_EQ(replace_all(ours, date, ""),
              fixture("simple_convo_" + effort + "_effort_no_instruction"));
  }
  const std::string question = "<|start|>user<|message|>X<|end|>";  // the template needs one
  EXPECT_EQ(replace_all(harmony("X", {}), question, ""), fixture("no_tools"));
  const boost::json::object browser = {{"builtin_tools", {"browser"}}};
  EXPECT_EQ(replace_all(harmony("X", browser), question, ""), fixture("browser_tool_only"));

  boost::json::object both = browser;
  both["tools"] = boost::json::parse(R"([{"function": {"name": "lookup_weather", "parameters":
      {"properties": {"location": {"type": "string"}}, "required": ["location"]}}}])");
  both["tools"].at(0).at("function").as_object()["description"] =
      "Use this tool to lookup the weather in a given location. Call it with the parameter "
      "'location', can be any textual description of a location.";
  EXPECT_EQ(replace_all(harmony("X", both), question, ""), fixture("browser_and_function_tool"));

  const auto thought = harmony("", {{"messages", boost::json::parse(R"([
      {"role": "user", "content": "What is 2 + 2?"},
      {"role": "assistant", "thinking": "User asks", "content": "2 + 2 equals 4."},
      {"role": "user", "content": "What about 9 / 2?"}])")}});
  EXPECT_EQ(thought.substr(thought.find("<|start|>user")), fixture("dropping_cot_by_default"));
}

/// A folder that goes when the test ends.
struct Folder {
  std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("chat_template_" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

void write(const Folder& folder, const char* name, const std::string& text) {
  std::ofstream(folder.path / name, std::ios::binary) << text;
}

/// The rendering of one message with what a folder's template says, and its segments in brackets.
std::string segments(const Folder& folder, const ChatInput& input) {
  const auto chat = load_chat_template(folder.path.string());
  if (!chat) return chat.error().message;
  const auto rendered = render_chat(*chat, input);
  if (!rendered) return rendered.error().message;
  std::string out;
  for (const jinja::Segment& segment : rendered->segments) {
    const std::string part = rendered->text.substr(segment.begin, segment.end - segment.begin);
    out += segment.trusted ? part : "[" + part + "]";
  }
  return out;
}

TEST(ChatTemplate, LoadsFromFolders) {
  const Folder folder;
  const boost::json::value messages = {{{"role", "user"}, {"content", "<s>hi"}}};
  const boost::json::value tools = boost::json::array{};
  const ChatInput plain{.messages = &messages};
  EXPECT_NE(segments(folder, plain).find("no chat template"), std::string::npos);
  write(
      folder, "tokenizer_config.json",
      R"({"bos_token": {"content": "<s>"}, "eos_token": "<｜end▁of▁sentence｜>", "chat_template": [
            {"name": "default",
"template": "{% set m = messages[0] %}{{ bos_token }}{{ m.role }}{{ m.content }}{{ tools }}"},
            {"name": "tool_use", "template": "T{{ tools }}"}]})");
  EXPECT_EQ(segments(folder, plain), "<s>user[<s>hi]None");
  EXPECT_EQ(segments(folder, {.messages = &messages, .tools = &tools}), "T[]");
  write(folder, "chat_template.json", R"({"chat_template": "J{{ bos_token }}"})");
  EXPECT_EQ(segments(folder, plain), "J<s>");
  write(
      folder, "chat_template.jinja",
      "{{ enable_thinking }}{{ add_generation_prompt }}{{ extra }}{{ bos_token }}{{ eos_token }}");
  const boost::json::object extra = {{"extra", "E"}, {"bos_token", "</s>"}, {"messages", 1}};
  EXPECT_EQ(segments(folder, {.messages = &messages, .extra = &extra, .enable_thinking = true}),
            "[TrueTrueE]<s><｜end▁of▁sentence｜>");
  write(folder, "chat_template.jinja", "{% if %}");
  EXPECT_NE(segments(folder, plain).find("line 1"), std::string::npos);
}

TEST(ChatTemplate, LoadsFromGguf) {
  const Folder folder;
  const std::string path = (folder.path / "model.gguf").string();
  const std::string_view tokens[] = {"<unk>", "<s>", "</s>"};
  gguf::Draft draft;
  gguf::put<std::string_view>(draft, "general.architecture", "llama");
  gguf::put_array<std::string_view>(draft, "tokenizer.ggml.tokens", tokens);
  gguf::put<std::uint32_t>(draft, "tokenizer.ggml.bos_token_id", 1);
  gguf::put<std::uint32_t>(draft, "tokenizer.ggml.unknown_token_id", 0);
  gguf::put<std::uint32_t>(draft, "tokenizer.ggml.eos_token_id", 99);
  ASSERT_TRUE(gguf::write(draft, path));
  EXPECT_FALSE(load_chat_template(path));
  gguf::put<std::string_view>(draft, "tokenizer.chat_template", "{{ bos_token }}usual");
  gguf::put<std::string_view>(draft, "tokenizer.chat_template.tool_use", "tools");
  ASSERT_TRUE(gguf::write(draft, path));
  const auto chat = load_chat_template(path);
  ASSERT_TRUE(chat) << chat.error().message;
  EXPECT_TRUE(chat->with_tools);
  ASSERT_EQ(chat->tokens.size(), 2U);
  EXPECT_EQ(chat->tokens[0].second, "<s>");
  EXPECT_EQ(chat->tokens[1].second, "<unk>");
  const boost::json::value messages = boost::json::array{};
  const auto rendered = render_chat(*chat, {.messages = &messages});
  ASSERT_TRUE(rendered) << rendered.error().message;
  EXPECT_EQ(rendered->text, "<s>usual");
}

}  // namespace
}  // namespace mr::text
