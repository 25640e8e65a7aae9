#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <ctime>
#include <string>
#include <string_view>

#include "text/jinja/template.h"

namespace mr::text::jinja {
namespace {

/// Renders a template with a message; the text or the error.
Expected<Rendered> run(std::string_view source, const RenderOptions& options = {}) {
  static const boost::json::value messages = {{{"role", "user"}, {"content", "hello"}}};
  MR_TRY(const Template parsed, parse_template(source, options.limits));
  const Variable variables[] = {{"messages", &messages}};
  return render(parsed, variables, options);
}

/// Ways out of the sandbox that were tried on jinja2 and on others.
constexpr std::string_view kWalks[] = {
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__']['__mro__'] }}",
    "{{ ''|attr('__class__')|attr('__mro__') }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ {}.__class__.__base__ }}",
    "{{ messages.__class__ }}",
    "{{ messages[0].__init__.__globals__ }}",
    "{{ messages.append('x') }}",
    "{{ messages[0].update({'role': 'system'}) }}",
    "{{ messages[0].pop('role') }}",
    "{{ messages.clear() }}",
    "{{ messages[0].__setitem__('role', 'system') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ cycler('a').__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ joiner().__call__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ namespace().__class__.__mro__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config.items() }}{{ request.application.__globals__ }}",
    "{{ range.__self__.__import__('os') }}",
    "{{ raise_exception.__globals__ }}",
    "{{ strftime_now.__self__.__class__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ ''.join.__self__.__class__ }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{x.__init__.__globals__}'.format(x=cycler) }}",
    "{{ '{0.__class__.__mro__}'.format_map({'0': ''}) }}",
    "{{ '%(x)s'|format(x=''.__class__) }}",
    "{{ messages|map(attribute='__class__.__mro__')|list }}",
    "{{ messages|map('attr', '__class__')|map('attr', '__mro__')|list }}",
    "{{ (messages|map('upper')).gi_frame.f_globals }}",
    "{% for c in ''.__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}{{ m._func.__code__ }}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{{ loop._recurse.__globals__ }}{% endfor %}",
    "{% set x = ''.__class__ %}{{ x() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends '/etc/passwd' %}",
    "{{ open('/etc/passwd').read() }}",
    "{{ __import__('os').system('id') }}",
    "{{ eval('1') }}",
};

/// Templates that would take all the memory or time there is.
constexpr std::string_view kBombs[] = {
    "{{ range(10**9)|list }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 'a' * 2**30 }}",
    "{{ 'a' * 10**18 }}",
    "{{ [0] * 10**9 }}",
    "{{ 9**9**9**9 }}",
    "{{ 10**10**10 }}",
    "{{ 2.0**100000 }}",
    "{{ 9223372036854775807 + 1 }}",
    "{{ 99999999999999999999999999 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
    "{% macro m(x=m()) %}{% endmacro %}{{ m() }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
    "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x|tojson }}",
    "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor "
    "%}",
    "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('a', 'aa') "
    "%}"
    "{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor "
    "%}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor "
    "%}"
    "{{ ns.l }}",
    "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor "
    "%}"
    "{{ ns.l == [ns.l[0], ns.l[1]] }}",
    "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}"
    "{{ ns.l|tojson }}",
    "{% set ns = namespace(l=()) %}{% for i in range(9999) %}{% set ns.l = (ns.l,) %}{% endfor %}"
    "{{ {ns.l: 1} }}",
    "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = ns.l + ['a' * 8000000] "
    "%}"
    "{% endfor %}",
    "{% set s = 'a' * 8000000 %}{% for i in range(99999) %}{% set t = 'ab' in s %}{% endfor %}",
    "{% set s = 'é' * 4000000 %}{% for i in range(99999) %}{% set t = s[-1] %}{% endfor %}",
    "{% set s = 'a' * 8000000 %}{% for i in range(99999) %}{% set t = s|upper|lower|title %}"
    "{% endfor %}",
    "{% set s = 'a' * 8000000 %}{% for i in range(99999) %}{% set t = s.rsplit('aab') %}{% endfor "
    "%}",
    "{% set l = range(99999)|list %}{% for i in range(99999) %}{% set t = l|sort %}{% endfor %}",
    "{% for i in range(99999) %}{% set t = range(99999)|join %}{% endfor %}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'.ljust(10**12) }}{{ 'a'.zfill(10**12) }}",
    "{{ '\\t'.expandtabs(10**12) }}",
    "{{ '%1000000000s' % 'a' }}",
    "{{ '%*d' % (10**12, 1) }}",
    "{{ '%.1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ '{:.1000000000f}'.format(1.0) }}",
    "{{ '{:{w}}'.format('a', w=10**12) }}",
    "{{ 'a'|indent(10**12) }}",
    "{{ [[1]]|tojson(indent=10**12) }}",
    "{{ [1]|batch(10**12, 0)|list }}",
    "{{ [1]|slice(10**12)|list }}",
    "{{ strftime_now('%1000000000Y') }}",
    "{{ strftime_now('%c' * 1000000) }}",
    "{% set x %}{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}{% endset %}",
    "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
    "{{ dict(**{'a': 1}|dictsort|map('first')|list * 10**9) }}",
    "{{ lipsum(10**9) }}{{ lipsum(1, min=10**9, max=10**10) }}",
    "{% set s = 'aa.com ' * 100000 %}{% for i in range(99999) %}{% set t = s|urlize %}{% endfor "
    "%}",
    "{{ ('aa.com ' * 100000)|urlize(target='x' * 1000000) }}",
    "{% set s = 'a ' * 400000 %}{{ ('b ' * 400000)|urlize(extra_schemes=(['aa:'] * 99999)) }}",
    "{% set s = '&' * 1000000 %}{% for i in range(99999) %}{% set t = s|striptags %}{% endfor %}",
    "{% set s = 'a-' * 500000 %}{% for i in range(9999) %}{% set t = s|wordwrap(1) %}{% endfor %}",
    "{{ ('a' * 1000000)|wordwrap(1, wrapstring='x' * 1000000) }}",
    "{{ 'a'|wordwrap(-(10**18)) }}",
    "{% set s = 'a b ' * 250000 %}{% for i in range(9999) %}{% set t = s|pprint %}{% endfor %}",
    "{{ {'k' * 4000000: range(99999)|list}|pprint }}",
    "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}"
    "{{ ns.l|pprint }}",
    "{% set ns = namespace(l=['a' * 99]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}"
    "{% endfor %}{{ ns.l|pprint }}",
    "{{ ('é' * 4000000)|urlencode }}",
    "{{ {'a': '<' * 8000000}|xmlattr }}",
    "{% filter replace('a', 'aaaaaaaa')|replace('a', 'aaaaaaaa')|replace('a', 'aaaaaaaa')"
    "|replace('a', 'aaaaaaaa')|replace('a', 'aaaaaaaa') %}{{ 'a' * 1000 }}{% endfilter %}",
};

/// It ends with an error within two seconds of the processor: others may be busy with it.
void expect_end(std::string_view source) {
  const std::clock_t start = std::clock();
  const auto rendered = run(source);
  const std::clock_t taken = std::clock() - start;
  EXPECT_FALSE(rendered) << source.substr(0, 200) << " gave " << rendered->text.substr(0, 200);
  EXPECT_LT(taken, 2 * CLOCKS_PER_SEC) << source.substr(0, 200);
}

TEST(Limits, NoWayOut) {
  for (const std::string_view source : kWalks) expect_end(source);
}

TEST(Limits, BombsEnd) {
  for (const std::string_view source : kBombs) expect_end(source);
}

std::string times(std::size_t n, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

TEST(Limits, DeepSources) {
  for (const std::size_t n : {1'000U, 100'000U}) {
    expect_end("{{ " + times(n, "(") + "1" + times(n, ")") + " }}");
    expect_end("{{ " + times(n, "[") + times(n, "]") + " }}");
    expect_end("{{ " + times(n, "{1:") + "1" + times(n, "}") + " }}");
    expect_end("{{ " + times(n, "-") + "1 }}");
    expect_end("{{ " + times(n, "range(") + "1" + times(n, ")") + " }}");
    expect_end("{{ " + times(n, "a[") + "1" + times(n, "]") + " }}");
    expect_end("{{ " + times(n, "1 if 1 else ") + "1 }}");
    expect_end(times(n / 2, "{% if 1 %}") + times(n / 2, "{% endif %}"));
    expect_end(times(n / 2, "{% for x in [1] %}") + times(n / 2, "{% endfor %}"));
    expect_end("{% set " + times(n, "(") + "x" + times(n, ")") + " = 1 %}");
  }
  expect_end(times((1U << 20) + 1, "x"));
}

/// Long is not deep: chains of operators, attributes, filters and branches are no danger.
TEST(Limits, LongSources) {
  EXPECT_EQ(run("{{ 0" + times(20'000, " + 1") + " }}")->text, "20000");
  EXPECT_EQ(run("{{ ''" + times(20'000, " ~ 'x'") + " }}")->text, times(20'000, "x"));
  EXPECT_EQ(run("{{ 1" + times(20'000, " and 1") + " }}")->text, "1");
  EXPECT_EQ(run("{{ " + times(20'001, "not ") + "1 }}")->text, "False");
  EXPECT_EQ(run("{{ 'x'" + times(20'000, "|upper") + " }}")->text, "X");
  EXPECT_EQ(run("{{ 'x'" + times(20'000, ".upper()") + " }}")->text, "X");
  EXPECT_EQ(run("{% if 0 %}" + times(20'000, "{% elif 0 %}") + "{% else %}x{% endif %}")->text,
            "x");
  const std::string nested = times(60, "{% if 1 %}") + "x" + times(60, "{% endif %}");
  EXPECT_EQ(run(nested)->text, "x");
}

/// What takes the square of the time on a megabyte if it is written carelessly is soon done.
TEST(Limits, LongTexts) {
  const auto length = [](const std::string& text, const std::string& filter) {
    const RenderOptions options{.limits = {.seconds = 60}};
    const auto rendered = run("{{ (" + text + ")|" + filter + "|length }}", options);
    return rendered ? rendered->text : rendered.error().message;
  };
  EXPECT_EQ(length("'a' * 1000000", "wordwrap(1)"), "1999999");
  EXPECT_EQ(length("'-' * 1000000", "wordwrap(3)"), "1333333");
  EXPECT_EQ(length("'a-' * 500000", "wordwrap(999999)"), "1000001");
  EXPECT_EQ(length("'\xc2\xa0' * 500000", "wordwrap(1)"), "0");
  EXPECT_EQ(length("'!--' * 300000", "wordwrap(500)"), "901801");
  EXPECT_EQ(length("'http://' * 140000", "urlize"), "980000");
  EXPECT_EQ(length("'www.' ~ 'a.' * 500000", "urlize"), "1000004");
  EXPECT_EQ(length("'a@' * 500000", "urlize"), "1000000");
  EXPECT_EQ(length("'(' * 200000 ~ ')' * 200000", "urlize"), "400000");
  EXPECT_EQ(length("'(a' * 300000 ~ ')' * 300000", "urlize"), "900000");
  EXPECT_EQ(length("'>' * 300000", "urlize"), "1200000");
  EXPECT_EQ(length("'<' * 1000000", "striptags"), "1000000");
  EXPECT_EQ(length("'&#' * 500000", "striptags"), "1000000");
  EXPECT_EQ(length("'&#1' * 300000", "striptags"), "0");
  EXPECT_EQ(length("'a' * 1000000", "pprint"), "1000002");
  EXPECT_EQ(length("'&' * 1000000", "urlencode"), "3000000");
}

TEST(Limits, EachIsAField) {
  const auto message = [](std::string_view source, const Limits& limits) {
    const auto rendered = run(source, {.limits = limits});
    return rendered ? "ok" : rendered.error().message;
  };
  const std::string loop = "{% for i in range(100) %}{{ 'abcd' }}{% endfor %}";
  EXPECT_EQ(message(loop, {}), "ok");
  EXPECT_NE(message(loop, {.source_bytes = 10}).find("10 allowed"), std::string::npos);
  EXPECT_NE(message(loop, {.steps = 100}).find("100 steps"), std::string::npos);
  EXPECT_NE(message(loop, {.output_bytes = 399}).find("399 bytes"), std::string::npos);
  EXPECT_EQ(message(loop, {.output_bytes = 400}), "ok");
  EXPECT_NE(message("{{ 'a' * 400 ~ '' }}", {.output_bytes = 399}).find("399"), std::string::npos);
  EXPECT_NE(message("{{ ((1)) }}", {.depth = 2}).find("2 levels"), std::string::npos);
  const std::string busy =
      "{% set s = 'a' * 1000000 %}{% for i in range(9999) %}{% set t = s ~ i %}{% endfor %}";
  EXPECT_NE(message(busy, {.memory_bytes = 10'000'000}).find("10000000"), std::string::npos);
  EXPECT_NE(message(busy, {.memory_bytes = SIZE_MAX, .seconds = 0.01}).find("too long"),
            std::string::npos);
}

TEST(Limits, VariablesThatDoNotFit) {
  const auto parsed = parse_template("{{ x }}");
  boost::json::value deep = 1;
  for (int i = 0; i < 500; ++i) deep = boost::json::array{std::move(deep)};
  for (const boost::json::value& value : {deep, boost::json::value(UINT64_MAX)}) {
    const Variable variables[] = {{"x", &value}};
    EXPECT_FALSE(render(*parsed, variables));
  }
  EXPECT_FALSE(parse_template("\xff"));
  EXPECT_FALSE(parse_template("\xed\xa0\x80"));
}

}  // namespace
}  // namespace mr::text::jinja
