#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace mr {

/// What kind of thing went wrong; the program's exit code and an HTTP status follow from it.
enum class Fault : std::uint8_t {
  failed,        ///< something in operation: I/O, a child, a device (exit 1)
  bad_request,   ///< the caller's arguments (exit 2)
  bad_model,     ///< a model file: missing, foreign, damaged, unsupported (exit 3)
  does_not_fit,  ///< memory, context or another limit (exit 4)
  cancelled,     ///< interrupted by the user (exit 130)
};

/// One line for a person: what was wanted, what was found, and where.
struct Error {
  Fault fault = Fault::failed;
  std::string message;
};

template <typename T>
using Expected = tl::expected<T, Error>;

/// The failed result of a function that returns Expected: `return fail(Fault::bad_model, "...")`.
inline tl::unexpected<Error> fail(Fault fault, std::string message) {
  return tl::unexpected<Error>(Error{fault, std::move(message)});
}

/// Hands an error on with the place it happened in put before it: `where: message`.
inline tl::unexpected<Error> fail_at(std::string_view where, Error error) {
  error.message = std::string(where) + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

namespace detail {
[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}
}  // namespace detail

}  // namespace mr

/// An invariant of the program itself. Nothing that a file or a client sends may reach one.
#define MR_CHECK(condition)                                                       \
  do {                                                                            \
    if (!(condition)) ::mr::detail::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

#define MR_CONCAT_INNER(a, b) a##b
#define MR_CONCAT(a, b) MR_CONCAT_INNER(a, b)

/// `MR_TRY(auto file, open(path));` declares `file` from an Expected or returns its error.
#define MR_TRY(declaration, ...) \
  MR_TRY_NAMED(MR_CONCAT(mr_try_, __LINE__), declaration, __VA_ARGS__)
#define MR_TRY_NAMED(name, declaration, ...)                                \
  auto name = (__VA_ARGS__);                                                \
  if (!name) return ::tl::unexpected<::mr::Error>(std::move(name).error()); \
  declaration = std::move(*name)

/// `MR_TRY_VOID(check(x));` returns the error of an Expected<void>.
#define MR_TRY_VOID(...)                                                                \
  do {                                                                                  \
    auto mr_result = (__VA_ARGS__);                                                     \
    if (!mr_result) return ::tl::unexpected<::mr::Error>(std::move(mr_result).error()); \
  } while (false)
