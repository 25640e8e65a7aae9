#include "text/jinja/dict.h"

#include <bit>
#include <cmath>
#include <functional>

#include "text/jinja/ops.h"

namespace mr::text::jinja {
namespace {

constexpr std::size_t kIndexedEntries = 8;  // from here on a dict is looked up by hash

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

std::uint64_t hash_text(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

/// Equal values have equal hashes: True, 1 and 1.0 too.
Expected<std::uint64_t> hash(Value value, int depth = 0) {
  switch (value.kind) {
    case Kind::string:
      return hash_text(value.str->text);
    case Kind::boolean:
    case Kind::integer:
      return mix(static_cast<std::uint64_t>(to_integer(value)));
    case Kind::real:
      if (std::abs(value.real) < 0x1p62 && value.real == std::floor(value.real)) {
        return mix(static_cast<std::uint64_t>(static_cast<std::int64_t>(value.real)));
      }
      return mix(std::bit_cast<std::uint64_t>(value.real));
    case Kind::tuple: {
      if (depth > kMaxDataDepth) return fail_run("data nested too deeply");
      std::uint64_t sum = 1;
      for (const Value item : value.list->items) {
        MR_TRY(const std::uint64_t more, hash(item, depth + 1));
        sum = mix(sum * 31 + more);
      }
      return sum;
    }
    case Kind::list:
    case Kind::dict:
      return fail_run("unhashable type: '" + std::string(type_name(value)) + "'");
    default:
      return static_cast<std::uint64_t>(value.kind);
  }
}

/// The slot of a key in a table of hashes, or the free one where it belongs.
Expected<std::size_t> find_slot(Run& run, std::span<const Entry> entries,
                                std::span<const std::uint32_t> slots, Value key,
                                std::uint64_t hashed) {
  std::size_t slot = hashed & (slots.size() - 1);
  for (; slots[slot] != 0; slot = (slot + 1) & (slots.size() - 1)) {
    MR_TRY(const bool same, equal(run, entries[slots[slot] - 1].key, key));
    if (same) break;
  }
  return slot;
}

Expected<void> grow(Run& run, DictBuilder& dict) {
  dict.slots.assign(std::bit_ceil(4 * dict.entries.size()), 0);
  for (std::size_t i = 0; i < dict.entries.size(); ++i) {
    MR_TRY(const std::uint64_t hashed, hash(dict.entries[i].key));
    MR_TRY(const std::size_t slot,
           find_slot(run, dict.entries, dict.slots, dict.entries[i].key, hashed));
    dict.slots[slot] = static_cast<std::uint32_t>(i + 1);
  }
  return {};
}

}  // namespace

Expected<bool> put_new(Run& run, DictBuilder& dict, Value key, Value value) {
  MR_TRY(const std::uint64_t hashed, hash(key));
  if (dict.slots.empty()) {
    for (Entry& entry : dict.entries) {
      MR_TRY(const bool same, equal(run, entry.key, key));
      if (!same) continue;
      entry.value = value;
      return false;
    }
  } else {
    MR_TRY(const std::size_t slot, find_slot(run, dict.entries, dict.slots, key, hashed));
    if (dict.slots[slot] != 0) {
      dict.entries[dict.slots[slot] - 1].value = value;
      return false;
    }
    dict.slots[slot] = static_cast<std::uint32_t>(dict.entries.size() + 1);
  }
  dict.entries.push_back({key, value});
  if (dict.entries.size() > kIndexedEntries && 2 * dict.entries.size() > dict.slots.size()) {
    MR_TRY_VOID(grow(run, dict));
  }
  return true;
}

Expected<void> put(Run& run, DictBuilder& dict, Value key, Value value) {
  MR_TRY_VOID(put_new(run, dict, key, value));
  return {};
}

Value finish(Run& run, const DictBuilder& dict) {
  Value value;
  value.kind = Kind::dict;
  value.dict = keep(run.heap, Dict{keep_all(run.heap, std::span<const Entry>(dict.entries)),
                                   keep_all(run.heap, std::span<const std::uint32_t>(dict.slots))});
  return value;
}

Expected<const Value*> find(Run& run, const Dict& dict, Value key) {
  if (is_string(key)) return find_text(dict, key.str->text);
  MR_TRY(const std::uint64_t hashed, hash(key));
  if (!dict.slots.empty()) {
    MR_TRY(const std::size_t slot, find_slot(run, dict.entries, dict.slots, key, hashed));
    return dict.slots[slot] == 0 ? nullptr : &dict.entries[dict.slots[slot] - 1].value;
  }
  for (const Entry& entry : dict.entries) {
    MR_TRY(const bool same, equal(run, entry.key, key));
    if (same) return &entry.value;
  }
  return nullptr;
}

const Value* find_text(const Dict& dict, std::string_view key) {
  const auto is_key = [&](const Entry& entry) {
    return is_string(entry.key) && entry.key.str->text == key;
  };
  if (dict.slots.empty()) {
    for (const Entry& entry : dict.entries) {
      if (is_key(entry)) return &entry.value;
    }
    return nullptr;
  }
  std::size_t slot = hash_text(key) & (dict.slots.size() - 1);
  for (; dict.slots[slot] != 0; slot = (slot + 1) & (dict.slots.size() - 1)) {
    const Entry& entry = dict.entries[dict.slots[slot] - 1];
    if (is_key(entry)) return &entry.value;
  }
  return nullptr;
}

}  // namespace mr::text::jinja
