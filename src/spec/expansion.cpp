#include "spec/expansion.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "sample/chain.h"
#include "sample/draw.h"

namespace mr::spec {
namespace {

constexpr float kLeast = 0.1F;               ///< probability of a node that goes on
constexpr std::int32_t kCatchUpRows = 1024;  ///< of tokens not seen yet, in one call

std::size_t index(std::int32_t node) {
  return static_cast<std::size_t>(node);
}

/// The tree of one sequence in the making.
struct Growth {
  const Sequence* sequence;
  CachedText* text;
  sample::Params params;  ///< the request's; greedy ones with the temperature 1, to tell p
  bool is_greedy;
  std::int32_t base = 0;  ///< the drafter's tokens of the text: where its first node stands
  Draft draft;
  std::vector<sample::Carry> carry = {};  ///< (n_nodes) what the samplers know there
  std::vector<std::int32_t> slot = {};    ///< (n_nodes) of its row; -1: it has none
  std::vector<std::int32_t> row_node =
      {};                               ///< the node of each row: the i-th stands in slot base + i
  std::vector<std::int32_t> open = {};  ///< nodes that go on
};

/// What a row of a pass tells of.
struct Asked {
  Growth* growth;
  std::int32_t node;
};

struct Work {
  Drafter& drafter;
  const Translation& translation;
  const Shape& shape;
  std::vector<DraftRow> rows = {};
  std::vector<Asked> asked = {};  ///< of each row that has logits
  sample::Candidates candidates = {};
  std::vector<float> scratch = {};
};

struct Guess {
  std::int32_t token;
  float probability;
};

/// The most probable, and the next: each is dropped once found.
std::size_t take_largest(sample::Candidates& c) {
  const float most = sample::largest(c);
  if (most == sample::kNever) return sample::kNone;
  std::size_t begin = 0;
  if (c.token.empty()) {
    const auto block = std::ranges::find(c.block_max, most) - c.block_max.begin();
    begin = static_cast<std::size_t>(block) * sample::kBlock;
  }
  const auto from = c.logit.begin() + static_cast<std::ptrdiff_t>(begin);
  return static_cast<std::size_t>(std::find(from, c.logit.end(), most) - c.logit.begin());
}

/// The n tokens of the highest logits, with their share of all.
std::vector<Guess> likeliest(sample::Candidates& c, std::int32_t n) {
  std::vector<Guess> found;
  const float most = sample::largest(c);
  const double sum = sample::weigh(c, most);
  while (static_cast<std::int32_t>(found.size()) < n) {
    const std::size_t i = take_largest(c);
    if (i == sample::kNone) break;
    found.push_back({sample::token_of(c, i), static_cast<float>(c.values[i] / sum)});
    sample::set(c, i, sample::kNever);
  }
  return found;
}

/// The n tokens that this noise makes the first to be drawn. The noise is the target's own, so all
/// that is unsure is how far its logits lie from these: a token counts by its lead over the others.
std::vector<Guess> drawn_first(sample::Candidates& c, std::int32_t n, const sample::Key& key) {
  std::vector<Guess> found;
  std::vector<double> score;
  while (static_cast<std::int32_t>(found.size()) <= n) {  // one more, to compare with
    const std::size_t i = sample::draw(c, key);
    if (i == sample::kNone) break;
    const std::int32_t token = sample::token_of(c, i);
    score.push_back(static_cast<double>(c.logit[i]) +
                    sample::gumbel(key, static_cast<std::uint32_t>(token)));
    found.push_back({token, 0});
    sample::set(c, i, sample::kNever);
  }
  double sum = 0;
  for (const double s : score) sum += std::exp(s - score[0]);
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i].probability = static_cast<float>(std::exp(score[i] - score[0]) / sum);
  }
  if (static_cast<std::int32_t>(found.size()) > n) found.pop_back();
  return found;
}

