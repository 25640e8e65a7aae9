#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "sample/candidates.h"
#include "sample/key.h"

namespace mr::sample {

/// How it is decided whether a proposed token is taken.
enum class Acceptance : std::uint8_t {
  exact,      ///< a token is drawn, and the proposal is taken where it is that one
  rejection,  ///< by its chance; the chances of all texts stay, the text is another one
  typical,    ///< where it is likely enough; the chances of texts change
};

/// Takes the candidate that the rule of `acceptance` allows of those proposed, in their order, or
/// draws one. What the proposals were made of must not depend on the noise of `key` under
/// `rejection`.
///
/// exact: what draw() says.
/// rejection: each proposal with its probability among what is left, and then it is no longer left;
/// at the end a draw of the rest. The chances of all tokens are those of a draw.
/// Source: arXiv:2302.01318, theorem 1, and arXiv:2305.09781, section 4.3, for proposals that are
/// certain of themselves.
/// typical: the first proposal with a probability above min(0.09, 0.3 exp(-entropy)), else a draw.
/// It changes the chances. Source: Medusa, arXiv:2401.10774, section 2.3.1.
std::size_t accept(Candidates& candidates, std::span<const std::int32_t> proposed,
                   Acceptance acceptance, const Key& key);

}  // namespace mr::sample
