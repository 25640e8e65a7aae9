#include "app/grammar_flags.h"

#include <CLI/CLI.hpp>
#include <array>
#include <utility>

#include "api/answer_grammar.h"
#include "io/json.h"
#include "sys/text_file.h"
#include "text/grammar/vocabulary.h"

namespace mr::app {
namespace {

using Kind = api::Structure::Kind;

/// A file that a flag names; what is wrong with it is a mistake of whoever gave the flag.
Expected<std::string> read_for(const char* flag, const std::string& path) {
  auto text = sys::read_text(path);
  if (!text) return fail(Fault::bad_request, std::string(flag) + ": " + text.error().message);
  return text;
}

Expected<boost::json::value> parse_schema(const char* flag, std::string_view text) {
  const auto document = json::parse(text);
  if (!document) {
    return fail(Fault::bad_request, std::string(flag) + ": " + document.error().message);
  }
  if (!document->root.is_object() && !document->root.is_bool()) {
    return fail(Fault::bad_request,
                std::string(flag) + ": wanted a schema, an object or true or false");
  }
  return boost::json::value(document->root, boost::json::storage_ptr());
}

}  // namespace

void add_grammar_flags(CLI::App& command, GrammarArgs& args) {
  const auto add = [&](const char* names, std::string& to, const char* text, const char* type) {
    return command.add_option(names, to, text)->group("Constraints")->type_name(type);
  };
  const std::array options{
      add("--grammar", args.grammar, "The answer matches this grammar, GBNF as llama.cpp's",
          "TEXT"),
      add("--grammar-file", args.grammar_file, "... that of a file", "FILE"),
      add("-j,--json-schema", args.schema, "The answer is JSON that this schema allows", "JSON"),
      add("--json-schema-file,--jf", args.schema_file, "... the schema of a file", "FILE")};
  for (auto* option : options) {
    for (auto* other : options) {
      if (option != other) option->excludes(other);
    }
  }
}

Expected<api::Structure> structure_of(const GrammarArgs& args) {
  const auto grammar = [](std::string text, const char* flag) {
    return api::Structure{.kind = Kind::grammar, .text = std::move(text), .where = flag};
  };
  if (!args.grammar.empty()) return grammar(args.grammar, "--grammar");
  if (!args.grammar_file.empty()) {
    MR_TRY(std::string text, read_for("--grammar-file", args.grammar_file));
    return grammar(std::move(text), "--grammar-file");
  }
  if (args.schema.empty() && args.schema_file.empty()) return api::Structure{};
  const char* flag = args.schema.empty() ? "--json-schema-file" : "--json-schema";
  std::string text = args.schema;
  if (text.empty()) {
    MR_TRY(text, read_for(flag, args.schema_file));
  }
  MR_TRY(auto schema, parse_schema(flag, text));
  return api::Structure{.kind = Kind::schema, .value = std::move(schema), .where = flag};
}

Expected<std::shared_ptr<text::grammar::Matcher>> make_answer_matcher(
    const api::Structure& structure, const text::Tokenizer& tokenizer) {
  if (structure.kind == Kind::any) return std::shared_ptr<text::grammar::Matcher>();
  MR_TRY(auto program, api::compile_structure(structure, tokenizer, {}));
  return text::grammar::make_matcher(
      std::make_shared<const text::grammar::Program>(std::move(program)),
      std::make_shared<const text::grammar::Vocabulary>(text::grammar::make_vocabulary(tokenizer)));
}

}  // namespace mr::app
