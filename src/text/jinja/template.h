#pragma once
#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/clock.h"
#include "text/jinja/limits.h"

/// Jinja templates as Hugging Face chat templates use them: jinja2 3.1's sandbox with trim_blocks,
/// lstrip_blocks, loop controls, `generation`, `raise_exception` and `strftime_now`. A template
/// reaches nothing but the variables it is given.
namespace mr::text::jinja {

/// Parses a template. Errors: bad_model with the line, for anything that is not a template or
/// exceeds the limits. Cost: linear in the source.
Expected<Template> parse_template(std::string_view source, const Limits& limits = {});

/// A variable of a template.
struct Variable {
  std::string_view name;
  const boost::json::value* value;
  bool trusted = false;  ///< the caller's own, such as bos_token: its text is not input
};

struct RenderOptions {
  Clock now = {};  ///< default: 1970, so that nobody depends on a clock unawares
  Limits limits = {};
};

/// A part of the rendered text.
struct Segment {
  std::size_t begin, end;  ///< bytes
  bool trusted;            ///< from the template or a trusted variable: may hold special tokens
};

struct Rendered {
  std::string text;
  std::vector<Segment> segments;  ///< neighbours differ in trust; together they are the text
};

/// Renders a template with variables, of which the last of a name counts. Text that comes from
/// variables, by whatever way, is not trusted; only the names of the usual roles in `messages` are.
/// Errors: bad_request with what the template raised, or what it did wrong; does_not_fit where it
/// exceeds a limit. Threads: templates are immutable, so any number at a time.
Expected<Rendered> render(const Template& parsed, std::span<const Variable> variables,
                          const RenderOptions& options = {});

}  // namespace mr::text::jinja
