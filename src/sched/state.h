#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "kv/seq.h"
#include "sched/cost.h"
#include "sched/miss.h"
#include "spec/draft.h"

namespace mr::sched {

using kv::Token;
using RequestId = std::uint64_t;
using TaskId = std::int32_t;
inline constexpr TaskId kNoTask = -1;
inline constexpr std::int32_t kAllChoices = -1;
inline constexpr double kNever = std::numeric_limits<double>::infinity();

/// What a client wants: n continuations of one prompt.
struct Request {
  RequestId id;  ///< not that of a request under way
  std::vector<Token> prompt;
  std::int32_t n_new;           ///< tokens to generate at most; 0: only compute the prompt
  std::int32_t n_choices = 1;   ///< the larger of n and best_of
  std::uint64_t tenant = 0;     ///< tenants get equal shares of the machine
  kv::Salt salt = 0;            ///< requests share prefixes only where their salts are equal
  std::int32_t priority = 0;    ///< the higher goes first
  double deadline_us = kNever;  ///< on the clock of PlanInput
  bool all_logits = false;      ///< logits of all prompt rows
  bool fresh = false;           ///< none of them taken from the cache, as with all_logits
};

/// Limits and measures of the scheduler. Steps are counted, not timed.
struct Limits {
  std::int32_t n_waiting = 512;     ///< choices that have not begun yet
  std::int32_t n_running = 256;     ///< choices that run at once
  std::int32_t n_choices = 16;      ///< of one request
  std::int32_t n_context = 131072;  ///< prompt and new tokens of one choice
  std::int32_t n_rows = 2048;       ///< of one step, at least 2
  std::int32_t n_chunk = 512;       ///< prompt rows of one choice in one step
  std::int32_t n_draft = 64;        ///< draft nodes of one choice in one step
  double step_us = kNever;          ///< what a step may cost by the table
  double pressing_us = 2e6;         ///< a deadline this near goes before a longer prefix
  std::int32_t patience = 64;       ///< steps that a preempted choice waits before it has its turn
  std::int32_t overcommit = 4;      ///< choices begin while they may need so many times the pages
  std::int32_t n_expected = 1024;   ///< new tokens counted for that, where more are allowed
  bool deterministic = false;       ///< every row exact
};

enum class Phase : std::uint8_t { none, waiting, running };

/// One choice of a request, from submission to its end.
struct Task {
  RequestId request = 0;
  std::int32_t choice = 0;
  Phase phase = Phase::none;
  bool begun = false;      ///< has run; if it waits it was preempted
  bool in_step = false;    ///< has rows in the step under way
  bool cancelled = false;  ///< ends when the step under way does
  bool all_logits = false;
  bool fresh = false;       ///< nothing of it is taken from the tree
  Miss miss = Miss::none;   ///< why n_cached is not the whole prompt
  std::int32_t tenant = 0;  ///< index into State::tenants
  std::int32_t priority = 0;
  kv::Salt salt = 0;
  double deadline_us = kNever;
  std::uint64_t arrival = 0;       ///< rises with every choice submitted
  std::int64_t phase_step = 0;     ///< when it came into its phase
  std::int64_t progress_step = 0;  ///< when it last had rows
  TaskId waits_for = kNoTask;      ///< the choice that computes the prompt it shares
  std::int32_t n_prompt = 0;
  std::int32_t n_max = 0;     ///< prompt and new tokens
  std::int32_t n_start = 0;   ///< tokens when it last began to run
  std::int32_t n_stored = 0;  ///< tokens that the tree had of it, when last looked at
  std::int32_t n_cached = 0;  ///< prompt tokens that were taken from the tree at its first start
  std::vector<Token> tokens;  ///< prompt and generated
  kv::Seq seq;                ///< while it runs
  spec::Draft draft;          ///< offered for the next step
};

/// One tenant's share: rows computed for it, evened out against the others'.
struct Tenant {
  std::uint64_t id = 0;
  std::int32_t n_tasks = 0;  ///< none: the entry is free
  std::uint64_t n_rows = 0;
};

/// Everything a plan depends on.
/// Threads: one at a time.
struct State {
  Limits limits;
  kv::Pool pool;
  kv::RadixTree tree;
  std::vector<Task> tasks;
  std::vector<TaskId> free_tasks;
  std::vector<TaskId> waiting;
  std::vector<TaskId> running;
  std::vector<Tenant> tenants;
  std::unordered_map<RequestId, std::vector<TaskId>> requests;  ///< by choice; kNoTask: ended
  std::uint64_t n_arrivals = 0;
  std::int64_t step = 0;
  double next_deadline_us = kNever;  ///< no deadline is before it
  std::int64_t n_preempted = 0;      ///< so far
  Known known;                       ///< prompts that were computed
  std::size_t n_refreshed = 0;       ///< where `waiting` is next looked up in the tree
  bool in_step = false;              ///< planned and not committed
};

/// Why a choice ended.
enum class Reason : std::uint8_t {
  stopped,    ///< the caller said so
  length,     ///< it has its n_new tokens
  failed,     ///< the caller said that its result is no good
  deadline,   ///< its deadline passed
  no_memory,  ///< pinned pages leave it too few
};

struct Ended {
  RequestId request;
  std::int32_t choice;
  Reason reason;
};

/// Errors: bad_request where a limit makes no sense.
Expected<State> make_state(const Limits& limits, kv::Pool pool, kv::RadixTree tree);

/// Queues the choices of a request. Errors: bad_request where it can never run (its message says
/// which limit it breaks), does_not_fit where the queue is full for now.
Expected<void> submit(State& state, Request request);

/// Ends a request, or one of its choices, at any point; what it computed stays in the tree. There
/// is no Ended for it. Does nothing where there is none such.
void cancel(State& state, RequestId request, std::int32_t choice = kAllChoices);

/// The choices whose next row is a decode: the ones a draft may be offered for.
std::vector<TaskId> decoding(const State& state);

/// Proposes what may follow a choice's last token, for the next plan only.
void offer(State& state, TaskId task, spec::Draft draft);

// What plan and commit share.

Task& at(State& state, TaskId id);
const Task& at(const State& state, TaskId id);

/// Takes a choice out of the state: its pages go back, those that are good into the tree. `bad`:
/// what it computed is forgotten.
void end(State& state, TaskId id, bool bad = false);

/// The prompt of a choice is in the tree, or never will be: those that wait for it need not.
void open_gate(State& state, TaskId id);

}  // namespace mr::sched
