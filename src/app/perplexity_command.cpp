#include "app/perplexity_command.h"

#include <boost/json.hpp>
#include <cstdio>
#include <optional>

#include "app/exit.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "sys/text_file.h"
#include "tune/base_logits.h"
#include "tune/divergence.h"
#include "tune/perplexity.h"

namespace mr::app {
namespace {

constexpr std::size_t kMaxTextBytes = 1U << 30;

/// What is done with every scored token besides summing it up.
struct Sinks {
  std::optional<sys::OutFile> logprobs;
  std::optional<tune::BaseWriter> save;
  std::optional<tune::BaseReader> base;
  std::vector<float> base_row;
  std::int64_t n_rows = 0;
  tune::DivergenceSums divergence;
  std::optional<Error> error;  ///< the first; the tokens after it are not looked at
};

Expected<std::vector<std::int32_t>> read_tokens(const Loaded& loaded, const std::string& path) {
  MR_TRY(const std::string text, sys::read_text(path, kMaxTextBytes));
  MR_TRY(const auto ids, text::encode(loaded.tokenizer, text, {.add_special = true}));
  return std::vector<std::int32_t>(ids.begin(), ids.end());
}

/// The token that stands first in every window, where the model wants one before its texts.
std::int32_t window_bos(const text::Tokenizer& tokenizer) {
  const auto& prefix = tokenizer.vocab.prefix;
  return prefix.empty() ? -1 : static_cast<std::int32_t>(prefix[0]);
}

Expected<Sinks> open_sinks(const PerplexityArgs& args, const Loaded& loaded,
                           std::span<const std::int32_t> tokens) {
  Sinks sinks;
  const tune::BaseShape shape{
      .n_context = args.n_context,
      .n_vocab = loaded.model.config.n_vocab,
      .n_windows = tune::count_windows(tokens.size(), args.n_context, args.n_chunks)};
  if (!args.logprobs.empty()) {
    MR_TRY(sinks.logprobs, sys::create(args.logprobs));
  }
  if (!args.save_logits.empty()) {
    MR_TRY(sinks.save, tune::make_base_writer(args.save_logits, shape, tokens));
  }
  if (!args.kl.empty()) {
    MR_TRY(sinks.base, tune::open_base(args.kl, shape, tokens));
    sinks.base_row.resize(static_cast<std::size_t>(shape.n_vocab));
  }
  return sinks;
}

Expected<void> take(Sinks& sinks, const tune::Scored& scored, std::int32_t token) {
  if (sinks.logprobs) {
    char line[64];
    const int n =
        std::snprintf(line, sizeof line, "%lld %d %.17g\n", static_cast<long long>(scored.index),
                      token, scored.log_probability);
    MR_TRY_VOID(
        sys::append(*sinks.logprobs, std::as_bytes(std::span(line, static_cast<std::size_t>(n)))));
  }
  if (sinks.save) {
    MR_TRY_VOID(tune::write_row(*sinks.save, scored.logits));
  }
  if (sinks.base) {
    MR_TRY_VOID(tune::read_row(*sinks.base, sinks.n_rows, sinks.base_row));
    tune::add(sinks.divergence, sinks.base_row, scored.logits, token);
  }
  ++sinks.n_rows;
  return {};
}

Expected<void> close(Sinks& sinks) {
  if (sinks.error) return tl::unexpected<Error>(*sinks.error);
  if (sinks.logprobs) {
    MR_TRY_VOID(sys::commit(*sinks.logprobs));
  }
  if (sinks.save) {
    MR_TRY_VOID(tune::finish(*sinks.save));
  }
  return {};
}

Expected<tune::Perplexity> score(const PerplexityArgs& args, const Loaded& loaded, Sinks& sinks,
                                 std::span<const std::int32_t> tokens) {
  MR_TRY(tune::Scorer scorer, tune::make_scorer(loaded.model, args.n_context, args.kv_type));
  Progress progress = make_progress("perplexity");
  const auto on_window = [&](std::int32_t done, std::int32_t total, const tune::Perplexity& p) {
    show(progress, done, total, ", ppl " + std::to_string(p.ppl));
    return !interrupted() && !sinks.error;
  };
  const auto on_token = [&](const tune::Scored& scored) {
    if (sinks.error) return;
    const auto taken = take(sinks, scored, tokens[static_cast<std::size_t>(scored.index)]);
    if (!taken) sinks.error = taken.error();
  };
  const auto result = tune::perplexity(
      scorer, tokens, {.n_chunks = args.n_chunks, .bos_token = window_bos(loaded.tokenizer)},
      on_window, on_token);
  clear(progress);
  return result;
}

void print(const tune::Perplexity& p, const std::optional<tune::Divergence>& d) {
  std::printf("nll %.6f, ppl %.4f +/- %.4f over %lld tokens\n", p.nll, p.ppl, p.ppl_err,
              static_cast<long long>(p.n_tokens));
  if (!d) return;
  std::printf("KL %.6f +/- %.6f (most %.4f), same top token %.3f %%, ppl ratio %.6f\n", d->kl,
              d->kl_err, d->kl_max, 100 * d->same_top, d->ppl_ratio);
}

void print_json(const tune::Perplexity& p, const std::optional<tune::Divergence>& d) {
  boost::json::object object{
      {"nll", p.nll}, {"ppl", p.ppl}, {"ppl_err", p.ppl_err}, {"tokens", p.n_tokens}};
  if (d) {
    object["kl"] = d->kl;
    object["kl_err"] = d->kl_err;
    object["kl_max"] = d->kl_max;
    object["same_top"] = d->same_top;
    object["ppl_ratio"] = d->ppl_ratio;
  }
  std::printf("%s\n", boost::json::serialize(object).c_str());
}

Expected<void> measure(const PerplexityArgs& args) {
  MR_TRY(const Loaded loaded, load(args.load, {.n_context = args.n_context,
                                               .n_step_rows = tune::kStepRows,
                                               .kv_type = args.kv_type,
                                               .prompt_logprobs = true}));
  MR_TRY(const auto tokens, read_tokens(loaded, args.text));
  MR_TRY(Sinks sinks, open_sinks(args, loaded, tokens));
  MR_TRY(const tune::Perplexity p, score(args, loaded, sinks, tokens));
  if (interrupted()) return fail(Fault::cancelled, "interrupted");
  MR_TRY_VOID(close(sinks));
  std::optional<tune::Divergence> d;
  if (sinks.base) d = tune::result(sinks.divergence);
  args.json ? print_json(p, d) : print(p, d);
  return {};
}

}  // namespace

int run_perplexity(const PerplexityArgs& args) {
  catch_interrupts();
  const auto done = measure(args);
  return done ? kOk : report(done.error());
}

}  // namespace mr::app
