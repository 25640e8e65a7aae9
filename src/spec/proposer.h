#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kv/radix_tree.h"
#include "kv/store.h"
#include "model/weights.h"
#include "sample/candidates.h"
#include "sample/feedback.h"
#include "sample/params.h"
#include "spec/draft.h"

namespace mr::spec {

/// How much a proposer may propose for one sequence in one step.
struct Shape {
  std::int32_t depth = 8;   ///< of its deepest node, at most kMaxDepth
  std::int32_t width = 1;   ///< continuations that it tries, or children of a node
  std::int32_t nodes = 16;  ///< of its tree, node 0 not counted
};

/// A sequence that decodes, as proposers see it: nothing of it outlasts the call. The K and V of
/// all its tokens but the last stand in the target's cache.
struct Sequence {
  std::uint64_t id = 0;                  ///< its own for as long as the engine lives
  kv::Salt salt = 0;                     ///< whose texts it may learn from: those of the same
  kv::NodeId node = kv::kNoNode;         ///< of the prefix tree: where its stored tokens end
  std::int32_t n_shared = 0;             ///< tokens that are stored up to there
  std::span<const std::int32_t> tokens;  ///< prompt and answer
  std::int32_t n_prompt = 0;
  std::int32_t n_left = 0;  ///< tokens that it may still get: a node this deep is of no use
  const sample::Params* sample = nullptr;  ///< a draft that draws with its seed agrees more often
  std::uint32_t choice = 0;                ///< the choice of the key that it draws with
  const sample::Carry* carry = nullptr;    ///< what its samplers know so far
  std::span<const std::int32_t> stop_tokens = {};  ///< each ends the answer
  std::uint64_t proposers = ~0ULL;                 ///< a bit for each that may propose for it
};

/// What all sequences of a step have in common.
struct Context {
  const model::Model& target;
  const kv::Store& store;     ///< the target's cache
  const kv::RadixTree& tree;  ///< what is stored in it
};

/// What the target made of a step's tree for one sequence.
struct Outcome {
  const Sequence& sequence;              ///< as it was before these tokens
  std::span<const std::int32_t> tokens;  ///< the target's, at least one; all but the last are nodes
  const Draft& computed;  ///< the nodes that had rows, of all proposers; may be empty
  std::span<const sample::LogitRow> rows;  ///< (n_nodes(computed)) what the target said there
  double node_cost = 0;  ///< tokens that would have come in the time of one of those nodes
};

struct DraftModel;

/// What proposers work from beside the target; the models outlive them.
struct Sources {
  std::string rest_index;                   ///< made by `millrace rest-index`; empty: there is none
  std::uint64_t tokenizer_fingerprint = 0;  ///< spec::fingerprint of the target's
  std::vector<std::string> draft_files = {};      ///< of models that draft, and what they became
  std::vector<const DraftModel*> drafts = {};     ///< when the target was loaded
  std::int32_t exit_layer = 0;                    ///< layers that exit runs; 0: half of them
  std::vector<std::int32_t> skipped_layers = {};  ///< by skip; none: some are searched for
  const model::Model* few_bits = nullptr;         ///< the target for selfquant, at 4 bits
};

/// What a proposer that runs a model must have room for.
struct Room {
  std::int32_t n_context = 0;   ///< positions of the longest sequence
  std::int32_t n_parallel = 1;  ///< sequences of that length, or more that are shorter
  DType kv_type = DType::f16;
};

/// What a proposer is made from.
struct Setup {
  Shape shape;
  const model::Model* target = nullptr;  ///< outlives the proposer
  const Sources& sources;
  Room room = {};
};

/// What a proposer knows, of its sequences and in common: only its own functions look at it.
using State = std::unique_ptr<void, void (*)(void*)>;

template <typename T>
State make_state(T value) {
  return {new T(std::move(value)), [](void* state) { delete static_cast<T*>(state); }};
}

/// A method of proposing: what its one file gives. One that runs a model runs it for all sequences
/// at once, with a cache of its own, and catches up there with tokens that it has not seen.
struct Method {
  std::string_view name;
  std::string_view summary;  ///< for help, one line
  Shape shape;               ///< that it has unless told otherwise

  /// Errors: what it was given does not fit the target; found before any request runs.
  Expected<State> (*make)(const Setup& setup);

  /// Hangs nodes on `drafts`, (n_sequences), each node 0 alone. A node's probability is what the
  /// proposer believes that all of the path down to it comes true with; it need not be right, since
  /// it is learned what comes of it, but should tell good from bad.
  Expected<void> (*propose)(void* state, const Context& context,
                            std::span<const Sequence> sequences, std::span<Draft> drafts);

  void (*learn)(void* state, const Outcome& outcome);      ///< null: it learns nothing
  void (*forget)(void* state, std::uint64_t sequence_id);  ///< null: it keeps nothing of sequences
};

/// All methods, by name.
std::span<const Method> methods();

/// Null where there is none of that name.
const Method* find_method(std::string_view name);

/// A method at work.
struct Proposer {
  const Method* method;
  State state;
};

/// Errors: as of the method's make.
Expected<Proposer> make_proposer(const Method& method, const Setup& setup);

// The methods, each in the file of its name.

Method draft_model();  ///< what smaller models say, as a chain or as a tree
Method early_exit();   ///< what the target's first layers say
Method jacobi();       ///< the target's guesses at all places at once, until they stand still
Method lookahead();    ///< n-grams out of such guesses, which a window of rows makes in each step
Method lookup();       ///< what followed the last tokens where they stood before
Method random();       ///< wrong on purpose, for tests: nothing but speed may depend on proposals
Method rest();         ///< what follows the last tokens in an index of a corpus
Method selfquant();    ///< what the target says with its weights at 4 bits
Method skip_layers();  ///< what the target says without some layers
Method suffix();       ///< what followed the longest repeated end of the text
Method tree();         ///< how other requests went on from the same text

}  // namespace mr::spec
