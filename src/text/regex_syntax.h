#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

namespace mr::text {

/// A pattern as Oniguruma reads it in its Ruby syntax, which is what Hugging Face's tokenizers do,
/// written for PCRE2 (with UTF, UCP and MULTILINE): classes with intersections, `\h`, `\u....`,
/// POSIX brackets and properties by Oniguruma's definitions, `{n,m}+` as a repetition of a
/// repetition, `(?m)` as PCRE2's `(?s)`, `(?i)` up to the end of its group.
/// Source: Oniguruma, doc/RE and doc/SYNTAX.md; classes compared with tokenizers 0.23.
/// Errors: bad_model for a class that does not end.
Expected<std::string> to_pcre2(std::string_view pattern);

}  // namespace mr::text
