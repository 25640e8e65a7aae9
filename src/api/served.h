#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/grammar_cache.h"
#include "api/limits.h"
#include "api/reasoning_format.h"
#include "api/tool_format.h"
#include "engine/engine.h"
#include "sample/params.h"
#include "text/chat_template.h"
#include "text/think_marks.h"
#include "text/tokenizer.h"

namespace mr::api {

/// Names that were told on stderr, so that each is told once.
struct Told {
  std::mutex mutex;
  std::set<std::string, std::less<>> names;
};

/// What is served: facts that do not change while the server runs.
struct Served {
  std::vector<std::string> names;          ///< the first is given back where `default` was asked
  std::string fingerprint;                 ///< of program and model
  const text::Tokenizer* tokenizer;        ///< outlives this
  std::optional<text::ChatTemplate> chat;  ///< none: the model has no template
  std::string chat_source;
  ToolFormat tool_format = ToolFormat::hermes;
  std::shared_ptr<const text::grammar::Vocabulary> vocabulary;  ///< the tokenizer's
  std::unique_ptr<GrammarCache> grammars = std::make_unique<GrammarCache>();
  std::vector<std::int32_t> end_tokens;
  std::optional<text::ThinkMarks> marks;
  ReasoningFormat reasoning = ReasoningFormat::automatic;
  sample::Params defaults;  ///< of requests that do not say
  std::int32_t n_vocab = 0;
  std::int32_t n_hidden = 0;                        ///< of a hidden state
  engine::Pooling pooling = engine::Pooling::mean;  ///< of embeddings
  std::int32_t n_context = 0;                       ///< positions of a request
  boost::json::object meta;  ///< llama-server's n_ctx_train, n_params, size, n_vocab, n_embd
  std::string path;
  std::int64_t created = 0;  ///< seconds since 1970
  Limits limits;
  bool strict = false;  ///< unknown fields are refused
  std::unique_ptr<Told> told = std::make_unique<Told>();
};

}  // namespace mr::api
