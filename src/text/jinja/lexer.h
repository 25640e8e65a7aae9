#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mr::text::jinja {

enum class TokenKind : std::uint8_t {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  string,  ///< text is what stands between the quotes, escapes and all
  integer,
  real,
  op,
  end,
};

struct Token {
  TokenKind kind;
  std::uint32_t line;
  std::string_view text;
};

/// The source as the lexer wants it: one kind of newline, and none at the very end.
std::string normalise_newlines(std::string_view source);

/// Cuts a template in tokens, with the whitespace control of trim_blocks and lstrip_blocks.
/// The tokens point into `source`. Errors: bad_model.
Expected<std::vector<Token>> tokenize(std::string_view source);

/// The characters that a string token stands for. Errors: bad_model.
Expected<std::string> unescape(const Token& token);

/// An error at a line of a template: `template line 3: ...`.
tl::unexpected<Error> fail_line(std::uint32_t line, std::string_view message,
                                Fault fault = Fault::bad_model);

}  // namespace mr::text::jinja
