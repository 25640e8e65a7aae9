#include "engine/engine.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "engine/hidden.h"
#include "engine/pace.h"
#include "engine/speculate.h"
#include "model/cache_shape.h"
#include "sched/commit.h"
#include "sys/clock.h"

namespace mr::engine {
namespace {

constexpr auto kFull = static_cast<std::size_t>(kv::Kind::full);

using LogitRows = std::span<const sample::LogitRow>;
static_assert(sample::kBlock == kern::kLogitBlock);

/// Pages for n_parallel requests of full length, the scratch slots of their trees, and one copied.
std::int64_t pages_wanted(const Options& options) {
  const std::int64_t each = kv::pages_for(options.n_context) + 2;
  return each * options.n_parallel;
}

/// The scheduler's rows as the model takes them.
model::StepInput step_input(const sched::Batch& batch) {
  return {.token = batch.token,
          .pos = batch.pos,
          .seq = batch.seq,
          .slot = batch.slot,
          .context = batch.context,
          .path_begin = batch.path_begin,
          .path = batch.path,
          .pages = batch.pages[kFull],
          .max_pages = batch.max_pages,
          .logit_rows = batch.logit_rows};
}

Expected<void> run_rows(Engine& engine, const sched::Batch& batch) {
  const kern::Device& device = engine.model->device;
  MR_TRY_VOID(run(batch.work[kFull], engine.store, engine.lists, device));
  MR_TRY_VOID(
      model::forward(*engine.model, engine.workspace, engine.store.view, step_input(batch)));
  const std::size_t n = batch.logit_rows.size();
  const auto n_vocab = static_cast<std::size_t>(engine.model->config.n_vocab);
  const auto n_blocks = static_cast<std::size_t>(model::logit_blocks(engine.model->config));
  engine.logits.resize(n * (n_vocab + n_blocks));
  device.ops->download(device, engine.logits.data(), engine.workspace.logits.data,
                       engine.logits.size() * sizeof(float));
  engine.rows.clear();
  const std::span<const float> all = engine.logits;
  for (std::size_t i = 0; i < n; ++i) {
    engine.rows.push_back({.logits = all.subspan(i * n_vocab, n_vocab),
                           .block_max = all.subspan(n * n_vocab + i * n_blocks, n_blocks)});
  }
  return {};
}

/// The logits of sequence `seq` of the batch.
LogitRows rows_of(const Engine& engine, const sched::Batch& batch, std::size_t seq) {
  const auto begin = static_cast<std::size_t>(batch.logit_begin[seq]);
  const auto end = static_cast<std::size_t>(batch.logit_begin[seq + 1]);
  return LogitRows(engine.rows).subspan(begin, end - begin);
}

/// Offers what thoughts that have spent their budget must go on with, so that one step takes it in.
void offer_forced(Engine& engine) {
  for (const sched::TaskId id : sched::decoding(engine.state)) {
    const sched::Task& task = sched::at(engine.state, id);
    const Engine::Asked& asked = engine.asked.at(task.request);
    const sample::ThoughtLimit& limit = asked.sample.thought;
    sample::Thought thought = asked.carry[static_cast<std::size_t>(task.choice)].thought;
    std::int32_t token = sample::forced(limit, thought);
    if (token < 0) continue;
    spec::Draft draft = spec::make_draft(task.tokens.back());
    for (std::int32_t node = 0; node >= 0 && token >= 0; token = sample::forced(limit, thought)) {
      node = spec::add(draft, node, token, 1.0F);
      sample::advance(thought, limit, token);
    }
    sched::offer(engine.state, id, std::move(draft));
  }
}

/// Takes the rows off `rows` that come before tokens there are already, as those of prompts whose
/// logprobs are wanted do, and tells the prompt's.
std::vector<sample::Logprobs> score(Engine& engine, const sched::Task& task, LogitRows& rows) {
  std::vector<sample::Logprobs> out;
  if (!task.all_logits) return out;
  Engine::Asked& asked = engine.asked.at(task.request);
  auto next = static_cast<std::size_t>(task.seq.length) + 1;
  for (; next < task.tokens.size() && !rows.empty(); ++next) {
    if (next == static_cast<std::size_t>(asked.n_scored) && asked.n_scored < task.n_prompt) {
      out.push_back(sample::logprobs(engine.candidates, rows.front(), task.tokens[next],
                                     asked.n_prompt_logprobs));
      ++asked.n_scored;
    }
    rows = rows.subspan(1);
  }
  return out;
}

/// Draws for one sequence from its logits, and cuts what was drawn at a stop token.
sched::Verdict draw(Engine& engine, const sched::Batch& batch, std::size_t seq, LogitRows rows,
                    spec::Verified& drawn) {
  const sched::Task& task = sched::at(engine.state, batch.task[seq]);
  const bool full = task.tokens.size() >= static_cast<std::size_t>(task.n_max);
  if (rows.empty() || full) return sched::Verdict::go_on;
  Engine::Asked& asked = engine.asked.at(batch.request[seq]);
  sample::Carry& carry = asked.carry[static_cast<std::size_t>(batch.choice[seq])];
  drawn = spec::verify(batch.draft[seq], rows, asked.sample,
                       {.choice = static_cast<std::uint32_t>(batch.choice[seq]),
                        .history = {.before = task.tokens, .path = {}, .n_prompt = asked.n_prompt},
                        .stop_tokens = asked.stop_tokens,
                        .carry = carry},
                       engine.candidates);
  if (drawn.tokens.empty()) return sched::Verdict::failed;
  carry = drawn.carry;
  const auto stop = std::find_first_of(drawn.tokens.begin(), drawn.tokens.end(),
                                       asked.stop_tokens.begin(), asked.stop_tokens.end());
  if (stop == drawn.tokens.end()) return sched::Verdict::go_on;
  drawn.tokens.erase(stop + 1, drawn.tokens.end());
  if (!drawn.logprobs.empty()) drawn.logprobs.resize(drawn.tokens.size());
  return sched::Verdict::stop;
}

/// Learns what the step cost, unless prompts had rows in it, and notes how it was decided.
void settle_pace(Engine& engine, const sched::Batch& batch, const sched::Results& results,
                 double us, double proposing_us) {
  const auto n_rows = static_cast<std::int32_t>(batch.token.size());
  engine.decision = {.n_rows = n_rows,
                     .us = us,
                     .expected_us = sched::cost_us(engine.cost, n_rows),
                     .one_row_us = sched::cost_us(engine.cost, 1),
                     .tokens_per_us = tokens_per_us(engine),
                     .nodes = batch.nodes};
  const bool decodes = std::ranges::all_of(
      batch.row_class, [](sched::RowClass row) { return row == sched::RowClass::exact; });
  if (decodes && results.token.size() >= batch.task.size()) {
    learn_pace(engine, batch, us, proposing_us, results.token.size());
  }
}

/// Forgets a request with its last choice.
void settle_end(Engine& engine, const sched::Ended& ended) {
  const auto found = engine.asked.find(ended.request);
  if (found == engine.asked.end()) return;
  forget_sequence(engine, found->second, ended.choice);
  if (--found->second.n_open == 0) engine.asked.erase(found);
}

void add_ends(Engine& engine, const std::vector<sched::Ended>& ends, std::vector<Event>& events) {
  for (const sched::Ended& end : ends) {
    const auto same = std::find_if(events.begin(), events.end(), [&](const Event& event) {
      return event.request == end.request && event.choice == end.choice;
    });
    Event& event = same != events.end() ? *same : events.emplace_back();
    event.request = end.request;
    event.choice = end.choice;
    event.ended = end.reason;
    settle_end(engine, end);
  }
}

}  // namespace

Expected<std::size_t> kv_bytes(const model::Model& model, const Options& options) {
  const std::size_t page =
      kv::page_bytes(model.device, model::cache_shape(model.config, options.kv_type));
  if (page == 0) {
    return fail(Fault::bad_request, "KV cache: wanted a type that level " +
                                        std::string(model.device.ops->name) + " keeps, found " +
                                        traits(options.kv_type).name);
  }
  const auto n_pages = static_cast<std::size_t>(pages_wanted(options));
  const auto bytes = checked::mul(page, n_pages);
  if (bytes) return *bytes;
  return fail(Fault::does_not_fit, "KV cache: wanted " + std::to_string(n_pages) + " pages of " +
                                       std::to_string(page) + " bytes, found no such memory");
}

model::StepLimits step_limits(const Options& options) {
  const std::int64_t n_nodes =
      options.prompt_logprobs ? options.n_step_rows
                              : std::int64_t{options.n_running} * (1 + sched::Limits{}.n_draft);
  return {.n_rows = options.n_step_rows,
          .n_logit_rows =
              static_cast<std::int32_t>(std::min<std::int64_t>(options.n_step_rows, n_nodes)),
          .n_context = options.n_context};
}

Expected<Engine> make_engine(const model::Model& model, const Options& options) {
  Engine engine;
  engine.model = &model;
  engine.options = options;
  const kv::StoreShape shape = model::cache_shape(model.config, options.kv_type);
  const std::size_t page_bytes = kv::page_bytes(model.device, shape);
  MR_TRY(const std::size_t budget, kv_bytes(model, options));
  MR_TRY(kv::Pool pool, kv::make_pool({.budget_bytes = budget, .full_page_bytes = page_bytes}));
  MR_TRY(engine.store, kv::make_store(model.device, shape, kv::n_pages(pool, kv::Kind::full)));
  const sched::Limits limits{.n_running = options.n_running,
                             .n_context = options.n_context,
                             .n_rows = options.n_step_rows,
                             .n_chunk = options.n_step_rows,
                             .deterministic = options.deterministic};
  MR_TRY(engine.state,
         sched::make_state(limits, std::move(pool), kv::make_tree(0, options.hash_seed)));
  MR_TRY(engine.workspace, model::make_workspace(model, step_limits(options)));
  MR_TRY(engine.portfolio, spec::make_portfolio(options.spec, model,
                                                {.n_context = options.n_context,
                                                 .n_parallel = options.n_parallel,
                                                 .kv_type = options.kv_type}));
  if (options.spec.weighed) {
    MR_TRY_VOID(measure_pace(engine));
  }
  return engine;
}

Expected<sched::RequestId> submit(Engine& engine, Submit request) {
  const auto n_prompt = request.prompt.size();
  if (n_prompt >= static_cast<std::size_t>(engine.options.n_context)) {
    return fail(Fault::does_not_fit,
                "prompt: wanted fewer than " + std::to_string(engine.options.n_context) +
                    " tokens (the context), found " + std::to_string(n_prompt));
  }
  if (request.n_prompt_logprobs >= 0 && !engine.options.prompt_logprobs) {
    return fail(Fault::bad_request, "prompt logprobs: this engine was set up without them");
  }
  const std::int32_t n_vocab = engine.model->config.n_vocab;
  for (const std::int32_t token : request.prompt) {
    if (token < 0 || token >= n_vocab) {
      return fail(Fault::bad_request, "prompt: wanted tokens below " + std::to_string(n_vocab) +
                                          ", found " + std::to_string(token));
    }
  }
  MR_TRY(const std::uint64_t proposers, spec::allowed(engine.portfolio, request.speculation));
  MR_TRY(sample::Params params, sample::checked(std::move(request.sample), n_vocab));
  const auto room = engine.options.n_context - static_cast<std::int32_t>(n_prompt);
  const sched::RequestId id = ++engine.last_request;
  MR_TRY_VOID(sched::submit(engine.state, {.id = id,
                                           .prompt = std::move(request.prompt),
                                           .n_new = std::min(request.n_new, room),
                                           .n_choices = request.n_choices,
                                           .tenant = request.tenant,
                                           .salt = request.salt,
                                           .priority = request.priority,
                                           .deadline_us = request.deadline_us,
                                           .all_logits = request.n_prompt_logprobs >= 0,
                                           .fresh = request.pooling == Pooling::mean}));
  Engine::Asked& asked = engine.asked[id];
  asked.carry.assign(static_cast<std::size_t>(request.n_choices), sample::first_carry(params));
  asked.sample = std::move(params);
  asked.sample.acceptance = engine.options.spec.acceptance;
  asked.stop_tokens = std::move(request.stop_tokens);
  asked.n_prompt = static_cast<std::int32_t>(n_prompt);
  asked.n_prompt_logprobs = request.n_prompt_logprobs;
  asked.n_open = request.n_choices;
  asked.first_sequence = engine.last_sequence + 1;
  asked.proposers = proposers;
  engine.last_sequence += static_cast<std::uint64_t>(request.n_choices);
  asked.pooling = request.pooling;
  return id;
}

void cancel(Engine& engine, sched::RequestId request, std::int32_t choice) {
  sched::cancel(engine.state, request, choice);
  const auto found = engine.asked.find(request);
  if (found == engine.asked.end()) return;
  forget_sequence(engine, found->second, choice);
  const auto left = engine.state.requests.find(request);
  if (left == engine.state.requests.end()) {
    engine.asked.erase(found);
  } else {
    found->second.n_open =
        static_cast<std::int32_t>(left->second.size() - static_cast<std::size_t>(std::ranges::count(
                                                            left->second, sched::kNoTask)));
  }
}

bool busy(const Engine& engine) {
  return !engine.asked.empty();
}

Expected<std::vector<Event>> step(Engine& engine, double now_us) {
  const double begin_us = sys::now_us();
  engine.state.tree.now_us = now_us;
  engine.state.tree.ages = {};
  offer_forced(engine);
  MR_TRY_VOID(offer_drafts(engine));
  const double proposing_us = sys::now_us() - begin_us;
  const sched::Batch batch =
      sched::plan(engine.state,
                  {.now_us = now_us, .cost = engine.cost, .tokens_per_us = tokens_per_us(engine)});
  std::vector<Event> events;
  add_ends(engine, batch.ended, events);
  if (batch.token.empty()) return events;
  MR_TRY_VOID(run_rows(engine, batch));
  MR_TRY_VOID(take_hidden(engine, batch));

  sched::Results results;
  for (std::size_t seq = 0; seq < batch.task.size(); ++seq) {
    const sched::Task& task = sched::at(engine.state, batch.task[seq]);
    LogitRows rows = rows_of(engine, batch, seq);
    std::vector<sample::Logprobs> prompt_logprobs = score(engine, task, rows);
    spec::Verified drawn;
    results.verdict.push_back(draw(engine, batch, seq, rows, drawn));
    std::vector<std::int32_t>& tokens = drawn.tokens;
    learn_outcome(engine, batch, seq, tokens, rows);
    results.token.insert(results.token.end(), tokens.begin(), tokens.end());
    results.token_begin.push_back(static_cast<std::int32_t>(results.token.size()));
    engine.counts.tokens += static_cast<std::int64_t>(tokens.size());
    engine.counts.kv_positions += batch.pos[static_cast<std::size_t>(batch.row_begin[seq + 1]) - 1];
    Engine::Asked& asked = engine.asked.at(batch.request[seq]);
    if (asked.begun_us < 0) asked.begun_us = now_us;
    std::vector<float> hidden = pooled(engine, batch, seq);
    if (!tokens.empty() || !prompt_logprobs.empty() || !hidden.empty()) {
      events.push_back({.request = batch.request[seq],
                        .choice = batch.choice[seq],
                        .tokens = std::move(tokens),
                        .logprobs = std::move(drawn.logprobs),
                        .prompt_logprobs = std::move(prompt_logprobs),
                        .ended = std::nullopt,
                        .n_cached = task.n_cached,
                        .miss = task.miss,
                        .begun_us = asked.begun_us,
                        .hidden = std::move(hidden)});
    }
  }
  const sched::Settle settle = sched::commit(engine.state, batch, results);
  const kern::Device& device = engine.model->device;
  MR_TRY_VOID(run_moves(settle, batch, engine.store, engine.lists, device));
  MR_TRY_VOID(run(settle.work[kFull], engine.store, engine.lists, device));
  add_ends(engine, settle.ended, events);
  ++engine.counts.steps;
  engine.counts.rows += static_cast<std::int64_t>(batch.token.size());
  settle_pace(engine, batch, results, sys::now_us() - begin_us, proposing_us);
  return events;
}

}  // namespace mr::engine
