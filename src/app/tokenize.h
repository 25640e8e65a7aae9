#pragma once
#include <string>

namespace mr::app {

struct TokenizeArgs {
  std::string model;     ///< a model, a tokenizer file, or a folder; empty: the default
  std::string pre;       ///< names the split rules of a rank file; empty: found beside it
  bool special = false;  ///< add the model's special tokens, and parse those that the text spells
};

/// `millrace tokenize`: the text of stdin as a JSON array of token ids. Returns the exit code.
int run_tokenize(const TokenizeArgs& args);

/// `millrace detokenize`: a JSON array of token ids from stdin as text, byte for byte.
int run_detokenize(const TokenizeArgs& args);

}  // namespace mr::app
