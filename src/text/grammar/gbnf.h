#pragma once
#include <string_view>

#include "base/error.h"
#include "text/grammar/network.h"
#include "text/tokenizer.h"

namespace mr::text::grammar {

/// Reads a grammar in llama.cpp's GBNF, which is also what others call EBNF: rules such as
/// `root ::= "yes" | [0-9]+ word{2,3}`, of which `root` is what is matched. White space, line ends
/// among it, and comments may stand between any two words. `<name>` is a control token.
/// Source: llama.cpp, grammars/README.md.
/// Errors: bad_request, with the line.
Expected<RuleId> add_gbnf(Network& net, std::string_view text, const Tokenizer& tokenizer);

}  // namespace mr::text::grammar
