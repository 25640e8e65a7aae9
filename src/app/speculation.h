#pragma once
#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "engine/engine.h"

/// What commands are told of speculation, and what they tell of it.
namespace mr::app {

struct SpecArgs {
  std::string methods = "auto";  ///< as spec::parse_settings takes it
  sample::Acceptance acceptance = sample::Acceptance::exact;
  std::string rest_index;           ///< of the method rest; part of `auto` where it is given
  std::vector<std::string> drafts;  ///< models of the method draft; likewise
  std::int32_t exit_layer = 0;      ///< as spec::Sources, and the next
  std::vector<std::int32_t> skipped_layers;
};

void add_speculation(CLI::App& command, SpecArgs& args);

/// The flags that name what methods work from.
void add_spec_sources(CLI::App& command, SpecArgs& args);

/// Errors: bad_request for methods that do not exist or lack what they need.
Expected<spec::Settings> speculation(const SpecArgs& args);

/// Counts of a moment, so that what came after it can be told.
using Tallies = std::vector<spec::Tally>;

/// What came of the proposals since `before`: "lookup 12 of 40, suffix 3 of 9"; empty where none
/// were computed.
std::string speculation_text(const spec::Portfolio& portfolio, const Tallies& before);

/// Whether texts are not the model's own, which every output says.
bool is_lossy(const spec::Settings& settings);

/// What figures say of that; empty where there is nothing to say.
const char* lossy_text(const spec::Settings& settings);

/// How much the last step computed, and why: for --verbose.
std::string decision_text(const engine::Decision& decision);

}  // namespace mr::app
