#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "api/step_figures.h"
#include "engine/engine.h"

/// The thread that drives the engine, and how others reach it.
namespace mr::api {

using Ticket = std::uint64_t;  ///< of one request for tokens

/// What came of a request in a step, or why nothing more will.
struct Arrival {
  Ticket ticket = 0;
  engine::Event event = {};
  std::optional<Error> error = {};
};

/// Where arrivals wait for their reader. Where it does not look and they become too many, the
/// request is ended with an error.
struct Mailbox {
  std::mutex mutex = {};
  std::vector<Arrival> arrivals = {};
  std::size_t n_bytes = 0;  ///< of them, about
  std::size_t max_bytes = std::size_t{1} << 20;
  std::shared_ptr<const void> kept = {};  ///< what the request points to, as long as it runs
  std::function<void()> wake;             ///< called on the engine's thread when the box was empty
};

/// The arrivals since the last look.
std::vector<Arrival> take(Mailbox& box);

/// The pages of a kind by who has them.
struct Pages {
  std::int32_t n = 0;
  std::int32_t n_free = 0;
  std::int32_t n_stored = 0;  ///< held by the tree of prefixes
  std::int32_t n_idle = 0;    ///< of them, those that nothing running uses
};

/// What became of a proposer's tokens.
struct ProposerGauges {
  std::string_view name;
  spec::Tally tally;
};

/// The state of the engine after its last step.
struct Gauges {
  engine::Counts counts = {};
  std::int32_t n_running = 0;
  std::int32_t n_waiting = 0;
  std::array<Pages, kv::kKinds> pages = {};
  std::vector<ProposerGauges> proposers = {};
  std::int64_t n_preempted = 0;
  std::int64_t n_failures = 0;  ///< steps that were lost as a whole
};

/// Threads: any may call the functions below; the fields belong to the loop.
struct Loop {
  struct Submitted {
    Ticket ticket;
    engine::Submit request;
    std::shared_ptr<Mailbox> box;
  };
  struct Cancelled {
    Ticket ticket;
    std::int32_t choice;
  };
  struct AllEnded {
    Error error;
  };
  using Command = std::variant<Submitted, Cancelled, AllEnded>;
  struct Open {
    Ticket ticket;
    std::shared_ptr<Mailbox> box;
    std::int32_t n_open;  ///< choices that have not ended
  };

  Loop() = default;
  ~Loop();  ///< halts
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  const model::Model* model = nullptr;
  engine::Options options = {};
  StepCost cost = {};

  std::optional<engine::Engine> engine;  // of the thread alone, as the next two
  std::unordered_map<sched::RequestId, Open> open;
  std::unordered_map<Ticket, sched::RequestId> ids;

  std::mutex mutex;  // of the next five
  std::condition_variable work;
  std::vector<Command> inbox;
  bool stopping = false;
  Gauges gauges;
  StepFigures figures;

  std::atomic<Ticket> last_ticket{0};
  std::thread thread;
};

/// An engine and its thread. The model outlives them. Errors: as of engine::make_engine.
Expected<std::unique_ptr<Loop>> start_loop(const model::Model& model,
                                           const engine::Options& options,
                                           const StepCost& cost = {});

/// Queues a request; everything that becomes of it goes to the box, an error too.
Ticket submit(Loop& loop, engine::Submit request, std::shared_ptr<Mailbox> box);

/// Ends a request, or one of its choices.
void cancel(Loop& loop, Ticket ticket, std::int32_t choice = sched::kAllChoices);

/// Ends all that is under way with an error.
void end_all(Loop& loop, Error error);

/// Ends the thread and forgets all requests and mailboxes. Nothing is done for later ones.
void halt(Loop& loop);

Gauges gauges(Loop& loop);
StepFigures figures(Loop& loop);

}  // namespace mr::api
