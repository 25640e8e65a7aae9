#pragma once
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/half.h"
#include "sample/params.h"
#include "sys/text_file.h"

/// For tests: recorded logits, and what others' samplers make of them.
namespace mr::sample {

/// tests/data/samplers.golden, as tools/golden/samplers.py describes it.
struct Golden {
  std::vector<boost::json::object> cases;
  std::vector<std::vector<float>> rows;
  std::vector<std::int32_t> history;
};

inline Golden read_golden() {
  const auto text = sys::read_text(MILLRACE_SOURCE_DIR "/tests/data/samplers.golden");
  EXPECT_TRUE(text) << text.error().message;
  std::string_view rest = *text;
  Golden golden;
  const boost::json::object header = boost::json::parse(sys::take_line(rest)).as_object();
  const auto n_vocab = header.at("n_vocab").to_number<std::size_t>();
  golden.rows.assign(header.at("rows").to_number<std::size_t>(), std::vector<float>(n_vocab));
  golden.history = boost::json::value_to<std::vector<std::int32_t>>(header.at("history"));
  while (rest.starts_with('{')) {
    golden.cases.push_back(boost::json::parse(sys::take_line(rest)).as_object());
  }
  EXPECT_EQ(golden.rows.size() * n_vocab * 2, rest.size());
  for (std::vector<float>& row : golden.rows) {
    for (float& logit : row) {
      std::uint16_t half = 0;
      std::memcpy(&half, rest.data(), sizeof half);
      rest.remove_prefix(sizeof half);
      logit = f16_to_f32(half);
    }
  }
  return golden;
}

inline void read_float(const boost::json::object& from, const char* key, float& to) {
  if (const auto* value = from.if_contains(key)) to = value->to_number<float>();
}

inline void read_int(const boost::json::object& from, const char* key, std::int32_t& to) {
  if (const auto* value = from.if_contains(key)) to = value->to_number<std::int32_t>();
}

inline void read_sequences(const boost::json::object& from, const char* key,
                           std::vector<std::vector<std::int32_t>>& to) {
  if (const auto* value = from.if_contains(key)) {
    to = boost::json::value_to<std::vector<std::vector<std::int32_t>>>(*value);
  }
}

/// Parameters by their names.
inline Params params_of(const boost::json::object& from) {
  Params p;
  read_float(from, "temperature", p.temperature);
  read_float(from, "dynatemp_range", p.dynatemp_range);
  read_float(from, "dynatemp_exponent", p.dynatemp_exponent);
  read_int(from, "top_k", p.top_k);
  read_float(from, "top_p", p.top_p);
  read_float(from, "min_p", p.min_p);
  read_float(from, "typical_p", p.typical_p);
  read_float(from, "top_n_sigma", p.top_n_sigma);
  read_float(from, "xtc_probability", p.xtc_probability);
  read_float(from, "xtc_threshold", p.xtc_threshold);
  read_int(from, "penalty_last_n", p.penalty_last_n);
  read_float(from, "repetition_penalty", p.repetition_penalty);
  read_float(from, "presence_penalty", p.presence_penalty);
  read_float(from, "frequency_penalty", p.frequency_penalty);
  read_int(from, "no_repeat_ngram_size", p.no_repeat_ngram_size);
  read_float(from, "dry_multiplier", p.dry_multiplier);
  read_float(from, "dry_base", p.dry_base);
  read_int(from, "dry_allowed_length", p.dry_allowed_length);
  read_int(from, "dry_penalty_last_n", p.dry_penalty_last_n);
  read_sequences(from, "dry_breakers", p.dry_breakers);
  read_sequences(from, "banned_sequences", p.banned_sequences);
  read_int(from, "mirostat", p.mirostat);
  read_float(from, "mirostat_tau", p.mirostat_tau);
  read_float(from, "mirostat_eta", p.mirostat_eta);
  read_float(from, "adaptive_target", p.adaptive_target);
  read_float(from, "adaptive_decay", p.adaptive_decay);
  return *checked(p, 8192);
}

}  // namespace mr::sample
