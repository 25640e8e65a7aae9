#include "app/drafts.h"

#include <algorithm>

#include "spec/self_draft.h"

namespace mr::app {
namespace {

bool runs(const spec::Settings& settings, std::string_view name) {
  return std::ranges::any_of(
      settings.choices, [&](const spec::Choice& choice) { return choice.method->name == name; });
}

/// Layers of the target that methods run with caches of their own, at most.
std::int32_t layers_run(const spec::Settings& settings, std::int32_t n_layers) {
  std::int32_t n = 0;
  if (runs(settings, "exit")) {
    n += std::min(spec::exit_layers(settings.sources, n_layers), n_layers);
  }
  if (runs(settings, "skip")) {
    // A set that is yet to be found has one layer at least.
    const auto n_skipped = static_cast<std::int32_t>(settings.sources.skipped_layers.size());
    n += n_layers - std::clamp(n_skipped, 1, n_layers);
  }
  return n;
}

}  // namespace

Expected<std::vector<Opened>> open_drafts(const LoadArgs& args, const spec::Settings& settings) {
  std::vector<Opened> opened;
  if (!runs(settings, "draft")) return opened;
  for (const std::string& file : settings.sources.draft_files) {
    LoadArgs own = args;
    own.model = file;
    MR_TRY(Opened one, open(own));
    opened.push_back(std::move(one));
  }
  return opened;
}

Expected<std::uint64_t> draft_bytes(const Opened& target, const std::vector<Opened>& drafts,
                                    const engine::Options& options) {
  std::uint64_t bytes = 0;
  const auto count = [&](const engine::Sketch& sketch) -> Expected<void> {
    MR_TRY(const engine::Footprint of, engine::footprint(sketch, options));
    bytes += of.weights + of.kv + of.activations;
    return {};
  };
  for (const Opened& draft : drafts) MR_TRY_VOID(count(draft.sketch));
  if (runs(options.spec, "selfquant")) {
    MR_TRY(
        const engine::Sketch few_bits,
        engine::sketch(model::source(target.file), kern::table(target.level), model::Bits::four));
    MR_TRY_VOID(count(few_bits));
  }
  MR_TRY(const engine::Footprint whole, engine::footprint(target.sketch, options));
  const std::int32_t n_layers = target.sketch.model.config.n_layers;
  bytes += whole.kv / static_cast<std::uint64_t>(n_layers) *
           static_cast<std::uint64_t>(layers_run(options.spec, n_layers));
  for (const char* name : {"exit", "skip"})
    bytes += runs(options.spec, name) ? whole.activations : 0;
  return bytes;
}

std::uint64_t beside(std::uint64_t available, std::uint64_t taken) {
  if (available == 0) return 0;
  return available > taken ? available - taken : 1;
}

Expected<void> load_drafts(const LoadArgs& args, const std::vector<Opened>& drafts,
                           const kern::Device& device, Loaded& loaded) {
  for (const Opened& opened : drafts) {
    MR_TRY(Weights weights, load_weights(args, opened, device));
    MR_TRY(const text::Tokenizer tokenizer, load_tokenizer(opened.files));
    auto model =
        spec::make_draft_model(std::move(weights.model), tokenizer, loaded.model, loaded.tokenizer);
    if (!model) return fail_at(opened.files.weights, model.error());
    loaded.drafts.push_back(std::make_unique<LoadedDraft>(
        LoadedDraft{.packed = std::move(weights.packed), .model = std::move(*model)}));
    loaded.options.spec.sources.drafts.push_back(&loaded.drafts.back()->model);
  }
  return {};
}

Expected<void> load_few_bits(const LoadArgs& args, const Opened& target, const kern::Device& device,
                             Loaded& loaded) {
  if (!runs(loaded.options.spec, "selfquant")) return {};
  MR_TRY(Weights weights, load_weights(args, target, device, model::Bits::four));
  loaded.few_bits = std::make_unique<model::Model>(std::move(weights.model));
  loaded.options.spec.sources.few_bits = loaded.few_bits.get();
  return {};
}

}  // namespace mr::app
