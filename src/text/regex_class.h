#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

/// Character classes of Oniguruma as PCRE2 reads them.
namespace mr::text {

/// A set of characters: what stands between the brackets of a PCRE2 class, and the expressions of
/// one character that a class cannot hold.
struct ClassSet {
  std::string members = {};
  std::string others = {};  // alternatives, each with a `|` before it
};

/// The letters that Oniguruma's \w has in and outside of brackets: outside, six more of Latin-1.
constexpr std::string_view kWordMembers = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
constexpr std::string_view kLoneWordMembers =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";

/// Adds what `\w`, `\S`, `\h`, `\p{Name}` and their like stand for; `at` is past the backslash and
/// moves past the escape. False, and nothing changes, where the escape is none of a class.
bool add_class_escape(ClassSet& set, std::string_view pattern, std::size_t& at, bool inside);

/// An expression of one character of the set.
std::string expression(const ClassSet& set, bool negated);

/// Reads the class that begins at `at`, past its bracket, with nested classes, intersections (&&)
/// and POSIX brackets; gives an expression of one character and moves `at` past the class.
/// Errors: bad_model where the class does not end or is nested too deep.
Expected<std::string> read_class(std::string_view pattern, std::size_t& at);

/// Appends a character so that it stands for itself, in a class or outside of one.
void append_literal(std::string& out, std::string_view character);

/// The code point that an escape names (`\n`, `\x{..}`, `\u....`, octal), past whose backslash `at`
/// stands, or the character itself: appended as a literal. `at` moves past it.
void append_escaped(std::string& out, std::string_view pattern, std::size_t& at);

}  // namespace mr::text
