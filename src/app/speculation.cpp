#include "app/speculation.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "app/choice.h"
#include "app/model_flags.h"
#include "app/numbers.h"

namespace mr::app {

namespace {

constexpr std::int32_t kMostLayers = 1 << 16;

/// A method that works from something that a flag names.
struct Source {
  std::string_view name;
  bool is_given = false;
  const char* wanted;
};

/// Adds the method to `auto` where it has what it needs. Errors: bad_request where it is asked for
/// without.
Expected<void> use(spec::Settings& settings, const Source& source) {
  const spec::Method* method = spec::find_method(source.name);
  const bool is_asked =
      std::ranges::find(settings.choices, method, &spec::Choice::method) != settings.choices.end();
  if (is_asked && !source.is_given) {
    return fail(Fault::bad_request, "--spec " + std::string(source.name) + ": wanted " +
                                        source.wanted + ", found none");
  }
  if (!is_asked && settings.weighed && source.is_given) {
    settings.choices.push_back({.method = method, .shape = method->shape});
  }
  return {};
}

}  // namespace

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
  add_spec_sources(command, args);
}

void add_spec_sources(CLI::App& command, SpecArgs& args) {
  command.add_option("--rest-index", args.rest_index, "A corpus for the method rest")
      ->group(kEngineGroup)
      ->type_name("FILE");
  command
      .add_option("--model-draft,--md,--spec-draft-model", args.drafts,
                  "A smaller model that drafts, for the method draft (may be given again)")
      ->group(kEngineGroup)
      ->allow_extra_args(false)
      ->type_name("FILE");
  command
      .add_option("--exit-layer", args.exit_layer,
                  "Layers that the method exit runs (default: half of them)")
      ->group(kEngineGroup)
      ->check(integers(1, kMostLayers));
  command
      .add_option("--skip-layers", args.skipped_layers,
                  "Layers that the method skip leaves out, from 0 (default: it searches)")
      ->group(kEngineGroup)
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(integers(0, kMostLayers))
      ->type_name("N,...");
}

Expected<spec::Settings> speculation(const SpecArgs& args) {
  MR_TRY(spec::Settings settings, spec::parse_settings(args.methods));
  settings.sources.rest_index = args.rest_index;
  settings.sources.draft_files = args.drafts;
  settings.sources.exit_layer = args.exit_layer;
  settings.sources.skipped_layers = args.skipped_layers;
  settings.acceptance = args.acceptance;
  MR_TRY_VOID(use(settings, {.name = "rest",
                             .is_given = !args.rest_index.empty(),
                             .wanted = "an index with --rest-index"}));
  MR_TRY_VOID(use(
      settings,
      {.name = "draft", .is_given = !args.drafts.empty(), .wanted = "a model with --model-draft"}));
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
