#pragma once
#include <span>
#include <vector>

#include "base/error.h"
#include "spec/drafter.h"
#include "spec/translation.h"

namespace mr::spec {

/// Trees of what a drafter says of all sequences, grown level by level: in each level the
/// `shape.width` most probable nodes of a tree go on, with as many children each, all sequences in
/// one pass. Children are those that the request's own samplers and noise like best, so that drawn
/// texts agree as often as they can; a node's probability is the product along its path of what the
/// drafter gives each token against the others, given that noise. A tree ends where that falls
/// below a tenth: one more pass of the drafter would cost more than it brings.
/// Source: chains arXiv:2211.17192 and 2302.01318; trees arXiv:2305.09781, section 3.
/// A sequence that finds no pages, or stands at the end of the drafter's context, gets no nodes.
/// Errors: as of model::forward.
Expected<std::vector<Draft>> expand(Drafter& drafter, const Translation& translation,
                                    const Shape& shape, std::span<const Sequence> sequences);

}  // namespace mr::spec
