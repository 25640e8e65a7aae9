#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "sys/mapped_file.h"
#include "sys/out_file.h"

/// The distributions that one model gave for a text, kept to compare another with: the scored
/// positions of `perplexity`, in order.
namespace mr::tune {

/// What must be equal for two runs to compare.
struct BaseShape {
  std::int32_t n_vocab = 0;
  std::int32_t n_context = 0;
  std::int32_t n_windows = 0;
  std::uint64_t tokens_hash = 0;  ///< of the text's tokens
};

/// The hash that BaseShape wants.
std::uint64_t hash_of(std::span<const std::int32_t> tokens);

/// A file of them being written: one row a position, log-probabilities as 16-bit steps between the
/// row's largest and 16 nats below it.
struct BaseWriter {
  sys::OutFile file;
  std::vector<std::uint16_t> row;
};

Expected<BaseWriter> make_base_writer(const std::string& path, const BaseShape& shape);
Expected<void> write_row(BaseWriter& writer, std::span<const float> logits);
/// Puts the file under its name. Errors: failed; nothing stands there then.
Expected<void> finish(BaseWriter& writer);

/// Such a file opened for reading.
struct BaseReader {
  sys::MappedFile file;
  BaseShape shape;
  std::int64_t n_rows = 0;
};

/// Errors: bad_request where the file is none, damaged, or of another shape.
Expected<BaseReader> open_base(const std::string& path, const BaseShape& wanted);

/// Log-probabilities of one position, (n_vocab).
void read_row(const BaseReader& reader, std::int64_t row, std::span<float> log_probabilities);

}  // namespace mr::tune
