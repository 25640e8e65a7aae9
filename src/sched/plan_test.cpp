#include "sched/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/rng.h"
#include "sched/commit.h"

namespace mr::sched {
namespace {

const CostTable kCost{{{1, 100}, {64, 163}}};  // a microsecond a row behind the first

State make(std::int32_t n_pages, const Limits& limits = {}) {
  kv::Pool pool =
      kv::make_pool({.budget_bytes = static_cast<std::size_t>(n_pages), .full_page_bytes = 1})
          .value();
  return make_state(limits, std::move(pool), kv::make_tree(0, 1)).value();
}

/// A prompt of its own, or one that begins with `shared` tokens that all share.
std::vector<Token> prompt(std::int32_t name, std::int32_t n, std::int32_t shared = 0) {
  std::vector<Token> tokens;
  for (std::int32_t i = 0; i < n; ++i) tokens.push_back(i < shared ? i : name * 10'000 + i);
  return tokens;
}

/// Plans and commits a step: token 7 for every sequence with logits.
Batch step(State& state, std::vector<Ended>* ended = nullptr, double now_us = 0) {
  Batch batch = plan(state, {.now_us = now_us, .cost = kCost});
  if (ended != nullptr) *ended = batch.ended;
  if (batch.task.empty()) return batch;
  Results results;
  for (std::size_t i = 0; i < batch.task.size(); ++i) {
    const Task& task = at(state, batch.task[i]);
    const bool wants = task.n_max > task.n_prompt;
    if (wants && batch.logit_begin[i + 1] > batch.logit_begin[i]) results.token.push_back(7);
    results.token_begin.push_back(static_cast<std::int32_t>(results.token.size()));
    results.verdict.push_back(Verdict::go_on);
  }
  const Settle settle = commit(state, batch, results);
  if (ended != nullptr) ended->insert(ended->end(), settle.ended.begin(), settle.ended.end());
  return batch;
}

TEST(sched_cost, goes_straight_between_its_points) {
  EXPECT_DOUBLE_EQ(0, cost_us({}, 5));
  const CostTable table{{{4, 100}, {8, 120}, {16, 200}}};
  EXPECT_DOUBLE_EQ(100, cost_us(table, 1));
  EXPECT_DOUBLE_EQ(110, cost_us(table, 6));
  EXPECT_DOUBLE_EQ(160, cost_us(table, 12));
  EXPECT_DOUBLE_EQ(280, cost_us(table, 24));
  EXPECT_EQ(12, rows_within(table, 160, 1000));
  EXPECT_EQ(10, rows_within(table, 160, 10));
  EXPECT_EQ(0, rows_within(table, 99, 1000));
}

TEST(sched_submit, says_what_is_wrong) {
  State state = make(4, {.n_waiting = 2, .n_choices = 2, .n_context = 1000});
  const auto refusal = [&](Request request) {
    const auto sent = submit(state, std::move(request));
    return sent ? Error{} : sent.error();
  };
  EXPECT_EQ(Fault::bad_request, refusal({.id = 1, .prompt = {}, .n_new = 1}).fault);
  EXPECT_EQ(Fault::bad_request, refusal({.id = 1, .prompt = {1}, .n_new = -1}).fault);
  EXPECT_EQ(Fault::bad_request,
            refusal({.id = 1, .prompt = {1}, .n_new = 1, .n_choices = 3}).fault);
  EXPECT_EQ(Fault::bad_request,
            refusal({.id = 1, .prompt = {1}, .n_new = 1, .n_choices = 0}).fault);
  const Error context = refusal({.id = 1, .prompt = prompt(1, 600), .n_new = 401});
  EXPECT_EQ(Fault::bad_request, context.fault);
  EXPECT_NE(std::string::npos, context.message.find("the context holds 1000"));
  const Error memory = refusal({.id = 1, .prompt = prompt(1, 200), .n_new = 57});
  EXPECT_EQ(Fault::bad_request, memory.fault);
  EXPECT_NE(std::string::npos, memory.message.find("the KV cache holds 256"));
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(Fault::bad_request, refusal({.id = 1, .prompt = {1}, .n_new = kMost}).fault);
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 200), .n_new = 56}).has_value());
  EXPECT_EQ(Fault::bad_request, refusal({.id = 1, .prompt = {1}, .n_new = 1}).fault);
  const Error full = refusal({.id = 2, .prompt = {1}, .n_new = 1, .n_choices = 2});
  EXPECT_EQ(Fault::does_not_fit, full.fault);
  EXPECT_NE(std::string::npos, full.message.find("the queue is full: 1 of 2"));
}

