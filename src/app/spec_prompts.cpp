#include "app/spec_prompts.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "sys/text_file.h"

namespace mr::app {
namespace {

constexpr std::size_t kMaxPromptsBytes = std::size_t{64} << 20;
constexpr std::array kPromptFields{"prompt", "question", "text", "instruction"};

std::string prompt_of_line(std::string_view line) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(line, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return std::string(line);
  for (const char* field : kPromptFields) {
    const auto* found = object->if_contains(field);
    if (found != nullptr && found->is_string()) return std::string(found->as_string());
  }
  const auto* turns = object->if_contains("turns");
  if (turns == nullptr || !turns->is_array() || turns->as_array().empty()) return {};
  const auto* first = turns->as_array().front().if_string();
  return first != nullptr ? std::string(*first) : std::string();
}

}  // namespace

Expected<std::vector<std::string>> read_prompts(const std::string& path, std::size_t n) {
  MR_TRY(const std::string text, sys::read_text(path, kMaxPromptsBytes));
  std::vector<std::string> all;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string prompt = prompt_of_line(rest.substr(0, end));
    if (!prompt.empty()) all.push_back(std::move(prompt));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (all.empty()) {
    return fail(Fault::bad_request, path + ": wanted lines with prompts, found none");
  }
  std::vector<std::string> chosen;
  const std::size_t n_chosen = std::min(n, all.size());
  for (std::size_t i = 0; i < n_chosen; ++i) {
    chosen.push_back(std::move(all[i * all.size() / n_chosen]));
  }
  return chosen;
}

}  // namespace mr::app
