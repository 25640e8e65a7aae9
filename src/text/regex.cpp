#include "text/regex.h"

#include <pcre2.h>

#include <array>
#include <string>

#include "base/quote.h"
#include "text/regex_syntax.h"
#include "text/unicode.h"

namespace mr::text {
namespace {

constexpr std::uint32_t kMaxSteps = 10'000'000;
constexpr std::uint32_t kMaxDepth = 10'000;
constexpr std::uint32_t kMaxHeapKib = 64 * 1024;
constexpr std::size_t kMaxPatternBytes = 64 * 1024;
// A group repeated over a megabyte of one character takes 16 to 48 bytes of it each time.
constexpr std::size_t kFirstStackBytes = 32 * 1024;
constexpr std::size_t kMaxStackBytes = 64 * 1024 * 1024;

struct Limits {
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;  // made for the text that needs more than the machine's
};

Limits* limits_of(const RegexSearch& state) {
  return static_cast<Limits*>(state.limits);
}

pcre2_match_data* block_of(const RegexSearch& state) {
  return static_cast<pcre2_match_data*>(state.block);
}

}  // namespace

void FreeRegex::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}

Expected<Regex> make_regex(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return fail(Fault::bad_model, "a split pattern of " + std::to_string(pattern.size()) +
                                      " bytes; the limit is " + std::to_string(kMaxPatternBytes));
  }
  auto translated = to_pcre2(pattern);
  if (!translated) {
    return fail(Fault::bad_model, "the split pattern " + quote(pattern) +
                                      " is not usable: " + translated.error().message);
  }
  int error = 0;
  std::size_t place = 0;
  Regex regex;
  regex.code.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated->data()), translated->size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MULTILINE,
      &error, &place, nullptr));
  if (!regex.code) {
    std::array<unsigned char, 128> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return fail(Fault::bad_model, "the split pattern " + quote(pattern) + " is not usable: " +
                                      reinterpret_cast<const char*>(message.data()));
  }
  // Without JIT the interpreter does the same work, so a failure is none.
  pcre2_jit_compile(regex.code.get(), PCRE2_JIT_COMPLETE);
  return regex;
}

RegexSearch::RegexSearch(const Regex& searched) : regex(&searched) {
  block = pcre2_match_data_create(1, nullptr);
  auto* context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(context, kMaxSteps);
  pcre2_set_depth_limit(context, kMaxDepth);
  pcre2_set_heap_limit(context, kMaxHeapKib);
  limits = new Limits{context};
}

RegexSearch::~RegexSearch() {
  pcre2_match_data_free(block_of(*this));
  const Limits* made = limits_of(*this);
  pcre2_match_context_free(made->context);
  pcre2_jit_stack_free(made->stack);
  delete made;
}

Expected<Match> search(RegexSearch& state, std::string_view text, std::size_t from) {
  Limits* limits = limits_of(state);
  const auto match = [&] {
    return pcre2_match(state.regex->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                       text.size(), from, 0, block_of(state), limits->context);
  };
  int found = match();
  if (found == PCRE2_ERROR_JIT_STACKLIMIT && limits->stack == nullptr) {
    limits->stack = pcre2_jit_stack_create(kFirstStackBytes, kMaxStackBytes, nullptr);
    pcre2_jit_stack_assign(limits->context, nullptr, limits->stack);
    found = match();
  }
  if (found == PCRE2_ERROR_NOMATCH) return Match{};
  if (found < 0) {
    return fail(Fault::does_not_fit, "the tokenizer's split pattern exceeds its limits (PCRE2 " +
                                         std::to_string(found) + ") on this text of " +
                                         std::to_string(text.size()) + " bytes");
  }
  const std::size_t* at = pcre2_get_ovector_pointer(block_of(state));
  return Match{at[0], at[1], true};
}

Expected<Match> next_match(RegexSearch& state, std::string_view text) {
  while (state.at <= text.size()) {
    MR_TRY(const Match match, search(state, text, state.at));
    if (!match.found) break;
    if (match.begin == match.end && match.end == state.last_end) {
      const char* const from = text.data() + match.end;
      const char* const end = text.data() + text.size();
      state.at = match.end + (from < end ? decode(from, end).bytes : 1);
      continue;
    }
    state.at = state.last_end = match.end;
    return match;
  }
  return Match{};
}

}  // namespace mr::text
