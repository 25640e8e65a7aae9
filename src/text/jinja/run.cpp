#include "text/jinja/run.h"

#include <algorithm>

#include "text/jinja/dict.h"
#include "text/jinja/globals.h"

namespace mr::text::jinja {
namespace {

constexpr std::uint64_t kUncheckedBytes = 64U << 10;
constexpr std::uint64_t kBytesPerStep = 256;  // of text, against one node: about the same time

Expected<void> check(Run& run) {
  const Limits& limits = run.options.limits;
  run.unchecked = 0;
  if (run.steps > limits.steps) {
    return fail(Fault::does_not_fit,
                "template took more than " + std::to_string(limits.steps) + " steps");
  }
  if (run.heap.used_bytes > limits.memory_bytes) {
    return fail(Fault::does_not_fit,
                "template used more than " + std::to_string(limits.memory_bytes) + " bytes");
  }
  if (std::chrono::steady_clock::now() > run.deadline) {
    return fail(Fault::does_not_fit, "template took too long");
  }
  return {};
}

}  // namespace

Expected<void> charge(Run& run, std::uint64_t n) {
  run.steps += n;
  run.unchecked += n * kBytesPerStep;
  if (run.unchecked < kUncheckedBytes && run.steps <= run.options.limits.steps) return {};
  return check(run);
}

Expected<void> charge_bytes(Run& run, std::uint64_t n_bytes) {
  run.unchecked += n_bytes;
  if (run.unchecked < kUncheckedBytes) return {};
  return check(run);
}

std::uint64_t draw(Run& run, std::uint64_t n) {
  run.chance += 0x9E3779B97F4A7C15;  // SplitMix64: nothing secret hangs on it
  std::uint64_t bits = run.chance;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EB;
  return (bits ^ (bits >> 31U)) % n;
}

tl::unexpected<Error> fail_run(std::string message) {
  return fail(Fault::bad_request, std::move(message));
}

tl::unexpected<Error> fail_undefined(Value value) {
  return fail_run(std::string(value.undef->message));
}

Expected<Value> finish(Run& run, const Marked& text, bool markup) {
  if (text.too_long) {
    return fail(Fault::does_not_fit,
                "template made text of more than " + std::to_string(text.max_bytes) + " bytes");
  }
  MR_TRY_VOID(charge_bytes(run, text.text.size()));
  return from(keep(run.heap, Str{keep_text(run.heap, text.text),
                                 keep_all(run.heap, std::span<const Range>(text.input)), markup}));
}

Scope* new_scope(Run& run, Scope* parent) {
  return keep(run.heap, Scope{parent});
}

void assign(Run& run, Scope& scope, NameId name, Value value) {
  for (Binding& binding : scope.bindings.first(scope.n_bindings)) {
    if (binding.name != name) continue;
    binding.value = value;
    return;
  }
  if (scope.n_bindings == scope.bindings.size()) {
    const std::size_t n_room = std::max<std::size_t>(4, 2 * scope.n_bindings);
    auto* room = static_cast<Binding*>(allocate(run.heap, n_room * sizeof(Binding)));
    std::uninitialized_default_construct_n(room, n_room);
    std::copy_n(scope.bindings.begin(), scope.n_bindings, room);
    scope.bindings = {room, n_room};
  }
  scope.bindings[scope.n_bindings++] = {name, value};
}

Value lookup(Run& run, const Scope* scope, NameId name) {
  for (; scope != nullptr; scope = scope->parent) {
    for (const Binding& binding : scope->bindings.first(scope->n_bindings)) {
      if (binding.name == name) return binding.value;
    }
  }
  const std::string& text = run.parsed.names[name];
  if (const Value* value = find_text(*run.variables, text)) return *value;
  const NativeFn global = find_global(text);
  if (global != nullptr) return function(run.heap, text, {}, global);
  return undefined(run.heap, "'" + text + "' is undefined");
}

}  // namespace mr::text::jinja
