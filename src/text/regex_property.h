#pragma once
#include <string>
#include <string_view>

/// The names that Oniguruma has for properties of characters, in PCRE2's words.
namespace mr::text {

/// What stands between the brackets of a PCRE2 class; `negated`: the property is what it lacks.
struct Property {
  std::string members = {};
  bool negated = false;
};

/// The property of a POSIX bracket's name (`alpha` of [:alpha:]); no members where there is none.
Property posix_property(std::string_view name);

/// The property of a \p{name}: a general category, a POSIX name, a script or a binary property.
/// Names are read without regard to case, spaces, hyphens and underscores. A name that PCRE2 does
/// not know is left for it to refuse. `inside`: of brackets, which changes `Word`.
Property unicode_property(std::string_view name, bool inside);

}  // namespace mr::text
