#include <algorithm>
#include <unordered_map>

#include "spec/automaton.h"
#include "spec/proposer.h"

// Suffix decoding: what followed the longest end of the text elsewhere in the prompt, the answer or
// recent answers to the same tenant, by how often it did. Source: arXiv:2411.04975.
namespace mr::spec {
namespace {

constexpr std::size_t kOwnTokens = 16384;  ///< of a prompt that are learned from, its last ones
constexpr std::size_t kTenantTokens = 1U
                                      << 16;  ///< of answers that are kept, at least half of them
constexpr std::size_t kTenants = 64;
constexpr std::int32_t kSeparator = -1;

/// Answers of one tenant.
struct Shelf {
  Automaton automaton = make_automaton();
  std::vector<std::int32_t> tokens;  ///< what the automaton holds
  std::uint64_t last_use = 0;
  std::uint64_t version = 0;  ///< changes when matches in it mean nothing any more
};

/// What is known of a sequence.
struct Reader {
  Automaton own = make_automaton();
  std::size_t n_read = 0;  ///< of its tokens
  std::size_t n_prompt = 0;
  std::vector<std::int32_t> answer;
  std::uint64_t tenant = 0;
  Match match;  ///< on the tenant's shelf
  std::uint64_t version = 0;
};

struct Library {
  Shape shape;
  std::unordered_map<std::uint64_t, Reader> readers;
  std::unordered_map<std::uint64_t, Shelf> shelves;
  std::uint64_t clock = 0;
};

Shelf& shelf_of(Library& library, std::uint64_t tenant) {
  if (!library.shelves.contains(tenant) && library.shelves.size() >= kTenants) {
    const auto oldest = std::ranges::min_element(
        library.shelves, {}, [](const auto& entry) { return entry.second.last_use; });
    library.shelves.erase(oldest);
  }
  Shelf& shelf = library.shelves[tenant];
  shelf.last_use = ++library.clock;
  if (shelf.version == 0) shelf.version = library.clock;
  return shelf;
}

void read(Reader& reader, const Shelf& shelf, std::int32_t token) {
  extend(reader.own, token);
  reader.match = follow(shelf.automaton, reader.match, token);
  if (reader.n_read >= reader.n_prompt) reader.answer.push_back(token);
  ++reader.n_read;
}

Reader& reader_of(Library& library, const Sequence& sequence, const Shelf& shelf) {
  const auto [found, is_new] = library.readers.try_emplace(sequence.id);
  Reader& reader = found->second;
  if (is_new) {
    reader.tenant = sequence.salt;
    reader.n_prompt = static_cast<std::size_t>(sequence.n_prompt);
    reader.n_read = sequence.tokens.size() - std::min(sequence.tokens.size(), kOwnTokens);
  }
  if (reader.version != shelf.version) reader.match = {};
  reader.version = shelf.version;
  while (reader.n_read < sequence.tokens.size()) {
    read(reader, shelf, sequence.tokens[reader.n_read]);
  }
  return reader;
}

/// Puts an answer on the shelf. A full one keeps the newer half.
void put(Library& library, Shelf& shelf, const std::vector<std::int32_t>& answer) {
  const std::size_t first = shelf.tokens.size();
  shelf.tokens.insert(shelf.tokens.end(), answer.begin(), answer.end());
  shelf.tokens.push_back(kSeparator);
  std::size_t next = first;
  if (shelf.tokens.size() > kTenantTokens) {
    shelf.tokens.erase(shelf.tokens.begin(),
                       shelf.tokens.end() - static_cast<std::ptrdiff_t>(kTenantTokens / 2));
    shelf.automaton = make_automaton();
    shelf.version = ++library.clock;
    next = 0;
  }
  for (; next < shelf.tokens.size(); ++next) extend(shelf.automaton, shelf.tokens[next]);
}

Expected<State> make(const Setup& setup) {
  return make_state(Library{.shape = setup.shape, .readers = {}, .shelves = {}});
}

Expected<void> propose(void* state, const Context& /*context*/, std::span<const Sequence> sequences,
                       std::span<Draft> drafts) {
  Library& library = *static_cast<Library*>(state);
  const Shape& shape = library.shape;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Shelf& shelf = shelf_of(library, sequences[i].salt);
    const Reader& reader = reader_of(library, sequences[i], shelf);
    const Match own = repeated(reader.own);
    // The longer match tells more, the text's own where they are equal.
    const bool theirs = reader.match.length > own.length;
    const Automaton& automaton = theirs ? shelf.automaton : reader.own;
    grow(drafts[i], automaton, theirs ? reader.match : own, shape.depth, shape.width, shape.nodes);
  }
  return {};
}

void learn(void* state, const Outcome& outcome) {
  Library& library = *static_cast<Library*>(state);
  const Shelf& shelf = shelf_of(library, outcome.sequence.salt);
  Reader& reader = reader_of(library, outcome.sequence, shelf);
  for (const std::int32_t token : outcome.tokens) read(reader, shelf, token);
}

void forget(void* state, std::uint64_t sequence_id) {
  Library& library = *static_cast<Library*>(state);
  const auto found = library.readers.find(sequence_id);
  if (found == library.readers.end()) return;
  const Reader& reader = found->second;
  put(library, shelf_of(library, reader.tenant), reader.answer);
  library.readers.erase(found);
}

}  // namespace

Method suffix() {
  return {.name = "suffix",
          .summary = "what followed the longest repeated end, here and in the tenant's answers",
          .shape = {.depth = 16, .width = 3, .nodes = 24},
          .make = make,
          .propose = propose,
          .learn = learn,
          .forget = forget};
}

}  // namespace mr::spec
