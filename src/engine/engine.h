#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "engine/page_work.h"
#include "kv/store.h"
#include "model/forward.h"
#include "sched/plan.h"
#include "spec/portfolio.h"
#include "spec/verify.h"

/// The step loop: plan, run, draw, commit. One thread drives it; it has no text, and a clock only
/// to learn what steps cost.
namespace mr::engine {

/// How an engine is set up.
struct Options {
  std::int32_t n_context;          ///< positions of the longest request
  std::int32_t n_parallel = 1;     ///< requests of that length the KV cache has room for
  std::int32_t n_running = 1;      ///< choices that run at once, shorter ones counted alike
  std::int32_t n_step_rows = 512;  ///< rows of a step
  DType kv_type = DType::f16;      ///< f32, f16 or bf16
  bool deterministic = false;      ///< every row exact: the same text after any cache history
  bool prompt_logprobs = false;    ///< requests may ask for them: logits of every row of a step
  std::uint64_t hash_seed = 0;     ///< of the prefix tree; not guessable where clients are hostile
  spec::Settings spec = {};  ///< who proposes tokens that steps may verify; the text is the same
};

/// What is told of a prompt's final hidden states, normed as the head takes them.
enum class Pooling : std::uint8_t { none, mean, last };

/// One request for tokens.
struct Submit {
  std::vector<std::int32_t> prompt;
  std::int32_t n_new = 0;      ///< tokens at most
  std::int32_t n_choices = 1;  ///< continuations of the one prompt
  sample::Params sample = {};
  std::vector<std::int32_t> stop_tokens = {};  ///< each ends the answer and is its last token
  std::int32_t n_prompt_logprobs = -1;  ///< to tell with each prompt token; -1: none are told
  Pooling pooling = Pooling::none;
  std::uint64_t tenant = 0;
  kv::Salt salt = 0;
  std::string speculation = "auto";  ///< who may propose for it, as spec::allowed takes it
  std::int32_t priority = 0;
  double deadline_us = sched::kNever;
};

/// What became of one choice in a step: new tokens, an end, or both.
struct Event {
  sched::RequestId request = 0;
  std::int32_t choice = 0;
  std::vector<std::int32_t> tokens;
  std::vector<sample::Logprobs> logprobs;         ///< of each token, where they were asked for
  std::vector<sample::Logprobs> prompt_logprobs;  ///< of the next prompt tokens, from the second on
  std::optional<sched::Reason> ended;
  std::int32_t n_cached = 0;             ///< prompt tokens that were taken from the cache
  sched::Miss miss = sched::Miss::none;  ///< why not more
  double begun_us = 0;                   ///< when the request had its first rows
  std::vector<float> hidden;  ///< (dim) at the end of a prompt whose hidden states are pooled
};

/// What the engine has done so far.
struct Counts {
  std::int64_t steps = 0;         ///< passes over the weights
  std::int64_t rows = 0;          ///< computed in them
  std::int64_t tokens = 0;        ///< generated
  std::int64_t kv_positions = 0;  ///< attended to, once for each sequence of a step
};

/// What speculation decided for a step: for a person to see.
struct Decision {
  std::int32_t n_rows = 0;   ///< of the step
  double us = 0;             ///< that it took
  double expected_us = 0;    ///< T(n) by the table
  double one_row_us = 0;     ///< T(1)
  double tokens_per_us = 0;  ///< lambda
  sched::NodesTaken nodes = {};
};

/// What steps of decodes lately brought and took; older ones count less and less.
struct Pace {
  double tokens = 0;
  double us = 0;
};

struct Engine {
  struct Asked {
    sample::Params sample;
    std::vector<std::int32_t> stop_tokens;
    std::vector<sample::Carry> carry;  ///< by choice: what its samplers know so far
    std::uint64_t first_sequence = 0;  ///< of choice 0, for proposers; the others follow
    std::uint64_t proposers = ~0ULL;   ///< that may propose for it
    std::int32_t n_prompt = 0;
    std::int32_t n_prompt_logprobs = -1;
    std::int32_t n_scored = 1;  ///< prompt tokens whose logprobs were told; the first has none
    std::int32_t n_open = 0;    ///< choices that have not ended
    double begun_us = -1;       ///< of its first rows; below 0: there were none
    Pooling pooling = Pooling::none;
    std::vector<double> hidden;  ///< (dim) the sum so far
  };

  const model::Model* model = nullptr;  ///< outlives the engine
  Options options;
  kv::Store store;
  model::Workspace workspace;
  PageLists lists;
  sched::State state;
  sched::CostTable cost;
  std::unordered_map<sched::RequestId, Asked> asked;
  sched::RequestId last_request = 0;
  std::uint64_t last_sequence = 0;
  spec::Portfolio portfolio;
  Pace pace;
  Decision decision;          ///< of the last step
  std::vector<float> logits;  ///< of the step under way, and behind them their block maxima
  std::vector<sample::LogitRow> rows;  ///< views of them
  std::vector<float> hidden;           ///< (rows, dim) of it, where they are pooled
  sample::Candidates candidates;       ///< of the draw under way
  Counts counts;
};

/// Bytes of KV cache that these options mean. Errors: does_not_fit where no number holds them.
Expected<std::size_t> kv_bytes(const model::Model& model, const Options& options);

/// The largest step of an engine with these options.
model::StepLimits step_limits(const Options& options);

/// Errors: bad_request for options that make no sense, does_not_fit.
Expected<Engine> make_engine(const model::Model& model, const Options& options);

/// Queues a request. Errors: bad_request for one that can never run, does_not_fit for one longer
/// than the context or a full queue.
Expected<sched::RequestId> submit(Engine& engine, Submit request);

/// Ends a request, or one of its choices; nothing more is heard of it. Does nothing where there is
/// none such.
void cancel(Engine& engine, sched::RequestId request, std::int32_t choice = sched::kAllChoices);

/// Whether anything is left to do.
bool busy(const Engine& engine);

/// One step at `now_us`, on the clock of the deadlines. A choice whose logits are no numbers ends
/// as failed; the others go on. Errors: does_not_fit, failed; the step is then lost as a whole.
Expected<std::vector<Event>> step(Engine& engine, double now_us);

}  // namespace mr::engine
