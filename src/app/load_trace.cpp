#include "app/load_trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <optional>

#include "base/quote.h"
#include "base/rng.h"
#include "io/json.h"
#include "sys/line_file.h"

namespace mr::app {
namespace {

constexpr std::size_t kMostLine = std::size_t{16} << 20;
constexpr std::int32_t kBlock = 512;  ///< tokens that one of Mooncake's names stands for

using Requests = std::vector<api::LoadRequest>;

std::int32_t scaled(const LoadPlan& plan, double n) {
  return std::max(1, static_cast<std::int32_t>(std::lround(n * plan.scale)));
}

std::vector<std::int32_t> random_tokens(std::uint64_t seed, std::int32_t n, std::int32_t n_vocab) {
  Rng rng{seed};
  std::vector<std::int32_t> out;
  for (std::int32_t i = 0; i < n; ++i) {
    out.push_back(static_cast<std::int32_t>(below(rng, static_cast<std::uint64_t>(n_vocab))));
  }
  return out;
}

std::optional<double> number(const boost::json::object& object, const char* key) {
  const boost::json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return {};
  return value->to_number<double>();
}

const boost::json::array* list(const boost::json::object& object, const char* key) {
  const boost::json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_array() : nullptr;
}

/// Blocks of tokens that depend on their names alone.
std::optional<api::LoadRequest> read_mooncake(const LoadPlan& plan, const boost::json::object& line,
                                              std::int32_t n_vocab) {
  const auto time = number(line, "timestamp");
  const auto n_prompt = number(line, "input_length");
  const auto n_new = number(line, "output_length");
  const auto* names = list(line, "hash_ids");
  if (!time || !n_prompt || !n_new || names == nullptr) return {};
  api::LoadRequest request{.at_s = *time * 1e-3, .prompt = {}, .n_new = scaled(plan, *n_new)};
  const auto n = static_cast<std::size_t>(scaled(plan, *n_prompt));
  for (const boost::json::value& name : *names) {
    if (!name.is_int64() || request.prompt.size() >= n) break;
    const auto seed =
        plan.seed * 0x9E3779B97F4A7C15U + static_cast<std::uint64_t>(name.get_int64());
    const auto block = random_tokens(seed, scaled(plan, kBlock), n_vocab);
    request.prompt.insert(request.prompt.end(), block.begin(), block.end());
  }
  if (request.prompt.size() > n) request.prompt.resize(n);
  if (request.prompt.empty()) return {};
  return request;
}

std::optional<api::LoadRequest> read_sharegpt(const LoadPlan& plan, const boost::json::object& line,
                                              std::int32_t n_vocab) {
  const auto time = number(line, "arrival_time_ns");
  const auto n_new = number(line, "output_toks");
  const auto* ids = list(line, "input_tok_ids");
  if (!time || !n_new || ids == nullptr || ids->empty()) return {};
  api::LoadRequest request{.at_s = *time * 1e-9, .prompt = {}, .n_new = scaled(plan, *n_new)};
  const auto n = static_cast<std::size_t>(scaled(plan, static_cast<double>(ids->size())));
  for (std::size_t i = 0; i < std::min(n, ids->size()); ++i) {
    const boost::json::value& id = (*ids)[i];
    if (!id.is_int64() || id.get_int64() < 0) return {};
    request.prompt.push_back(static_cast<std::int32_t>(id.get_int64() % n_vocab));
  }
  return request;
}

tl::unexpected<Error> bad_line(const LoadPlan& plan, std::int64_t number_of_line) {
  return fail(Fault::bad_request, "--trace " + plan.trace + ": line " +
                                      std::to_string(number_of_line) +
                                      ": wanted a request of a known form, found none");
}

Expected<Requests> read_jsonl(const LoadPlan& plan, std::int32_t n_vocab) {
  MR_TRY(sys::LineReader reader, sys::open_lines(plan.trace));
  Requests out;
  for (std::int64_t i = 1; out.size() < static_cast<std::size_t>(plan.n); ++i) {
    MR_TRY(const auto text, sys::next_line(reader, kMostLine));
    if (!text) break;
    const auto document = json::parse(*text);
    const auto* line = document ? document->root.if_object() : nullptr;
    if (line == nullptr) return bad_line(plan, i);
    auto request = line->contains("hash_ids") ? read_mooncake(plan, *line, n_vocab)
                                              : read_sharegpt(plan, *line, n_vocab);
    if (!request) return bad_line(plan, i);
    out.push_back(std::move(*request));
  }
  return out;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells{""};
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else if (c != '\r' && c != '"') {
      cells.back() += c;
    }
  }
  return cells;
}

/// "2023-11-16 18:17:03.9799600" as seconds.
std::optional<double> seconds_of(const std::string& text) {
  std::tm t{};
  double s = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%lf", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
                  &t.tm_min, &s) != 6) {
    return {};
  }
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  return static_cast<double>(timegm(&t)) + s;
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || !(value >= 0 && value < 1e9)) return {};
  return value;
}