/// The tokens from below node 0 to a node.
std::vector<std::int32_t> path_to(const Draft& draft, std::int32_t node) {
  std::vector<std::int32_t> path(index(draft.depth[index(node)]));
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    *at = draft.token[index(node)];
    node = draft.parent[index(node)];
  }
  return path;
}

/// Hangs the children of a node on the tree.
void branch(Work& work, const Asked& asked, const sample::LogitRow& row) {
  Growth& g = *asked.growth;
  const std::vector<std::int32_t> path = path_to(g.draft, asked.node);
  const sample::Place place{
      .choice = g.sequence->choice,
      .history = {.before = g.sequence->tokens, .path = path, .n_prompt = g.sequence->n_prompt},
      .stop_tokens = g.sequence->stop_tokens,
      .carry = g.carry[index(asked.node)]};
  sample::Candidates& c = work.candidates;
  sample::start(c, to_target(work.translation, row, work.scratch));
  sample::narrow(c, g.params, place);
  const std::int32_t n = work.shape.width;
  const float p = g.draft.probability[index(asked.node)];
  for (const Guess& guess :
       g.is_greedy ? likeliest(c, n) : drawn_first(c, n, sample::key_at(place, g.params))) {
    add(g.draft, asked.node, guess.token, p * guess.probability);
    sample::Carry& carry = g.carry.emplace_back(place.carry);
    sample::advance(carry.thought, g.params.thought, guess.token);
    sample::advance(carry.grammar, g.params.grammar, guess.token);
    g.slot.push_back(-1);
  }
}

/// The nodes from `first` on that go on: the best `width` of those worth it.
void choose_open(Growth& g, std::int32_t first, const Translation& translation,
                 std::int32_t width) {
  g.open.clear();
  for (std::int32_t node = first; node < n_nodes(g.draft); ++node) {
    const std::int32_t token = g.draft.token[index(node)];
    const bool ends =
        std::ranges::find(g.sequence->stop_tokens, token) != g.sequence->stop_tokens.end();
    if (ends || g.draft.probability[index(node)] < kLeast || to_draft(translation, token) < 0) {
      continue;
    }
    g.open.push_back(node);
  }
  std::ranges::stable_sort(g.open, std::greater{},
                           [&](std::int32_t node) { return g.draft.probability[index(node)]; });
  g.open.resize(std::min(g.open.size(), index(width)));
}

/// A row for a node that goes on.
void add_node_row(Work& work, Growth& g, std::int32_t node) {
  g.slot[index(node)] = g.base + static_cast<std::int32_t>(g.row_node.size());
  g.row_node.push_back(node);
  const std::int32_t depth = g.draft.depth[index(node)];
  DraftRow row{.text = g.text,
               .token = to_draft(work.translation, g.draft.token[index(node)]),
               .pos = g.base + depth - 1,
               .slot = g.slot[index(node)],
               .context = g.base};
  for (std::int32_t up = node; up > 0; up = g.draft.parent[index(up)]) {
    row.path.push_back(g.slot[index(up)]);
  }
  std::ranges::reverse(row.path);
  work.rows.push_back(std::move(row));
  work.asked.push_back({&g, node});
}

/// Runs the rows that wait, and branches where they have logits.
Expected<void> run_rows(Work& work) {
  std::size_t n_told = 0;
  for (std::size_t begin = 0; begin < work.rows.size();) {
    MR_TRY(const std::size_t n, run_pass(work.drafter, std::span(work.rows).subspan(begin)));
    begin += n;
    for (const sample::LogitRow& row : work.drafter.rows) branch(work, work.asked[n_told++], row);
  }
  work.rows.clear();
  work.asked.clear();
  return {};
}

sample::Params drafted_params(const Sequence& sequence) {
  sample::Params params = sequence.sample != nullptr ? *sequence.sample : sample::Params{};
  if (params.temperature <= 0) params.temperature = 1;
  return params;
}

/// How deep nodes of a sequence may be of use.
std::int32_t deepest(const Work& work, const Sequence& sequence, std::int32_t n_tokens) {
  return std::min({work.shape.depth, sequence.n_left - 1, work.drafter.n_context - n_tokens});
}

