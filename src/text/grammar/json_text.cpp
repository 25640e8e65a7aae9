#include "text/grammar/json_text.h"

#include "text/grammar/automaton.h"

namespace mr::text::grammar {
namespace {

constexpr int kMostIndent = 128;

RuleId blank_rule(Network& net) {
  if (net.blank != kNothing) return net.blank;
  net.blank = add_rule(net);
  const auto [enter, leave] = net.rules[net.blank];
  add_free(net, enter, leave);
  add_bytes(net, enter, leave, ' ', ' ');
  State line = add_state(net);
  add_bytes(net, enter, line, '\n', '\n');
  for (int i = 0; i < kMostIndent; ++i) {
    const State next = add_state(net);
    add_free(net, line, leave);
    add_bytes(net, line, next, ' ', ' ');
    add_bytes(net, line, next, '\t', '\t');
    line = next;
  }
  add_free(net, line, leave);
  return net.blank;
}

void add_word(Network& net, State from, State to, std::string_view word) {
  add_free(net, add_text(net, from, word), to);
}

void add_string(Network& net, State from, State to) {
  const State begin = add_text(net, from, "\"");
  const State end = add_state(net);
  add_texts(net, begin, end, any_text(), Writing::json);
  add_bytes(net, end, to, '"', '"');
}

void add_number(Network& net, State from, State to) {
  const auto digits = [&](State at) {  // one or more
    const State behind = add_state(net);
    add_bytes(net, at, behind, '0', '9');
    add_bytes(net, behind, behind, '0', '9');
    return behind;
  };
  const State begin = add_state(net);
  const State whole = add_state(net);
  const State real = add_state(net);
  add_free(net, from, begin);
  add_bytes(net, from, begin, '-', '-');
  add_bytes(net, begin, whole, '0', '0');
  const State more = add_state(net);
  add_bytes(net, begin, more, '1', '9');
  add_bytes(net, more, more, '0', '9');
  add_free(net, more, whole);
  add_free(net, whole, real);
  add_free(net, digits(add_text(net, whole, ".")), real);
  add_free(net, real, to);
  const State sign = add_state(net);
  const State exponent = add_state(net);
  add_bytes(net, real, sign, 'e', 'e');
  add_bytes(net, real, sign, 'E', 'E');
  add_free(net, sign, exponent);
  add_bytes(net, sign, exponent, '+', '+');
  add_bytes(net, sign, exponent, '-', '-');
  add_free(net, digits(exponent), to);
}

/// Items of one rule between brackets.
void add_list(Network& net, State from, State to, std::string_view brackets, RuleId item) {
  const State begin = add_blank(net, add_text(net, from, brackets.substr(0, 1)));
  const State close = add_state(net);
  const State behind = add_state(net);
  add_call(net, begin, behind, item);
  add_call(net, add_comma(net, behind), behind, item);
  add_free(net, begin, close);
  add_free(net, add_blank(net, behind), close);
  add_word(net, close, to, brackets.substr(1));
}

}  // namespace

State add_blank(Network& net, State from) {
  const State to = add_state(net);
  add_call(net, from, to, blank_rule(net));
  return to;
}

State add_comma(Network& net, State from) {
  return add_blank(net, add_text(net, from, ","));
}

State add_key_end(Network& net, State from) {
  return add_blank(net, add_text(net, from, "\":"));
}

RuleId any_object(Network& net) {
  const RuleId member = add_rule(net);
  const State begin = add_text(net, net.rules[member].enter, "\"");
  const State end = add_state(net);
  add_texts(net, begin, end, any_text(), Writing::json);
  add_call(net, add_key_end(net, end), net.rules[member].leave, any_value(net));
  const RuleId object = add_rule(net);
  add_list(net, net.rules[object].enter, net.rules[object].leave, "{}", member);
  return object;
}

RuleId any_value(Network& net) {
  if (net.value != kNothing) return net.value;
  net.value = add_rule(net);
  const auto [enter, leave] = net.rules[net.value];
  for (const char* word : {"null", "true", "false"}) add_word(net, enter, leave, word);
  add_string(net, enter, leave);
  add_number(net, enter, leave);
  add_list(net, enter, leave, "[]", net.value);
  add_call(net, enter, leave, any_object(net));
  return net.value;
}

}  // namespace mr::text::grammar
