#include "app/tokenize.h"

#include <boost/json.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "app/default_model.h"
#include "app/exit.h"
#include "text/tokenizer.h"

namespace mr::app {
namespace {

Expected<text::Tokenizer> load_tokenizer(const TokenizeArgs& args) {
  std::string model = args.model;
  if (model.empty()) {
    MR_TRY(model, default_model());
  }
  MR_TRY(text::Vocab vocab, text::read_vocab(model, args.pre));
  auto tok = text::make_tokenizer(std::move(vocab));
  if (!tok) return fail_at(model, std::move(tok.error()));
  return tok;
}

Expected<std::string> read_stdin() {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 31;
  constexpr std::size_t kChunk = std::size_t{1} << 16;
  std::string text;
  std::size_t n_read = kChunk;
  while (n_read > 0 && text.size() < kMaxBytes) {
    const std::size_t before = text.size();
    text.resize(before + kChunk);
    n_read = std::fread(text.data() + before, 1, kChunk, stdin);
    text.resize(before + n_read);
  }
  if (std::ferror(stdin) != 0) return fail(Fault::failed, "stdin cannot be read");
  return text;
}

Expected<void> write_stdout(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return {};
  }
  return fail(Fault::failed, "stdout cannot be written");
}

Expected<std::vector<text::Id>> parse_ids(const std::string& input) {
  boost::json::error_code error;
  const boost::json::value root = boost::json::parse(input, error);
  if (error || !root.is_array()) {
    return fail(Fault::bad_request, "stdin is not a JSON array of token ids" +
                                        (error ? ": " + error.message() : std::string()));
  }
  std::vector<text::Id> ids;
  for (const boost::json::value& item : root.get_array()) {
    ids.push_back(item.to_number<text::Id>(error));
    if (error) {
      return fail(Fault::bad_request,
                  "item " + std::to_string(ids.size() - 1) + " of the array is not a token id");
    }
  }
  return ids;
}

Expected<void> tokenize(const TokenizeArgs& args) {
  MR_TRY(const text::Tokenizer tok, load_tokenizer(args));
  MR_TRY(const std::string input, read_stdin());
  MR_TRY(const auto ids,
         text::encode(tok, input, {.add_special = args.special, .parse_special = args.special}));
  std::string out = "[";
  for (const text::Id id : ids) {
    if (out.size() > 1) out += ", ";
    out += std::to_string(id);
  }
  return write_stdout(out + "]\n");
}

Expected<void> detokenize(const TokenizeArgs& args) {
  MR_TRY(const text::Tokenizer tok, load_tokenizer(args));
  MR_TRY(const std::string input, read_stdin());
  MR_TRY(const auto ids, parse_ids(input));
  for (const text::Id id : ids) {
    if (id < text::n_tokens(tok)) continue;
    return fail(Fault::bad_request, "the token id " + std::to_string(id) + " is not one of the " +
                                        std::to_string(text::n_tokens(tok)) + " of this model");
  }
  return write_stdout(text::decode(tok, ids));
}

}  // namespace

int run_tokenize(const TokenizeArgs& args) {
  const auto done = tokenize(args);
  return done ? kOk : report(done.error());
}

int run_detokenize(const TokenizeArgs& args) {
  const auto done = detokenize(args);
  return done ? kOk : report(done.error());
}

}  // namespace mr::app
