#include "sample/chain.h"

#include "sample/accept.h"
#include "sample/bans.h"
#include "sample/penalties.h"
#include "sample/temperature.h"
#include "sample/truncate.h"

namespace mr::sample {
namespace {

void apply(Sampler sampler, Candidates& c, const Params& p, const Place& place) {
  switch (sampler) {
    case Sampler::penalties:
      return penalties(c, place.history, p);
    case Sampler::dry:
      return dry(c, place.history, p);
    case Sampler::top_n_sigma:
      return top_n_sigma(c, p.top_n_sigma);
    case Sampler::top_k:
      return top_k(c, p.top_k);
    case Sampler::typical_p:
      return typical_p(c, p.typical_p);
    case Sampler::top_p:
      return top_p(c, p.top_p);
    case Sampler::min_p:
      return min_p(c, p.min_p);
    case Sampler::xtc:
      return xtc(c, p.xtc_probability, p.xtc_threshold, key_at(place, p));
    case Sampler::temperature:
      return dynamic_temperature(c, {.temperature = p.temperature,
                                     .range = p.dynatemp_range,
                                     .exponent = p.dynatemp_exponent});
  }
}

/// Draws with all samplers; leaves the token as it is where nothing can be drawn.
void draw_free(Candidates& c, const Params& p, const Place& place, Drawn& drawn) {
  narrow(c, p, place);
  const std::size_t i = accept(c, place.proposed, p.acceptance, key_at(place, p));
  if (i == kNone) return;
  drawn.token = token_of(c, i);
  if (p.mirostat == 2) {
    learn_mirostat(drawn.carry, c, i, p);
  } else if (p.adaptive_target >= 0) {
    learn_adaptive_p(drawn.carry, c.values[i], p);
  }
}

}  // namespace

Key key_at(const Place& place, const Params& params) {
  return {.seed = params.seed,
          .choice = place.choice,
          .position = static_cast<std::uint32_t>(size(place.history))};
}

void narrow(Candidates& c, const Params& p, const Place& place) {
  bias(c, p);
  ban_sequences(c, place.history, p.banned_sequences);
  no_repeat_ngram(c, place.history, p.no_repeat_ngram_size);
  apply(c, p.texts, place.history, place.stop_tokens);
  const bool must_end = apply(c, p.grammar, place.carry.grammar, place.stop_tokens);
  if (!must_end) hold_stops(c, place.history, p.min_tokens, place.stop_tokens);
  if (p.mirostat == 2) {
    temperature(c, p.temperature);
    mirostat(c, place.carry);
    return;
  }
  for (const Sampler sampler : p.order) apply(sampler, c, p, place);
  if (p.adaptive_target >= 0) adaptive_p(c, place.carry, p);
}

Drawn pick(Candidates& c, const Params& p, const Place& place) {
  Drawn drawn{.token = forced(p.thought, place.carry.thought), .carry = place.carry};
  if (drawn.token < 0) draw_free(c, p, place, drawn);
  if (drawn.token < 0) return drawn;
  advance(drawn.carry.thought, p.thought, drawn.token);
  advance(drawn.carry.grammar, p.grammar, drawn.token);
  return drawn;
}

}  // namespace mr::sample
