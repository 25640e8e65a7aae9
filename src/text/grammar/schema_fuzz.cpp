// Schemas and grammars that clients send: whatever they say, they are refused or compiled within
// their limits, and what a mask lets through can be followed. The first byte picks the language.
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/matcher.h"
#include "text/grammar/pattern.h"
#include "text/grammar/schema.h"
#include "text/vocab.h"

namespace {

using namespace mr;
using namespace mr::text;
using namespace mr::text::grammar;

struct Shipped {
  Tokenizer tokenizer;
  std::shared_ptr<const Vocabulary> vocabulary;
};

Shipped load() {
  auto vocab = read_vocab(MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf");
  auto tokenizer = make_tokenizer(std::move(*vocab));
  auto vocabulary = std::make_shared<const Vocabulary>(make_vocabulary(*tokenizer));
  return {std::move(*tokenizer), std::move(vocabulary)};
}

Expected<RuleId> add(Network& net, std::uint8_t kind, std::string_view text, const Tokenizer& tok) {
  if (kind % 3 == 0) return add_gbnf(net, text, tok);
  if (kind % 3 == 1) {
    MR_TRY(const Automaton texts, read_pattern(text, Find::whole, *net.meter));
    const RuleId rule = add_rule(net);
    if (!is_empty(texts)) {
      add_texts(net, net.rules[rule].enter, net.rules[rule].leave, texts, Writing::json);
    }
    return rule;
  }
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 100;
  const boost::json::value schema = boost::json::parse(text, error, {}, options);
  if (error) return fail(Fault::bad_request, "no JSON");
  return add_schema(net, schema);
}

/// Goes on with the first token that may come, a few times.
void follow(Matcher& matcher) {
  Place place = kStart;
  for (int step = 0; step < 8 && place != kRefused; ++step) {
    const auto mask = allowed(matcher, place);
    std::int32_t token = -1;
    for (std::size_t i = 0; i < mask.size() && token < 0; ++i) {
      if (mask[i] != 0) token = static_cast<std::int32_t>(i * 64) + __builtin_ctzll(mask[i]);
    }
    if (token < 0) return;
    place = after_token(matcher, place, token);
    MR_CHECK(place != kRefused);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Shipped shipped = load();
  if (size == 0) return 0;
  Meter meter{.limits = {.compile_s = 1, .compile_bytes = std::size_t{16} << 20}};
  Network net{.meter = &meter};
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto root = add(net, data[0], text, shipped.tokenizer);
  if (!root) return 0;
  net.root = *root;
  auto program = finish(std::move(net));
  if (!program) return 0;
  follow(*make_matcher(std::make_shared<const Program>(std::move(*program)), shipped.vocabulary,
                       std::size_t{16} << 20));
  return 0;
}
