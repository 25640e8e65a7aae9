#include "text/regex_property.h"

#include <pcre2.h>

#include <algorithm>
#include <array>

#include "text/regex_class.h"

namespace mr::text {
namespace {

struct Name {
  std::string_view name;
  std::string_view members;
};

constexpr std::array<Name, 38> kCategories{{
    {"letter", "L"},
    {"casedletter", "L&"},
    {"lc", "L&"},
    {"uppercaseletter", "Lu"},
    {"lowercaseletter", "Ll"},
    {"titlecaseletter", "Lt"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"mark", "M"},
    {"combiningmark", "M"},
    {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"digit", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"punct", "P"},
    {"connectorpunctuation", "Pc"},
    {"dashpunctuation", "Pd"},
    {"openpunctuation", "Ps"},
    {"closepunctuation", "Pe"},
    {"initialpunctuation", "Pi"},
    {"finalpunctuation", "Pf"},
    {"otherpunctuation", "Po"},
    {"symbol", "S"},
    {"mathsymbol", "Sm"},
    {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"},
    {"othersymbol", "So"},
    {"separator", "Z"},
    {"control", "Cc"},
    {"cntrl", "Cc"},
    {"format", "Cf"},
    {"unassigned", "Cn"},
    {"privateuse", "Co"},
}};

constexpr std::array<Name, 9> kPosix{{
    {"alpha", R"(\p{Alphabetic})"},
    {"alnum", R"(\p{Alphabetic}\p{Nd})"},
    {"upper", R"(\p{Uppercase})"},
    {"lower", R"(\p{Lowercase})"},
    {"space", R"(\p{White_Space})"},
    {"blank", R"(\p{Zs}\t)"},
    {"xdigit", "0-9A-Fa-f"},
    {"ascii", R"(\x{0}-\x{7f})"},
    {"word", kWordMembers},
}};

/// What these lack is shorter said.
constexpr std::array<Name, 2> kPosixNegated{{
    {"graph", R"(\p{Z}\p{Cc}\p{Cn}\p{Cs})"},
    {"print", R"(\p{Cc}\p{Cn}\p{Cs}\p{Zl}\p{Zp})"},
}};

template <std::size_t n>
std::string_view look_up(const std::array<Name, n>& names, std::string_view name) {
  const auto* found = std::ranges::find(names, name, &Name::name);
  return found == names.end() ? std::string_view() : found->members;
}

std::string loose(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return out;
}

bool compiles(const std::string& pattern) {
  int error = 0;
  std::size_t place = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   PCRE2_UTF | PCRE2_UCP, &error, &place, nullptr);
  pcre2_code_free(code);
  return code != nullptr;
}

}  // namespace

Property posix_property(std::string_view name) {
  if (name == "punct") return {R"(\p{P}\p{S})"};
  if (name == "digit") return {R"(\p{Nd})"};
  if (name == "cntrl") return {R"(\p{Cc})"};
  if (const auto members = look_up(kPosix, name); !members.empty()) return {std::string(members)};
  return {std::string(look_up(kPosixNegated, name)), true};
}

Property unicode_property(std::string_view written, bool inside) {
  const std::string name = loose(written);
  if (const auto category = look_up(kCategories, name); !category.empty()) {
    return {R"(\p{)" + std::string(category) + "}"};
  }
  if (name == "any") return {R"(\x{0}-\x{10ffff})"};
  if (name == "assigned") return {R"(\p{Cn})", true};
  if (name == "word" && !inside) return {std::string(kLoneWordMembers)};
  if (Property posix = posix_property(name); !posix.members.empty()) return posix;
  // PCRE2 takes a script's bare name for Script_Extensions.
  const std::string script = R"(\p{sc:)" + std::string(written) + "}";
  if (written.size() > 2 && compiles(script)) return {script};
  return {R"(\p{)" + std::string(written) + "}"};
}

}  // namespace mr::text
