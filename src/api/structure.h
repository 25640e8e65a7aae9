#pragma once
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "api/fields.h"
#include "text/grammar/network.h"
#include "text/tokenizer.h"

/// What an answer must look like, by the names that clients have for it.
namespace mr::api {

struct Structure {
  enum class Kind : std::uint8_t { any, object, schema, pattern, choice, grammar, tag };
  Kind kind = Kind::any;
  boost::json::value value = nullptr;  ///< of schemas and tags
  std::string text = {};               ///< of patterns and grammars
  std::vector<std::string> choices = {};
  std::string where = {};  ///< in the request
};

/// OpenAI's response_format, vLLM's structured_outputs and guided_*, llama.cpp's grammar and
/// json_schema. A problem where more than one is given.
Structure get_structure(Fields& fields);

/// A format as the Responses API and Anthropic have it: {type: json_schema, schema, ...} in a
/// field of an object.
Structure get_format(Fields& fields, std::string_view key);

/// The rule of the texts that do. Errors: bad_request, with the place in what was asked.
Expected<text::grammar::RuleId> add_structure(text::grammar::Network& net,
                                              const Structure& structure,
                                              const text::Tokenizer& tokenizer);

/// What tells structures apart.
std::string key_of(const Structure& structure);

}  // namespace mr::api
