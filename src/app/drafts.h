#pragma once
#include <cstdint>
#include <vector>

#include "app/loaded.h"

/// The models that draft for another.
namespace mr::app {

/// Opens and checks those that a chosen method runs. Errors: as of open.
Expected<std::vector<Opened>> open_drafts(const LoadArgs& args, const spec::Settings& settings);

/// Bytes of weights, caches and activations of all models that draft beside an engine of these
/// options over `target`: those, for selfquant the target at 4 bits, and for exit and skip the
/// caches of the target's layers that they run.
/// Errors: does_not_fit where they cannot even be counted.
Expected<std::uint64_t> draft_bytes(const Opened& target, const std::vector<Opened>& drafts,
                                    const engine::Options& options);

/// What is left of `available` bytes beside `taken` ones, at least 1; 0 where nobody knows.
std::uint64_t beside(std::uint64_t available, std::uint64_t taken);

/// Loads them on the device of `loaded`, whose model and tokenizer are there, and tells its
/// options. Errors: bad_model, naming the file, where one does not fit the target.
Expected<void> load_drafts(const LoadArgs& args, const std::vector<Opened>& drafts,
                           const kern::Device& device, Loaded& loaded);

/// Loads the target once more at 4 bits, where a chosen method runs it so. Errors: as load_weights.
Expected<void> load_few_bits(const LoadArgs& args, const Opened& target, const kern::Device& device,
                             Loaded& loaded);

}  // namespace mr::app