TEST(sched_plan, writes_a_chunk_then_decodes) {
  State state = make(8, {.n_chunk = 100});
  ASSERT_TRUE(submit(state, {.id = 5, .prompt = prompt(1, 130), .n_new = 3}).has_value());
  const Batch first = step(state);
  EXPECT_EQ(64U, first.token.size());  // 100 rows would leave a page half done
  EXPECT_TRUE(first.logit_rows.empty());
  EXPECT_EQ(3U, first.work[0].zero_page.size());
  const Batch second = step(state);
  ASSERT_EQ(66U, second.token.size());
  EXPECT_EQ(64, second.pos[0]);
  EXPECT_EQ(65, second.context[0]);
  EXPECT_EQ(RowClass::bulk, second.row_class[65]);
  EXPECT_EQ((std::vector<std::int32_t>{65}), second.logit_rows);
  const Batch third = step(state);
  ASSERT_EQ(1U, third.token.size());
  EXPECT_EQ(7, third.token[0]);
  EXPECT_EQ(130, third.slot[0]);
  EXPECT_EQ(RowClass::exact, third.row_class[0]);
  std::vector<Ended> ended;
  step(state, &ended);
  ASSERT_EQ(1U, ended.size());
  EXPECT_EQ(Reason::length, ended[0].reason);
  EXPECT_TRUE(state.requests.empty());
}

TEST(sched_plan, keeps_to_its_budget) {
  State state = make(100, {.step_us = 139});  // T(40) = 139
  for (RequestId id = 1; id <= 3; ++id) {
    ASSERT_TRUE(
        submit(state, {.id = id, .prompt = prompt(static_cast<std::int32_t>(id), 100), .n_new = 50})
            .has_value());
  }
  for (int i = 0; i < 12; ++i) EXPECT_LE(step(state).token.size(), 40U);
  for (const TaskId id : decoding(state)) {
    spec::Draft draft = spec::make_draft(0);
    for (std::int32_t node = 0; node < 30; ++node) add(draft, 0, node, 0.5F);
    offer(state, id, std::move(draft));
  }
  const Batch batch = plan(state, {.now_us = 0, .cost = kCost});
  EXPECT_EQ(40U, batch.token.size());
}

TEST(sched_plan, a_draft_node_must_be_worth_its_row) {
  State state = make(100);
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 10), .n_new = 9}).has_value());
  step(state);
  spec::Draft draft = spec::make_draft(7);
  add(draft, 0, 1, 0.9F);
  add(draft, 0, 2, 0.5F);
  add(draft, 0, 3, 0.2F);
  offer(state, decoding(state).at(0), draft);
  const Batch batch = plan(state, {.now_us = 0, .cost = kCost, .tokens_per_us = 0.4});
  EXPECT_EQ((std::vector<Token>{7, 1, 2}), batch.token);
  EXPECT_EQ((std::vector<std::int32_t>{11, 12, 11}), batch.context);
  EXPECT_EQ((std::vector<std::int32_t>{12}), batch.path);
}

/// The best of all sets of nodes that have their parents: what they are worth after their rows.
double best_worth(const spec::Draft& draft, const CostTable& cost, double tokens_per_us) {
  const auto n = static_cast<std::size_t>(spec::n_nodes(draft));
  double best = 0;
  for (std::uint32_t set = 1; set < 1U << n; set += 2) {
    double tokens = 0;
    bool whole = true;
    for (std::size_t i = 1; i < n && whole; ++i) {
      if ((set >> i & 1) == 0) continue;
      whole = (set >> draft.parent[i] & 1) == 1;
      tokens += static_cast<double>(draft.probability[i]);
    }
    const double us = cost_us(cost, std::popcount(set)) - cost_us(cost, 1);
    if (whole) best = std::max(best, tokens - tokens_per_us * us);
  }
  return best;
}

