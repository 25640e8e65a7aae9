#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/source.h"

namespace mr::model {

/// What one fact about a model is called in GGUF metadata (after "<architecture>.") and in
/// config.json; null where that format does not state it.
struct Key {
  const char* gguf = nullptr;
  const char* json = nullptr;
};

/// The facts of one model, or of one object inside its config.json.
struct Fields {
  const gguf::File* gguf = nullptr;           ///< one of the two
  const boost::json::object* json = nullptr;  ///< is set
  std::string prefix;                         ///< of every key: "llama.", "rope_scaling."
};

/// Errors: bad_model, where general.architecture or config.json are not what they should be.
Expected<Fields> fields_of(const Source& source);

/// Whether the model states it; null in config.json does not.
bool has(const Fields& fields, Key key);

/// Whether config.json has null for it: the model wants none, not the default.
bool is_null(const Fields& fields, Key key);

/// The key as the file has it, for messages.
std::string name_of(const Fields& fields, Key key);

/// What a model states, or nothing. T is std::uint32_t, double, bool or std::string.
/// Errors: bad_model, naming key, wanted and found; of all functions below as well.
template <typename T>
Expected<std::optional<T>> find(const Fields& fields, Key key);

template <typename T>
Expected<T> get_or(const Fields& fields, Key key, T fallback) {
  return find<T>(fields, key).map([&](std::optional<T> found) {
    return found ? *std::move(found) : std::move(fallback);
  });
}

struct Range {
  std::int32_t low = 1;
  std::int32_t high = 0;
};

/// An integer within a range; `fallback` where the model does not state it, an error without one.
Expected<std::int32_t> count(const Fields& fields, Key key, Range range,
                             std::optional<std::int32_t> fallback = {});

/// The same where GGUF may have one for each layer, all of them equal.
Expected<std::int32_t> same_in_layers(const Fields& fields, Key key, Range range,
                                      std::int32_t n_layers,
                                      std::optional<std::int32_t> fallback = {});

/// A finite number above zero; `fallback` where the model does not state it.
Expected<float> positive(const Fields& fields, Key key, std::optional<float> fallback = {});

/// A list of `n` finite numbers above zero, of config.json.
Expected<std::vector<float>> positives(const Fields& fields, const char* key, std::size_t n);

/// A list of integers within a range, of config.json; empty where it is absent.
Expected<std::vector<std::int32_t>> counts(const Fields& fields, const char* key, Range range);

/// A list of texts, of config.json; empty where it is absent.
Expected<std::vector<std::string>> texts(const Fields& fields, const char* key);

/// An object inside config.json, as fields of its own; nothing where it is absent, and of GGUF.
Expected<std::optional<Fields>> part(const Fields& fields, const char* key);

}  // namespace mr::model
