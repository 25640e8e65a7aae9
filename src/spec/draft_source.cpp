#include "spec/draft_source.h"

#include "base/size_text.h"

namespace mr::spec {

Expected<DraftModel> make_draft_model(model::Model model, const text::Tokenizer& tokenizer,
                                      const model::Model& target,
                                      const text::Tokenizer& target_tokenizer) {
  if (model.file_bytes > target.file_bytes) {
    return fail(Fault::bad_model,
                "draft model: wanted at most the " + size_text(target.file_bytes) +
                    " of weights that the target has, found " + size_text(model.file_bytes));
  }
  DraftModel made;
  MR_TRY(made.translation,
         translate(target_tokenizer, target.config.n_vocab, tokenizer, model.config.n_vocab));
  made.model = std::move(model);
  return made;
}

}  // namespace mr::spec
