#pragma once
#include <cstddef>
#include <cstdint>

#include "text/grammar/limits.h"

namespace mr::api {

/// What a client may send and keep; each is a flag of `millrace serve`.
struct Limits {
  std::size_t header_bytes = std::size_t{32} << 10;
  std::size_t header_line_bytes = std::size_t{8} << 10;
  std::size_t header_lines = 100;
  std::size_t body_bytes = std::size_t{32} << 20;
  std::size_t unread_bytes = std::size_t{1} << 20;  ///< of an answer that its client does not take
  double header_s = 10;
  double body_s = 30;              ///< without a byte; after the first, also ...
  double body_bytes_per_s = 1024;  ///< ... no slower than this on the whole
  double idle_s = 75;              ///< between requests
  double stall_s = 30;             ///< a write that makes no progress
  double ping_s = 15;              ///< of silence in a stream
  std::size_t connections = 4096;
  std::size_t connections_per_address = 256;
  std::size_t waiting = 512;          ///< answers that have not begun
  double wait_s = 30;                 ///< estimated
  std::size_t running_per_key = 0;    ///< answers under way; 0: no limit, as in the next two
  std::size_t waiting_per_key = 0;    ///< of them, those that have not begun
  std::size_t tokens_per_minute = 0;  ///< of a key, prompts and answers
  std::size_t json_depth = 64;
  std::size_t json_keys = 10000;  ///< of one object
  std::size_t json_string_bytes = std::size_t{16} << 20;
  std::size_t messages = 4096;
  std::size_t content_parts = 256;
  std::size_t tools = 128;
  std::size_t prompts = 1024;                        ///< of one request
  std::size_t prompt_tokens = std::size_t{1} << 22;  ///< given as ids
  std::int32_t n_choices = 16;                       ///< n and best_of
  std::int32_t max_tokens = 131072;
  std::int32_t logprobs = 5;       ///< of completions
  std::int32_t top_logprobs = 20;  ///< of chats
  std::size_t stop_strings = 16;
  std::size_t stop_bytes = 256;
  std::size_t logit_biases = 1024;
  std::size_t cache_salt_bytes = 1024;
  text::grammar::Limits grammar = {};                         ///< of schemas, patterns and grammars
  std::size_t stored_response_bytes = std::size_t{64} << 20;  ///< in all, for previous_response_id
};

}  // namespace mr::api
