#pragma once
#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "api/structure.h"
#include "base/error.h"
#include "text/grammar/matcher.h"

namespace mr::app {

/// What a command was told of how an answer must look; one of them at most.
struct GrammarArgs {
  std::string grammar;       ///< GBNF
  std::string grammar_file;  ///< a file of it
  std::string schema;        ///< JSON Schema
  std::string schema_file;
};

/// Adds the flags, with llama.cpp's names.
void add_grammar_flags(CLI::App& command, GrammarArgs& args);

/// What the flags ask for. Errors: bad_request naming the flag: a file that cannot be read, text
/// that is no schema.
Expected<api::Structure> structure_of(const GrammarArgs& args);

/// What holds an answer to a structure; null where it may be anything. `tokenizer` outlives it.
/// Errors: bad_request with the place in the grammar or the schema.
Expected<std::shared_ptr<text::grammar::Matcher>> make_answer_matcher(
    const api::Structure& structure, const text::Tokenizer& tokenizer);

}  // namespace mr::app
