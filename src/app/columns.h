#pragma once
#include <string>

#include "base/quote.h"

/// Names in columns on a terminal.
namespace mr::app {

inline std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

/// A name from a file, in quotes where it could steer the terminal.
inline std::string bare(const std::string& text) {
  const std::string quoted = quote(text);
  return quoted.size() == text.size() + 2 ? text : quoted;
}

}  // namespace mr::app
