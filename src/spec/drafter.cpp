#include "spec/drafter.h"

#include <algorithm>

#include "model/cache_shape.h"

namespace mr::spec {
namespace {

constexpr std::int32_t kPassRows = 256;
constexpr std::int32_t kPassLogits = 64;
constexpr auto kFull = kv::Kind::full;

void give_pages(Drafter& drafter, CachedText& text) {
  for (const kv::PageId page : text.pages) kv::give(drafter.pool, kFull, page);
  text.pages.clear();
  text.tokens.clear();
}

/// Takes the pages of the text that was longest not used, unless it is in use.
bool take_back(Drafter& drafter) {
  CachedText* oldest = nullptr;
  for (auto& [id, text] : drafter.texts) {
    if (text.pages.empty() || text.last_use == drafter.clock) continue;
    if (oldest == nullptr || text.last_use < oldest->last_use) oldest = &text;
  }
  if (oldest == nullptr) return false;
  give_pages(drafter, *oldest);
  return true;
}

/// What was never written must be finite.
Expected<void> zero(Drafter& drafter, std::span<const kv::PageId> pages) {
  if (pages.empty()) return {};
  const kern::Device& device = drafter.model->device;
  std::vector<std::int32_t> list(pages.begin(), pages.end());
  list.resize(2 * pages.size());  // each from its first slot on
  const std::size_t bytes = list.size() * sizeof(std::int32_t);
  if (drafter.page_list.bytes < bytes) {
    MR_TRY(drafter.page_list, kern::make_buffer(device, bytes, "page list of a draft model"));
  }
  device.ops->upload(device, drafter.page_list.data, list.data(), bytes);
  const auto* page = kern::as<std::int32_t>(drafter.page_list);
  device.ops->zero_pages(device, {.kv = drafter.store.view,
                                  .page = page,
                                  .begin = page + pages.size(),
                                  .n = static_cast<std::int32_t>(pages.size())});
  return {};
}

/// How many of the rows one pass takes.
std::size_t n_of_pass(std::span<const DraftRow> rows) {
  std::size_t n = 0;
  std::int32_t n_logits = 0;
  for (; n < rows.size() && n < kPassRows; ++n) {
    if (!rows[n].has_logits) continue;
    if (n_logits == kPassLogits) break;
    ++n_logits;
  }
  return n;
}

model::StepInput step_of(std::span<const DraftRow> rows) {
  model::StepInput step;
  std::vector<const CachedText*> texts;
  for (const DraftRow& row : rows) {
    if (texts.empty() || texts.back() != row.text) texts.push_back(row.text);
    if (row.has_logits) step.logit_rows.push_back(static_cast<std::int32_t>(step.token.size()));
    step.token.push_back(row.token);
    step.pos.push_back(row.pos);
    step.seq.push_back(static_cast<std::int32_t>(texts.size()) - 1);
    step.slot.push_back(row.slot);
    step.context.push_back(row.context);
    step.path.insert(step.path.end(), row.path.begin(), row.path.end());
    step.path_begin.push_back(static_cast<std::int32_t>(step.path.size()));
  }
  for (const CachedText* text : texts) {
    step.max_pages = std::max(step.max_pages, static_cast<std::int32_t>(text->pages.size()));
  }
  step.pages.resize(texts.size() * static_cast<std::size_t>(step.max_pages), kv::kNoPage);
  auto line = step.pages.begin();
  for (const CachedText* text : texts) {
    std::ranges::copy(text->pages, line);
    line += step.max_pages;
  }
  return step;
}

}  // namespace

Expected<Drafter> make_drafter(const model::Model& model, const Room& room) {
  Drafter drafter;
  drafter.model = &model;
  drafter.n_context = std::min(room.n_context, model.config.n_context);
  const kv::StoreShape shape = model::cache_shape(model.config, room.kv_type);
  const std::size_t page_bytes = kv::page_bytes(model.device, shape);
  // Beside the text there are slots for nodes.
  const auto n_pages = static_cast<std::size_t>(kv::pages_for(drafter.n_context) + 1) *
                       static_cast<std::size_t>(room.n_parallel);
  MR_TRY(drafter.pool,
         kv::make_pool({.budget_bytes = n_pages * page_bytes, .full_page_bytes = page_bytes}));
  MR_TRY(drafter.store, kv::make_store(model.device, shape, kv::n_pages(drafter.pool, kFull)));
  MR_TRY(drafter.workspace, model::make_workspace(model, {.n_rows = kPassRows,
                                                          .n_logit_rows = kPassLogits,
                                                          .n_context = room.n_context}));
  return drafter;
}

Expected<CachedText*> open_text(Drafter& drafter, std::uint64_t sequence,
                                std::span<const std::int32_t> tokens) {
  CachedText& text = drafter.texts[sequence];
  text.last_use = drafter.clock;
  const auto known = std::ranges::mismatch(text.tokens, tokens.first(tokens.size() - 1));
  text.tokens.erase(known.in1, text.tokens.end());
  MR_TRY(const bool fits, reserve(drafter, text, static_cast<std::int32_t>(tokens.size())));
  if (fits) return &text;
  give_pages(drafter, text);
  return nullptr;
}

Expected<bool> reserve(Drafter& drafter, CachedText& text, std::int32_t n_slots) {
  const auto n_wanted = static_cast<std::size_t>(kv::pages_for(n_slots));
  const std::size_t n_had = text.pages.size();
  bool fits = true;
  while (fits && text.pages.size() < n_wanted) {
    const kv::PageId page = kv::take(drafter.pool, kFull);
    if (page == kv::kNoPage) {
      fits = take_back(drafter);
    } else {
      text.pages.push_back(page);
    }
  }
  MR_TRY_VOID(zero(drafter, std::span(text.pages).subspan(n_had)));
  return fits;
}

Expected<std::size_t> run_pass(Drafter& drafter, std::span<const DraftRow> rows) {
  const std::size_t n = n_of_pass(rows);
  const model::Model& model = *drafter.model;
  const model::StepInput step = step_of(rows.first(n));
  MR_TRY_VOID(model::forward(model, drafter.workspace, drafter.store.view, step));
  const auto n_vocab = static_cast<std::size_t>(model.config.n_vocab);
  const auto n_blocks = static_cast<std::size_t>(model::logit_blocks(model.config));
  const std::size_t n_logits = step.logit_rows.size();
  drafter.logits.resize(n_logits * (n_vocab + n_blocks));
  model.device.ops->download(model.device, drafter.logits.data(), drafter.workspace.logits.data,
                             drafter.logits.size() * sizeof(float));
  drafter.rows.clear();
  const std::span<const float> all = drafter.logits;
  for (std::size_t i = 0; i < n_logits; ++i) {
    drafter.rows.push_back({.logits = all.subspan(i * n_vocab, n_vocab),
                            .block_max = all.subspan(n_logits * n_vocab + i * n_blocks, n_blocks)});
  }
  return n;
}

void forget_text(Drafter& drafter, std::uint64_t sequence) {
  const auto found = drafter.texts.find(sequence);
  if (found == drafter.texts.end()) return;
  give_pages(drafter, found->second);
  drafter.texts.erase(found);
}

}  // namespace mr::spec
