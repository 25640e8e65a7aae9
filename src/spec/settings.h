#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "spec/proposer.h"

namespace mr::spec {

/// One method that is to propose.
struct Choice {
  const Method* method;
  Shape shape;
};

/// Who proposes, and who says how much of it is computed.
struct Settings {
  std::vector<Choice> choices;  ///< none: no speculation
  sample::Acceptance acceptance = sample::Acceptance::exact;
  bool weighed = false;  ///< nodes are computed as far as they pay; else all proposed
  Sources sources = {};
};

/// Reads `off`, or `auto` and METHOD[:depth=N][,width=N][,nodes=N], several joined with +. `auto`
/// stands for all methods that need nothing and cost next to nothing, and has nodes weighed.
/// Errors: bad_request for anything else; the message names what is wrong.
Expected<Settings> parse_settings(std::string_view text);

}  // namespace mr::spec
