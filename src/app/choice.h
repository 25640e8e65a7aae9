#pragma once
#include <CLI/App.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/quote.h"

namespace mr::app {

/// The values of a flag, by name.
template <typename T>
using Choices = std::vector<std::pair<std::string, T>>;

/// Adds a flag that is one of a few names; help and completion show them all.
template <typename T>
CLI::Option* add_choice(CLI::App& command, const std::string& flags, T& field,
                        const Choices<T>& choices, const std::string& text) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& [name, value] : choices) {
    names.push_back(name);
    list += (list.empty() ? "" : "|") + name;
  }
  const auto set = [&field, choices](const std::string& found) {
    field = std::ranges::find(choices, found, &std::pair<std::string, T>::first)->second;
  };
  const auto check = [names, list](const std::string& found) {
    if (std::ranges::find(names, found) != names.end()) return std::string();
    return "wanted " + list + ", found " + quote(found) + did_you_mean(found, names);
  };
  const auto now = std::ranges::find(choices, field, &std::pair<std::string, T>::second);
  return command.add_option_function<std::string>(flags, set, text)
      ->check(check)
      ->type_name(list)
      ->default_str(now == choices.end() ? "" : now->first);
}

}  // namespace mr::app
