#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mr::api {

/// Why a request is answered with an error: an HTTP status, a line for a person, the field at
/// fault and a code for programs, where there are such.
struct Problem {
  int status = 400;
  std::string message;
  std::string param = {};
  std::string code = {};
  int retry_after_s = 0;  ///< 0: not said
};

template <typename T>
using Checked = tl::expected<T, Problem>;

inline tl::unexpected<Problem> refuse(Problem problem) {
  return tl::unexpected<Problem>(std::move(problem));
}

/// What an error of the engine's or the text's is to a client.
Problem problem_of(const Error& error);

/// OpenAI's name of the kind of error that a status means.
std::string_view type_of(int status);

/// {"error": {"message", "type", "param", "code"}}.
boost::json::object openai_error(const Problem& problem);

/// {"type": "error", "error": {"type", "message"}}, as Anthropic has it.
boost::json::object anthropic_error(const Problem& problem);

}  // namespace mr::api

/// MR_TRY for functions that return Checked.
#define MR_ASK(declaration, ...) \
  MR_ASK_NAMED(MR_CONCAT(mr_ask_, __LINE__), declaration, __VA_ARGS__)
#define MR_ASK_NAMED(name, declaration, ...)                    \
  auto name = (__VA_ARGS__);                                    \
  if (!name) return ::mr::api::refuse(std::move(name).error()); \
  declaration = std::move(*name)