/// Rows for the tokens of a text that the drafter has not seen. False where they are more than one
/// call takes.
bool catch_up(Work& work, Growth& g, std::span<const std::int32_t> tokens) {
  std::vector<std::int32_t>& known = g.text->tokens;
  const std::size_t room = index(kCatchUpRows) - std::min(work.rows.size(), index(kCatchUpRows));
  const std::size_t end = std::min(tokens.size(), known.size() + room);
  for (std::size_t i = known.size(); i < end; ++i) {
    const auto pos = static_cast<std::int32_t>(i);
    work.rows.push_back({.text = g.text,
                         .token = tokens[i],
                         .pos = pos,
                         .slot = pos,
                         .context = pos + 1,
                         .has_logits = i + 1 == tokens.size()});
    known.push_back(tokens[i]);
  }
  return end == tokens.size();
}

/// Begins the trees of those sequences that have pages and are caught up.
Expected<void> plant(Work& work, std::span<const Sequence> sequences,
                     std::vector<Growth>& growths) {
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& sequence = sequences[i];
    Growth& g = growths[i];
    const std::vector<std::int32_t> tokens = spell(work.translation, sequence.tokens);
    g.base = static_cast<std::int32_t>(tokens.size());
    if (tokens.empty() || deepest(work, sequence, g.base) < 1) continue;
    MR_TRY(g.text, open_text(work.drafter, sequence.id, tokens));
    if (g.text == nullptr || !catch_up(work, g, tokens)) continue;
    work.asked.push_back({&g, 0});
    g.carry.push_back(sequence.carry != nullptr ? *sequence.carry : sample::Carry{});
    g.slot.push_back(-1);
  }
  return run_rows(work);
}

/// Keeps the rows of nodes that stand as a text would: they need not be computed again where that
/// text comes true.
void keep_rows(Growth& g, const Translation& translation) {
  std::int32_t above = 0;
  for (const std::int32_t node : g.row_node) {
    if (g.draft.parent[index(node)] != above) break;
    g.text->tokens.push_back(to_draft(translation, g.draft.token[index(node)]));
    above = node;
  }
}

}  // namespace

Expected<std::vector<Draft>> expand(Drafter& drafter, const Translation& translation,
                                    const Shape& shape, std::span<const Sequence> sequences) {
  ++drafter.clock;
  Work work{.drafter = drafter, .translation = translation, .shape = shape};
  std::vector<Growth> growths;
  for (const Sequence& sequence : sequences) {
    sample::Params params = drafted_params(sequence);
    const bool is_greedy = sequence.sample != nullptr && sequence.sample->temperature <= 0;
    growths.push_back({.sequence = &sequence,
                       .text = nullptr,
                       .params = std::move(params),
                       .is_greedy = is_greedy,
                       .draft = make_draft(sequence.tokens.back())});
  }
  MR_TRY_VOID(plant(work, sequences, growths));
  std::vector<std::int32_t> first(growths.size(), 1);  // node of the newest level
  for (std::int32_t depth = 1; depth < shape.depth; ++depth) {
    for (std::size_t i = 0; i < growths.size(); ++i) {
      Growth& g = growths[i];
      choose_open(g, first[i], translation, shape.width);
      first[i] = n_nodes(g.draft);
      if (g.open.empty() || deepest(work, *g.sequence, g.base) <= depth) continue;
      const std::size_t n_rows = g.row_node.size() + g.open.size();
      MR_TRY(const bool fits,
             reserve(drafter, *g.text, g.base + static_cast<std::int32_t>(n_rows)));
      if (!fits) continue;
      for (const std::int32_t node : g.open) add_node_row(work, g, node);
    }
    if (work.rows.empty()) break;
    MR_TRY_VOID(run_rows(work));
  }
  std::vector<Draft> drafts;
  for (Growth& g : growths) {
    if (g.text != nullptr) keep_rows(g, translation);
    drafts.push_back(std::move(g.draft));
  }
  return drafts;
}

}  // namespace mr::spec
