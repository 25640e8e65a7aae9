#pragma once
#include <string>

#include "text/tokenizer.h"

namespace mr::text {

/// Makes text of tokens that come one by one. What it gives out ends between characters, as far as
/// the bytes are UTF-8 at all, and is in sum what `decode` gives: no byte is lost or changed.
struct StreamDecoder {
  const Tokenizer* tok = nullptr;
  std::string pending = {};  // at most three bytes: the beginning of a character
  bool first = true;         // no text has come yet
};

/// The text that is complete with this token; empty where a character is not.
std::string push(StreamDecoder& stream, Id id);

/// What is left at the end.
std::string finish(StreamDecoder& stream);

}  // namespace mr::text