TEST(sched_plan, no_other_nodes_would_be_worth_more) {
  Rng rng{77};
  for (int trial = 0; trial < 200; ++trial) {
    CostTable cost;  // steps in blocks of rows too, where the next row alone looks dear
    for (std::int32_t n = 1; n < 12; ++n) {
      const double us = n == 1 ? 100 : cost.points.back().us;
      cost.points.push_back({n, us + (below(rng, 3) == 0 ? 60 * unit(rng) : 0)});
    }
    State state = make(100);
    ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 10), .n_new = 60}).has_value());
    step(state);
    spec::Draft draft = spec::make_draft(7);
    for (std::int32_t i = 0; i < 10; ++i) {
      const auto parent = static_cast<std::int32_t>(below(rng, static_cast<std::uint64_t>(i) + 1));
      const float p = draft.probability[static_cast<std::size_t>(parent)];
      spec::add(draft, parent, i, p * static_cast<float>(unit(rng)));
    }
    offer(state, decoding(state).at(0), draft);
    const double tokens_per_us = 0.02 * unit(rng);
    const Batch batch = plan(state, {.now_us = 0, .cost = cost, .tokens_per_us = tokens_per_us});
    double tokens = 0;
    for (std::size_t i = 1; i < batch.token.size(); ++i) {
      tokens += static_cast<double>(batch.draft[0].probability[i]);
    }
    const auto n_rows = static_cast<std::int32_t>(batch.token.size());
    const double us = cost_us(cost, n_rows) - cost_us(cost, 1);
    EXPECT_NEAR(best_worth(draft, cost, tokens_per_us), tokens - tokens_per_us * us, 1e-6);
    EXPECT_EQ(n_rows - 1, batch.nodes.n_taken);
  }
}

TEST(sched_plan, a_draft_does_not_outlast_the_request) {
  State state = make(100);
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 10), .n_new = 3}).has_value());
  step(state);
  spec::Draft draft = spec::make_draft(7);
  std::int32_t node = 0;
  for (Token token = 0; token < 5; ++token) node = add(draft, node, token, 1);
  offer(state, decoding(state).at(0), draft);
  EXPECT_EQ(2U, plan(state, {.now_us = 0, .cost = kCost}).token.size());
}

TEST(sched_admit, choices_share_their_prompt) {
  State state = make(100);
  ASSERT_TRUE(
      submit(state, {.id = 1, .prompt = prompt(1, 100), .n_new = 5, .n_choices = 3}).has_value());
  EXPECT_EQ(100U, step(state).token.size());
  const Batch forks = step(state);
  EXPECT_EQ(3U, forks.token.size());  // a decode, and the last prompt row of two more
  EXPECT_EQ(2U, forks.work[0].copy_from.size());
  EXPECT_EQ(35, forks.work[0].copy_rows.at(0));
}

TEST(sched_admit, equal_prefixes_are_computed_once) {
  State state = make(100, {.n_chunk = 128});
  for (RequestId id = 1; id <= 4; ++id) {
    ASSERT_TRUE(
        submit(state,
               {.id = id, .prompt = prompt(static_cast<std::int32_t>(id), 600, 512), .n_new = 1})
            .has_value());
  }
  std::size_t n_rows = 0;
  while (!state.requests.empty()) n_rows += step(state).token.size();
  EXPECT_EQ(512U + 4U * 88U, n_rows);
}

TEST(sched_admit, salts_share_nothing) {
  State state = make(100);
  for (RequestId id = 1; id <= 2; ++id) {
    ASSERT_TRUE(
        submit(state, {.id = id, .prompt = prompt(1, 200), .n_new = 1, .salt = id}).has_value());
  }
  std::size_t n_rows = 0;
  while (!state.requests.empty()) n_rows += step(state).token.size();
  EXPECT_EQ(400U, n_rows);
}

TEST(sched_admit, longest_prefix_first_and_priority_before_that) {
  State state = make(100, {.n_running = 1});
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(0, 256, 256), .n_new = 1}).has_value());
  while (!state.requests.empty()) step(state);
  ASSERT_TRUE(submit(state, {.id = 2, .prompt = prompt(2, 300), .n_new = 1}).has_value());
  ASSERT_TRUE(submit(state, {.id = 3, .prompt = prompt(3, 300, 64), .n_new = 1}).has_value());
  ASSERT_TRUE(submit(state, {.id = 4, .prompt = prompt(4, 300, 256), .n_new = 1}).has_value());
  ASSERT_TRUE(
      submit(state, {.id = 5, .prompt = prompt(5, 300), .n_new = 1, .priority = 1}).has_value());
  std::vector<RequestId> order;
  while (!state.requests.empty()) order.push_back(step(state).request.at(0));
  EXPECT_EQ((std::vector<RequestId>{5, 4, 3, 2}), order);
}

