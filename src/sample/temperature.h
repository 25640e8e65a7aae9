#pragma once
#include "sample/candidates.h"

namespace mr::sample {

/// Divides the logits; at 0 keeps the most probable token alone, the lowest id of equals.
void temperature(Candidates& candidates, float temperature);

/// How a temperature follows the entropy: from temperature - range where one token is certain to
/// temperature + range where all are equal.
struct Dynamic {
  float temperature;
  float range;  ///< 0: the temperature is fixed
  float exponent;
};

/// Divides the logits by the temperature that the entropy of the candidates asks for.
/// Source: llama.cpp, tools/completion/README.md, "Dynatemp".
void dynamic_temperature(Candidates& candidates, const Dynamic& dynamic);

}  // namespace mr::sample
