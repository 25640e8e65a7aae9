#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "app/answer_flags.h"
#include "base/error.h"
#include "sample/params.h"

namespace mr::app {

/// What `/set` changes in a session.
struct ChatSettings {
  sample::Params sample;
  AnswerArgs answer;
  std::int32_t n_new = 0;      ///< tokens of an answer at most; below 1: any number
  bool verbose = false;        ///< figures after each answer
  bool history = true;         ///< lines are kept
  bool json = false;           ///< answers are JSON objects
  std::int32_t n_columns = 0;  ///< that lines of answers are broken at; 0: not at all
};

/// Does what `/set` was told, such as "temperature 0.6", "parameter top_k 20", "think" or "stop
/// END". Errors: bad_request: an unknown name, or a value that the field does not take; nothing
/// changes.
Expected<void> set(ChatSettings& settings, std::string_view words, std::int32_t n_vocab);

/// What stands where `/set` is told nothing.
std::string settings_text(const ChatSettings& settings);

}  // namespace mr::app