Expected<Requests> read_csv(const LoadPlan& plan, std::int32_t n_vocab) {
  MR_TRY(sys::LineReader reader, sys::open_lines(plan.trace));
  MR_TRY(const auto first, sys::next_line(reader, kMostLine));
  const std::vector<std::string> names = cells_of(first.value_or(""));
  const auto column = [&](std::initializer_list<const char*> any) {
    return static_cast<std::size_t>(
        std::find_first_of(names.begin(), names.end(), any.begin(), any.end()) - names.begin());
  };
  const std::size_t time = column({"TIMESTAMP", "arrived_at"});
  const std::size_t prompt = column({"ContextTokens", "num_prefill_tokens"});
  const std::size_t answer = column({"GeneratedTokens", "num_decode_tokens"});
  if (prompt == names.size() || answer == names.size()) return bad_line(plan, 1);
  Requests out;
  for (std::int64_t i = 2; out.size() < static_cast<std::size_t>(plan.n); ++i) {
    MR_TRY(const auto line, sys::next_line(reader, kMostLine));
    if (!line) break;
    const std::vector<std::string> cells = cells_of(*line);
    if (cells.size() != names.size()) return bad_line(plan, i);
    const auto at = time < names.size() ? seconds_of(cells[time]) : 0.0;
    const auto n_prompt = number_of(cells[prompt]);
    const auto n_new = number_of(cells[answer]);
    if (!at || !n_prompt || !n_new) return bad_line(plan, i);
    out.push_back({.at_s = *at,
                   .prompt = random_tokens(plan.seed + static_cast<std::uint64_t>(i) * 7919,
                                           scaled(plan, *n_prompt), n_vocab),
                   .n_new = scaled(plan, *n_new)});
  }
  return out;
}

struct Lengths {
  std::int32_t prompt = 0;
  std::int32_t answer = 0;
};

Expected<std::vector<Lengths>> read_mix(const std::string& mix) {
  std::vector<Lengths> out;
  for (const std::string& one : cells_of(mix)) {
    const std::size_t colon = std::min(one.find(':'), one.size());
    const auto prompt = number_of(one.substr(0, colon));
    const auto answer = number_of(one.substr(std::min(colon + 1, one.size())));
    if (!prompt || !answer || *prompt < 1 || *answer < 1) {
      return fail(Fault::bad_request, "--mix: wanted PROMPT:ANSWER tokens, found " + quote(one));
    }
    out.push_back({static_cast<std::int32_t>(*prompt), static_cast<std::int32_t>(*answer)});
  }
  return out;
}

Expected<Requests> make_mix(const LoadPlan& plan, std::int32_t n_vocab) {
  MR_TRY(const std::vector<Lengths> mix, read_mix(plan.mix));
  const auto shared = random_tokens(plan.seed, plan.n_shared, n_vocab);
  Rng rng{plan.seed};
  Requests out;
  for (std::int32_t i = 0; i < plan.n; ++i) {
    const Lengths& lengths = mix[below(rng, mix.size())];
    api::LoadRequest request{.at_s = 0, .prompt = shared, .n_new = scaled(plan, lengths.answer)};
    const auto own = random_tokens(plan.seed + 1 + static_cast<std::uint64_t>(i),
                                   scaled(plan, lengths.prompt), n_vocab);
    request.prompt.insert(request.prompt.end(), own.begin(), own.end());
    out.push_back(std::move(request));
  }
  return out;
}

/// Gives the requests their times: those of the trace, stretched to a mean rate, or a Poisson
/// process where it has none.
void set_times(const LoadPlan& plan, Requests& requests) {
  if (requests.empty()) return;
  std::ranges::stable_sort(requests, {}, &api::LoadRequest::at_s);
  const double first = requests.front().at_s;
  for (api::LoadRequest& request : requests) request.at_s -= first;
  const double span = requests.back().at_s;
  const auto n = static_cast<double>(requests.size());
  if (span > 0 && plan.rate > 0) {
    for (api::LoadRequest& request : requests) request.at_s *= n / plan.rate / span;
  } else if (span == 0) {
    Rng rng{plan.seed};
    double at = 0;
    for (api::LoadRequest& request : requests) {
      request.at_s = at;
      at -= std::log(1 - unit(rng)) / (plan.rate > 0 ? plan.rate : 1);
    }
  }
}

}  // namespace

Expected<Requests> plan_load(const LoadPlan& plan, std::int32_t n_vocab) {
  Requests requests;
  if (plan.trace.empty()) {
    MR_TRY(requests, make_mix(plan, n_vocab));
  } else if (plan.trace.ends_with(".csv")) {
    MR_TRY(requests, read_csv(plan, n_vocab));
  } else {
    MR_TRY(requests, read_jsonl(plan, n_vocab));
  }
  for (api::LoadRequest& request : requests) {
    const auto most = static_cast<std::size_t>(std::max(1, plan.n_most - 1));
    if (request.prompt.size() > most) request.prompt.resize(most);
    const auto room = plan.n_most - static_cast<std::int32_t>(request.prompt.size());
    request.n_new = std::clamp(request.n_new, 1, std::max(1, room));
  }
  set_times(plan, requests);
  return requests;
}

}  // namespace mr::app
