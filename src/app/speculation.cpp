#include "app/speculation.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "app/choice.h"
#include "app/model_flags.h"

namespace mr::app {

void add_speculation(CLI::App& command, SpecArgs& args) {
  std::string names;
  for (const spec::Method& method : spec::methods()) names += ", " + std::string(method.name);
  command
      .add_option("--spec", args.methods,
                  "Who proposes tokens to verify, same text: auto, off" + names +
                      "; METHOD[:depth=,width=,nodes=], joined by +")
      ->group(kEngineGroup)
      ->type_name("METHOD")
      ->capture_default_str();
  add_choice<sample::Acceptance>(command, "--spec-verify", args.acceptance,
                                 {{"exact", sample::Acceptance::exact},
                                  {"rejection", sample::Acceptance::rejection},
                                  {"typical", sample::Acceptance::typical}},
                                 "When a proposal is taken; typical is lossy")
      ->group(kEngineGroup);
  command.add_option("--rest-index", args.rest_index, "A corpus for the method rest")
      ->group(kEngineGroup)
      ->type_name("FILE");
}

Expected<spec::Settings> speculation(const SpecArgs& args) {
  MR_TRY(spec::Settings settings, spec::parse_settings(args.methods));
  settings.sources.rest_index = args.rest_index;
  settings.acceptance = args.acceptance;
  const spec::Method* rest = spec::find_method("rest");
  const bool has_rest =
      std::ranges::find(settings.choices, rest, &spec::Choice::method) != settings.choices.end();
  if (has_rest && args.rest_index.empty()) {
    return fail(Fault::bad_request, "--spec rest: wanted an index with --rest-index, found none");
  }
  if (!has_rest && settings.weighed && !args.rest_index.empty()) {
    settings.choices.push_back({.method = rest, .shape = rest->shape});
  }
  return settings;
}

std::string speculation_text(const spec::Portfolio& portfolio, const Tallies& before) {
  std::string text;
  for (std::size_t i = 0; i < portfolio.proposers.size(); ++i) {
    spec::Tally tally = portfolio.tally[i];
    if (i < before.size()) {
      tally.n_computed -= before[i].n_computed;
      tally.n_accepted -= before[i].n_accepted;
    }
    if (tally.n_computed == 0) continue;
    text += text.empty() ? "" : ", ";
    text += std::string(portfolio.proposers[i].method->name) + " " +
            std::to_string(tally.n_accepted) + " of " + std::to_string(tally.n_computed);
  }
  return text;
}

bool is_lossy(const spec::Settings& settings) {
  return !settings.choices.empty() && settings.acceptance == sample::Acceptance::typical;
}

const char* lossy_text(const spec::Settings& settings) {
  return is_lossy(settings) ? "; LOSSY: typical acceptance changes the text" : "";
}

std::string decision_text(const engine::Decision& d) {
  std::array<char, 240> text{};
  std::snprintf(text.data(), text.size(),
                "step of %d rows: %.0f us, expected %.0f (v %.2f); %d of %d nodes, p %.3f taken, "
                "%.3f left; lambda %.1f tokens/s",
                d.n_rows, d.us, d.expected_us,
                d.one_row_us > 0 ? d.expected_us / d.one_row_us : 1.0, d.nodes.n_taken,
                d.nodes.n_offered, static_cast<double>(d.nodes.least_taken),
                static_cast<double>(d.nodes.best_left), 1e6 * d.tokens_per_us);
  return text.data();
}

}  // namespace mr::app
