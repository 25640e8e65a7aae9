// The engine on its own thread, with the model that ships.
#include "api/loop.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "api/generation.h"
#include "io/gguf.h"
#include "kern/level.h"
#include "model/weights.h"
#include "sys/team.h"
#include "text/vocab.h"

namespace mr::api {
namespace {

const std::string kModel =
    std::string(MILLRACE_SOURCE_DIR) + "/models/millrace-nano/millrace-nano-f16.gguf";

struct Rig {
  std::unique_ptr<sys::Team> team;
  model::Model model;
  std::unique_ptr<Loop> loop;
};

Rig make_rig() {
  Rig rig;
  rig.team = std::move(*sys::make_team(1));
  const auto file = gguf::open(kModel);
  rig.model =
      std::move(*model::load({.gguf = &*file}, kern::cpu_device(*kern::pick_level(""), *rig.team)));
  return rig;
}

void start(Rig& rig) {
  rig.loop = std::move(*start_loop(
      rig.model, {.n_context = 256, .n_parallel = 4, .n_running = 4, .n_step_rows = 64}));
}

/// A mailbox that can be waited for.
struct Box {
  std::counting_semaphore<> rung{0};
  std::shared_ptr<Mailbox> box = std::make_shared<Mailbox>();
  Box() {
    box->wake = [this] { rung.release(); };
  }
};

/// Reads until every choice of every ticket has ended.
std::vector<Arrival> read_all(Box& box, int n_choices) {
  std::vector<Arrival> all;
  while (n_choices > 0) {
    box.rung.acquire();
    for (Arrival& arrival : take(*box.box)) {
      if (arrival.event.ended || arrival.error) --n_choices;
      all.push_back(std::move(arrival));
    }
  }
  return all;
}

TEST(Loop, GivesEachRequestItsOwnEvents) {
  Rig rig = make_rig();
  start(rig);
  Box a;
  Box b;
  submit(*rig.loop, {.prompt = {5, 6, 7}, .n_new = 20, .n_choices = 2}, a.box);
  const Ticket ticket = submit(*rig.loop, {.prompt = {9, 8}, .n_new = 7}, b.box);
  std::size_t n_tokens = 0;
  for (const Arrival& arrival : read_all(b, 1)) {
    EXPECT_EQ(ticket, arrival.ticket);
    n_tokens += arrival.event.tokens.size();
  }
  EXPECT_EQ(7U, n_tokens);
  n_tokens = 0;
  for (const Arrival& arrival : read_all(a, 2)) n_tokens += arrival.event.tokens.size();
  EXPECT_EQ(40U, n_tokens);
}

TEST(Loop, ABadRequestFailsAlone) {
  Rig rig = make_rig();
  start(rig);
  Box good;
  Box bad;
  submit(*rig.loop, {.prompt = {5, 6, 7}, .n_new = 20}, good.box);
  submit(*rig.loop, {.prompt = {-1}, .n_new = 20}, bad.box);
  EXPECT_TRUE(read_all(bad, 1).back().error);
  EXPECT_FALSE(read_all(good, 1).back().error);
}

TEST(Loop, CancelledRequestsGiveTheirPagesBack) {
  Rig rig = make_rig();
  start(rig);
  const auto free_at_first = gauges(*rig.loop).pages[0].n_free;
  for (int i = 0; i < 20; ++i) {
    Box box;
    const Ticket ticket = submit(*rig.loop, {.prompt = {5, 6, i}, .n_new = 200}, box.box);
    box.rung.acquire();
    cancel(*rig.loop, ticket);
    end_all(*rig.loop, {Fault::cancelled, "the test is over"});  // nothing is left to be told
    Box last;
    submit(*rig.loop, {.prompt = {1}, .n_new = 1}, last.box);
    read_all(last, 1);
    for (const Arrival& arrival : take(*box.box)) EXPECT_FALSE(arrival.error);
  }
  while (gauges(*rig.loop).n_running > 0) std::this_thread::yield();
  const Gauges after = gauges(*rig.loop);
  EXPECT_EQ(free_at_first, after.pages[0].n_free + after.pages[0].n_idle);
}

TEST(Loop, AnswersThatNobodyReadsAreEnded) {
  Rig rig = make_rig();
  start(rig);
  Box box;
  box.box->max_bytes = 1000;
  submit(*rig.loop, {.prompt = {5, 6, 7}, .n_new = 200}, box.box);
  Box other;
  submit(*rig.loop, {.prompt = {5, 6, 8}, .n_new = 230}, other.box);
  read_all(other, 1);
  const auto arrivals = take(*box.box);
  ASSERT_FALSE(arrivals.empty());
  EXPECT_LT(arrivals.size(), 20U);
  EXPECT_TRUE(arrivals.back().error);
}

TEST(Generation, StopsAtStopStringsAndKeepsTheRestApart) {
  const auto tokenizer = *text::make_tokenizer(*text::read_vocab(kModel));
  const auto ids = *text::encode(tokenizer, "One day the mill stood still.");
  Ask ask;
  ask.reading.stop = {"mill st"};
  ask.prompts.push_back({.prompt = {1}, .n_new = 100});
  Generation generation = make_generation(std::move(ask), tokenizer);
  bool finished = false;
  for (const text::Id id : ids) {
    engine::Event event;
    event.tokens = {static_cast<std::int32_t>(id)};
    const auto piece = take_in(generation, 0, std::move(event));
    if (piece && piece->finish) {
      EXPECT_EQ("mill st", piece->stop_string);
      finished = true;
    }
  }
  EXPECT_TRUE(finished);
  EXPECT_EQ(0, generation.n_open);
  EXPECT_EQ("One day the ", whole_choices(generation).front().text);
}

}  // namespace
}  // namespace mr::api
