#pragma once
#include <string>
#include <string_view>

#include "io/cursor.h"
#include "io/gguf.h"

/// Metadata values as they stand in a GGUF file; used by the reader and the getters.
namespace mr::gguf {

/// The next string: its length (u64), then its bytes.
Expected<std::string_view> read_string(io::Cursor& cursor, std::uint64_t max_bytes,
                                       std::string_view field);

/// The next value type. Errors: bad_model where the number is none.
Expected<ValueType> read_type(io::Cursor& cursor, std::string_view field);

/// The next value of that type; arrays are walked once, so that their extent is known and sound.
/// `depth` counts the arrays around it.
Expected<Value> read_value(io::Cursor& cursor, ValueType type, int depth = 0);

}  // namespace mr::gguf
