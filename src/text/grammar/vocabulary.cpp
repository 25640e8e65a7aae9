#include "text/grammar/vocabulary.h"

#include <algorithm>
#include <numeric>

namespace mr::text::grammar {
namespace {

std::size_t common(std::string_view a, std::string_view b) {
  const auto split = std::ranges::mismatch(a, b);
  return static_cast<std::size_t>(split.in1 - a.begin());
}

}  // namespace

Vocabulary make_vocabulary(const Tokenizer& tok) {
  Vocabulary vocabulary;
  vocabulary.n_tokens = static_cast<std::int32_t>(n_tokens(tok));
  vocabulary.bytes.resize(n_tokens(tok));
  std::vector<std::int32_t> order;
  for (std::size_t id = 0; id < vocabulary.bytes.size(); ++id) {
    const auto token = static_cast<Id>(id);
    if (!is_control(tok, token)) vocabulary.bytes[id] = piece_bytes(tok, token, false);
    if (!vocabulary.bytes[id].empty()) order.push_back(static_cast<std::int32_t>(id));
  }
  const auto text = [&](std::int32_t token) -> const std::string& {
    return vocabulary.bytes[static_cast<std::size_t>(token)];
  };
  std::ranges::sort(order, [&](std::int32_t a, std::int32_t b) {
    return text(a) != text(b) ? text(a) < text(b) : a < b;
  });
  std::vector<std::uint32_t> path;  // the nodes above the next one
  const auto close = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      vocabulary.nodes[path.back()].skip = static_cast<std::uint32_t>(vocabulary.nodes.size());
    }
  };
  std::string_view last;
  for (const std::int32_t token : order) {
    const std::string& own = text(token);
    const std::size_t shared = common(last, own);
    close(shared);
    for (std::size_t depth = shared; depth < own.size(); ++depth) {
      path.push_back(static_cast<std::uint32_t>(vocabulary.nodes.size()));
      vocabulary.nodes.push_back({.skip = 0,
                                  .first = static_cast<std::uint32_t>(vocabulary.tokens.size()),
                                  .depth = static_cast<std::uint16_t>(depth),
                                  .byte = static_cast<std::uint8_t>(own[depth])});
    }
    ++vocabulary.nodes[path.back()].n;
    vocabulary.tokens.push_back(token);
    vocabulary.max_depth = std::max(vocabulary.max_depth, own.size());
    last = own;
  }
  close(0);
  return vocabulary;
}

std::int32_t control_token(const Tokenizer& tok, std::string_view spelled) {
  for (std::size_t id = 0; id < n_tokens(tok); ++id) {
    const auto token = static_cast<Id>(id);
    if (is_control(tok, token) && decode(tok, std::span(&token, 1)) == spelled) {
      return static_cast<std::int32_t>(id);
    }
  }
  return -1;
}

}  // namespace mr::text::grammar
