#include <algorithm>

#include "text/vocab_json.h"
#include "text/vocab_read.h"

namespace mr::text {

Expected<Vocab> vocab_from_merges(std::string_view vocab_json, std::string_view merges_txt,
                                  std::string_view pre) {
  MR_TRY(const JsonFile file, parse_json(vocab_json));
  Vocab vocab;
  vocab.algorithm = Algorithm::byte_bpe;
  MR_TRY_VOID(set_pre(vocab, pre));
  vocab.whole_word_first = false;
  MR_TRY(const auto pieces, read_pieces(vocab, file.root));
  push_pieces(vocab, pieces, true);
  for (std::size_t at = 0; at < merges_txt.size();) {
    const std::size_t end = std::min(merges_txt.find('\n', at), merges_txt.size());
    std::string_view line = merges_txt.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool heading = at == 0 && line.starts_with("#version");
    at = end + 1;
    if (line.empty() || heading) continue;
    const std::size_t space = line.find(' ');
    const auto right = space == std::string_view::npos ? "" : line.substr(space + 1);
    MR_TRY_VOID(push_merge(vocab, line.substr(0, space), right, true));
  }
  for (Id id = 0; id < pieces.size(); ++id) {  // GPT-2's only special token is in its vocabulary
    if (pieces[id] != "<|endoftext|>") continue;
    MR_TRY_VOID(add_token(vocab, {.id = id, .text = std::string(pieces[id]), .special = true}));
    vocab.bos = vocab.eos = id;
  }
  return vocab;
}

}  // namespace mr::text
