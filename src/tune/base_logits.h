#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "sys/mapped_file.h"
#include "sys/out_file.h"

/// The distributions that one model gave for a text, kept to compare another with: the scored
/// positions of `perplexity`, in order. The file is that of llama.cpp's perplexity tool
/// (--kl-divergence-base), so either program reads what the other wrote:
/// "_logits_"; n_context, n_vocab, n_windows; the tokens of the windows; then a row a position: a
/// step and the least log-probability as float32, n_vocab 16-bit multiples of the step above it,
/// and two bytes more where n_vocab is odd. Integers have 32 bits, all is little-endian.
/// Source of the layout: llama.cpp, tools/perplexity/perplexity.cpp.
namespace mr::tune {

/// What was scored.
struct BaseShape {
  std::int32_t n_context = 0;
  std::int32_t n_vocab = 0;
  std::int32_t n_windows = 0;
};

/// A file of them being written.
struct BaseWriter {
  sys::OutFile file;
  std::vector<std::uint16_t> row;
};

/// `tokens` are those of the text: n_windows * n_context at least.
Expected<BaseWriter> make_base_writer(const std::string& path, const BaseShape& shape,
                                      std::span<const std::int32_t> tokens);
Expected<void> write_row(BaseWriter& writer, std::span<const float> logits);
/// Puts the file under its name. Errors: failed; nothing stands there then.
Expected<void> finish(BaseWriter& writer);

/// Such a file opened for reading.
struct BaseReader {
  std::string path;
  sys::MappedFile file;
  std::int32_t n_vocab = 0;
  std::size_t first_row = 0;  ///< byte at which the rows begin
};

/// Errors: bad_request where the file is none or damaged, holds fewer windows, or is of another
/// vocabulary, context or text.
Expected<BaseReader> open_base(const std::string& path, const BaseShape& wanted,
                               std::span<const std::int32_t> tokens);

/// Log-probabilities of one position, (n_vocab); those more than 16 below the largest stand there.
/// Errors: bad_request where the row is damaged.
Expected<void> read_row(const BaseReader& reader, std::int64_t row,
                        std::span<float> log_probabilities);

}  // namespace mr::tune