TEST(sched_admit, tenants_get_equal_shares) {
  State state = make(1000, {.n_running = 4});
  for (RequestId id = 1; id <= 60; ++id) {
    const std::uint64_t tenant = id <= 50 ? 1 : 2;  // the second comes late, and with less
    ASSERT_TRUE(submit(state, {.id = id,
                               .prompt = prompt(static_cast<std::int32_t>(id), 100),
                               .n_new = 10,
                               .tenant = tenant})
                    .has_value());
  }
  std::map<bool, std::size_t> rows;
  while (std::ranges::any_of(state.requests, [](const auto& entry) { return entry.first > 50; })) {
    const Batch batch = step(state);
    for (const std::int32_t seq : batch.seq) {
      ++rows[batch.request[static_cast<std::size_t>(seq)] > 50];
    }
  }
  EXPECT_EQ(1090U, rows[true]);
  EXPECT_LT(rows[false], 1090U + 5 * 109U);
}

TEST(sched_admit, the_late_are_ended) {
  State state = make(100, {.n_running = 1});
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 100), .n_new = 50, .deadline_us = 1000})
                  .has_value());
  ASSERT_TRUE(submit(state, {.id = 2, .prompt = prompt(2, 100), .n_new = 50, .deadline_us = 900})
                  .has_value());
  std::vector<Ended> ended;
  step(state, &ended, 899);
  EXPECT_TRUE(ended.empty());
  step(state, &ended, 900);
  ASSERT_EQ(1U, ended.size());
  EXPECT_EQ(2U, ended[0].request);
  EXPECT_EQ(Reason::deadline, ended[0].reason);
  step(state, &ended, 1000);
  ASSERT_EQ(1U, ended.size());
  EXPECT_EQ(1U, ended[0].request);
  EXPECT_TRUE(state.requests.empty());
}

TEST(sched_admit, the_lower_priority_is_preempted_and_resumes_from_the_tree) {
  State state = make(4);
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 100), .n_new = 20}).has_value());
  step(state);
  step(state);
  ASSERT_TRUE(
      submit(state, {.id = 2, .prompt = prompt(2, 150), .n_new = 1, .priority = 1}).has_value());
  const Batch other = step(state);
  EXPECT_EQ((std::vector<RequestId>{2}), other.request);
  const Batch again = step(state);
  ASSERT_EQ((std::vector<RequestId>{1}), again.request);
  EXPECT_GE(again.pos[0], 64);  // what was not evicted is not computed again
}

TEST(sched_admit, a_request_as_large_as_the_pool_needs_no_page_to_copy_from) {
  State state = make(4);
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(0, 100, 100), .n_new = 0}).has_value());
  step(state);
  ASSERT_TRUE(state.requests.empty());
  ASSERT_TRUE(submit(state, {.id = 2, .prompt = prompt(2, 250, 90), .n_new = 6}).has_value());
  std::vector<Ended> ended;
  while (!state.requests.empty()) step(state, &ended);
  ASSERT_EQ(1U, ended.size());
  EXPECT_EQ(Reason::length, ended[0].reason);
}

TEST(sched_admit, pinned_pages_end_a_request_that_nothing_else_hinders) {
  State state = make(4);
  ASSERT_TRUE(submit(state, {.id = 1, .prompt = prompt(1, 128), .n_new = 0}).has_value());
  step(state);
  kv::hold(state.tree, 0, kv::match(state.tree, 0, prompt(1, 128)));
  ASSERT_TRUE(submit(state, {.id = 2, .prompt = prompt(2, 200), .n_new = 6}).has_value());
  std::vector<Ended> ended;
  step(state, &ended);
  ASSERT_EQ(1U, ended.size());
  EXPECT_EQ(Reason::no_memory, ended[0].reason);
}

TEST(sched_cancel, frees_pages_at_any_point) {
  State state = make(100);
  ASSERT_TRUE(
      submit(state, {.id = 1, .prompt = prompt(1, 100), .n_new = 5, .n_choices = 2}).has_value());
  ASSERT_TRUE(submit(state, {.id = 2, .prompt = prompt(2, 100), .n_new = 5}).has_value());
  cancel(state, 2);
  EXPECT_FALSE(state.requests.contains(2));
  const Batch batch = plan(state, {.now_us = 0, .cost = kCost});
  cancel(state, 1);
  cancel(state, 77);
  EXPECT_TRUE(state.requests.contains(1));  // its pages are in use until the step is over
  commit(state, batch, {.token = {7}, .token_begin = {0, 1}, .verdict = {Verdict::go_on}});
  EXPECT_TRUE(state.requests.empty());
  EXPECT_EQ(kv::n_pages(state.pool, kv::Kind::full) - kv::n_free(state.pool, kv::Kind::full),
            state.tree.n_pages[0]);
}

}  // namespace
}  // namespace mr::sched
