#include "app/chat_settings.h"

#include <charconv>
#include <limits>
#include <vector>

#include "app/words.h"
#include "base/nearest.h"
#include "base/quote.h"

namespace mr::app {
namespace {

template <typename T>
struct Field {
  const char* name;
  T sample::Params::* field;
};

using sample::Params;

constexpr Field<float> kFloats[] = {
    {"temperature", &Params::temperature},
    {"temp", &Params::temperature},
    {"top_p", &Params::top_p},
    {"min_p", &Params::min_p},
    {"typical_p", &Params::typical_p},
    {"repeat_penalty", &Params::repetition_penalty},
    {"presence_penalty", &Params::presence_penalty},
    {"frequency_penalty", &Params::frequency_penalty},
    {"mirostat_tau", &Params::mirostat_tau},
    {"mirostat_eta", &Params::mirostat_eta},
};

constexpr Field<std::int32_t> kInts[] = {
    {"top_k", &Params::top_k},
    {"repeat_last_n", &Params::penalty_last_n},
    {"mirostat", &Params::mirostat},
    {"min_tokens", &Params::min_tokens},
};

struct Switch {
  const char* name;
  void (*turn)(ChatSettings&);
};

constexpr Switch kSwitches[] = {
    {"verbose", [](ChatSettings& s) { s.verbose = true; }},
    {"quiet", [](ChatSettings& s) { s.verbose = false; }},
    {"think", [](ChatSettings& s) { s.answer.think = true; }},
    {"nothink", [](ChatSettings& s) { s.answer.think = false; }},
    {"history", [](ChatSettings& s) { s.history = true; }},
    {"nohistory", [](ChatSettings& s) { s.history = false; }},
    {"noformat", [](ChatSettings& s) { s.json = false; }},
    {"nowordwrap", [](ChatSettings& s) { s.n_columns = 0; }},
};

template <typename T>
Expected<void> read_number(std::string_view name, std::string_view text, const char* wanted,
                           T& field) {
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, field);
  if (read.ec == std::errc{} && read.ptr == end) return {};
  return fail(Fault::bad_request,
              std::string(name) + ": wanted " + wanted + ", found " + quote(text));
}

Expected<void> set_format(ChatSettings& s, std::string_view value) {
  if (value != "json" && value != "off") {
    return fail(Fault::bad_request, "format: wanted json or off, found " + quote(value));
  }
  s.json = value == "json";
  return {};
}

Expected<void> set_columns(ChatSettings& s, std::string_view value) {
  constexpr std::int32_t kMostColumns = 10000;
  s.n_columns = 0;
  if (value == "off") return {};
  MR_TRY_VOID(read_number("wordwrap", value, "a number of columns or off", s.n_columns));
  if (s.n_columns >= 1 && s.n_columns <= kMostColumns) return {};
  return fail(Fault::bad_request,
              "wordwrap: wanted 1 to " + std::to_string(kMostColumns) + " columns or off");
}

/// Reads a value into the field of this name; whether there is one.
Expected<bool> set_field(ChatSettings& s, std::string_view name, std::string_view value) {
  for (const auto& [known, field] : kFloats) {
    if (name != known) continue;
    MR_TRY_VOID(read_number(name, value, "a number", s.sample.*field));
    return true;
  }
  for (const auto& [known, field] : kInts) {
    if (name != known) continue;
    MR_TRY_VOID(read_number(name, value, "an integer", s.sample.*field));
    return true;
  }
  if (name == "seed") {
    MR_TRY_VOID(read_number(name, value, "an integer, 0 or more", s.sample.seed));
  } else if (name == "num_predict") {
    MR_TRY_VOID(read_number(name, value, "an integer", s.n_new));
  } else if (name == "reasoning_budget") {
    MR_TRY_VOID(read_number(name, value, "an integer", s.answer.budget.n_tokens));
    if (s.answer.budget.n_tokens < -1) {
      return fail(Fault::bad_request, "reasoning_budget: wanted -1 or more");
    }
  } else if (name == "format") {
    MR_TRY_VOID(set_format(s, value));
  } else if (name == "wordwrap") {
    MR_TRY_VOID(set_columns(s, value));
  } else if (name == "stop") {
    s.answer.stop.clear();
    if (!value.empty()) s.answer.stop.emplace_back(value);
  } else {
    return false;
  }
  return true;
}

std::vector<std::string> names() {
  std::vector<std::string> all{"seed", "num_predict", "reasoning_budget",
                               "stop", "format",      "wordwrap"};
  for (const auto& known : kFloats) all.emplace_back(known.name);
  for (const auto& known : kInts) all.emplace_back(known.name);
  for (const auto& known : kSwitches) all.emplace_back(known.name);
  return all;
}

}  // namespace

Expected<void> set(ChatSettings& settings, std::string_view words, std::int32_t n_vocab) {
  std::string_view name = take_word(words);
  if (name == "parameter") name = take_word(words);
  ChatSettings changed = settings;
  for (const Switch& known : kSwitches) {
    if (name != known.name) continue;
    known.turn(settings);
    return {};
  }
  MR_TRY(const bool known, set_field(changed, name, words));
  if (!known) {
    return fail(Fault::bad_request,
                "/set: no such name " + quote(name) + did_you_mean(std::string(name), names()));
  }
  MR_TRY(changed.sample, sample::checked(std::move(changed.sample), n_vocab));
  settings = std::move(changed);
  return {};
}

std::string settings_text(const ChatSettings& settings) {
  std::string out;
  char line[96];
  const auto add = [&](const char* name, double value) {
    std::snprintf(line, sizeof line, "%s %g\n", name, value);
    out += line;
  };
  for (const auto& [name, field] : kFloats) {
    if (std::string_view(name) != "temp") add(name, static_cast<double>(settings.sample.*field));
  }
  for (const auto& [name, field] : kInts) add(name, settings.sample.*field);
  add("num_predict", settings.n_new);
  add("reasoning_budget", settings.answer.budget.n_tokens);
  out += "seed " + std::to_string(settings.sample.seed) + "\n";
  for (const std::string& stop : settings.answer.stop) out += "stop " + quote(stop) + "\n";
  out += settings.verbose ? "verbose\n" : "quiet\n";
  out += settings.history ? "history\n" : "nohistory\n";
  out += settings.json ? "format json\n" : "noformat\n";
  out += settings.n_columns > 0 ? "wordwrap " + std::to_string(settings.n_columns) + "\n"
                                : "nowordwrap\n";
  if (settings.answer.think) out += *settings.answer.think ? "think\n" : "nothink\n";
  return out;
}

}  // namespace mr::app
