#include "spec/proposer.h"

#include <algorithm>
#include <array>

namespace mr::spec {

std::span<const Method> methods() {
  static const std::array all{draft_model(), early_exit(), jacobi(), lookahead(),
                              lookup(),      random(),     rest(),   selfquant(),
                              skip_layers(), suffix(),     tree()};
  return all;
}

const Method* find_method(std::string_view name) {
  const std::span<const Method> all = methods();
  const auto found = std::ranges::find(all, name, &Method::name);
  return found == all.end() ? nullptr : &*found;
}

Expected<Proposer> make_proposer(const Method& method, const Setup& setup) {
  MR_TRY(State state, method.make(setup));
  return Proposer{.method = &method, .state = std::move(state)};
}

}  // namespace mr::spec
