#include "app/template_command.h"

#include <boost/json.hpp>
#include <cstdio>
#include <vector>

#include "app/exit.h"
#include "io/json.h"
#include "sys/text_file.h"
#include "text/chat_template.h"

namespace mr::app {
namespace {

Expected<text::ChatTemplate> load(const TemplateArgs& args) {
  if (args.file.empty() == args.model.empty()) {
    return fail(Fault::bad_request, "template: wanted one of -m MODEL and --file TEMPLATE");
  }
  if (args.file.empty()) return text::load_chat_template(args.model);
  MR_TRY(const std::string source, sys::read_text(args.file));
  return text::make_chat_template(source);
}

}  // namespace

Expected<std::string> render_template(const TemplateArgs& args) {
  MR_TRY(const text::ChatTemplate chat, load(args));
  auto input = json::read_file(args.input);
  if (!input) return fail(Fault::bad_request, std::move(input).error().message);
  MR_TRY(const boost::json::object* fields, json::root_object(*input));
  std::vector<text::jinja::Variable> variables;
  for (const auto& [name, token] : chat.tokens) variables.push_back({name, &token, true});
  for (const auto& [key, value] : *fields) variables.push_back({key, &value});
  text::jinja::RenderOptions options{.now = text::jinja::local_clock()};
  if (!args.now.empty()) {
    MR_TRY(options.now, text::jinja::parse_clock(args.now));
  }
  const auto* tools = fields->if_contains("tools");
  const bool has_tools = chat.with_tools && tools != nullptr && !tools->is_null();
  MR_TRY(text::jinja::Rendered rendered,
         text::jinja::render(has_tools ? *chat.with_tools : chat.usual, variables, options));
  return std::move(rendered.text);
}

int run_template(const TemplateArgs& args) {
  const auto text = render_template(args);
  if (!text) return report(text.error());
  if (std::fwrite(text->data(), 1, text->size(), stdout) == text->size()) return kOk;
  return report({Fault::failed, "cannot write to standard output"});
}

}  // namespace mr::app
