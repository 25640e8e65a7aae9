#pragma once
#include <cstdint>
#include <string>

#include "base/error.h"
#include "engine/footprint.h"

namespace mr::app {

/// The options to run with. A context of 0 becomes the model's own, or the largest power of two
/// that leaves half of the memory free (said on stderr); everything else stays as it is.
/// `available` bytes may be taken; 0: nobody knows.
engine::Options chosen(const engine::Sketch& sketch, const engine::Options& wanted,
                       std::uint64_t available);

/// Errors: does_not_fit where `options` need more than `available` (unless that is 0): what is
/// needed, what is there, and the flags nearest to them that fit.
Expected<void> check_fit(const engine::Sketch& sketch, const engine::Options& options,
                         std::uint64_t available);

/// A cache type as the flags name it: "f16".
std::string flag_text(DType kv_type);

/// The flags that make `from` into `to`: "--ctx-size 4096 --kv-type f16".
std::string flags_text(const engine::Options& from, const engine::Options& to);

}  // namespace mr::app
