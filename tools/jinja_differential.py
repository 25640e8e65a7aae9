#!/usr/bin/env python3
"""Render random templates with millrace and with jinja2, and print where they differ.

usage: jinja_differential.py MILLRACE [COUNT [SEED]]

A template of the grammar below is valid more often than not. Texts must be equal, and where jinja2
fails, so must millrace. Integers beyond 64 bits and the addresses of Python objects, which millrace
does not have, are left out. jinja2 3.1 must be installed.
"""

import json
import random
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "golden"))
from jinja import CONTEXT, make_environment  # noqa: E402

TEXT_FILTERS = """capitalize lower upper title trim trim('a') replace('a','b') replace('o','') e
 safe string reverse indent indent(2,true) indent(width='>',blank=true) truncate(9) truncate(5,true)
 truncate(9,false,'') center(20) forceescape d('x') default('z',true) format(1) wordcount|string
 first last list|join('.') tojson tojson(ensure_ascii=true) unique|join sort|join max min int|string
 float|string length|string batch(3)|list|string slice(2)|list|string
 striptags urlencode urlize urlize(7) urlize(nofollow=true,target='t') pprint wordwrap(5)
 wordwrap(3,false) wordwrap(4,true,'/') wordwrap(6,break_on_hyphens=false)""".split()
TEXT_METHODS = """upper() lower() title() capitalize() strip() lstrip('a') rstrip() swapcase()
 replace('a','xy') replace('b','',1) replace('','-') join(['p','q']) center(8,'*') ljust(6)
 rjust(6,'-') zfill(5) expandtabs(4) removeprefix('a') removesuffix('b') casefold() format(1,x)
 partition('a')[0] rpartition('o')|string split()|join('_') splitlines()|string
 rsplit(none,1)|string split('o',1)|string""".split()
LIST_FILTERS = """list sort sort(true) sort(attribute='n') unique|list reverse|list
 map('string')|list map('length')|list map('upper')|list map(attribute='name')|list
 map(attribute='v',default=0)|list
 select|list reject|list select('string')|list reject('none')|list select('in',words)|list
 selectattr('n','eq',2)|list rejectattr('n')|list batch(2)|list batch(2,'f')|list slice(2)|list
 slice(3,none)|list map('default','q')|list map('tojson')|list select('defined')|list
 groupby('n') groupby('name')|map('last')|list map('trim')|list map('first')|list""".split()
LIST_TO_ANY = """first last length join join(', ') join('-',attribute='name') sum max min tojson
 string sum(attribute='n') max(attribute='name') tojson(indent=2) pprint urlencode""".split()
DICT_TO_ANY = """items()|list keys()|list values()|list items() get('one') get('no') get('no',s)
 get('one',1) copy() items()|length""".split()
DICT_FILTERS = """dictsort dictsort(true) dictsort(by='value') dictsort(reverse=true) items|list
 list length tojson tojson(sort_keys=true) tojson(indent=1) string first last pprint xmlattr
 xmlattr(false) urlencode""".split()
TESTS = """boolean callable defined undefined false true float integer iterable mapping none number
 sequence string sameas(x) eq(1) ne(x) escaped in([1,'a',none]) lower upper""".split()
TEXT_TESTS = [
    f"is{name}()" for name in "digit alpha lower upper title space alnum ascii".split()
]
STRINGS = ["'a'", "''", "'b c'", "'Hello World'", "'é🦙ß'", "'12'", "'1.5'", "' a\\nb '", "'%s'",
           "'{}'", "'{:>4}|{!r}'", "'<a&b>'", "'it\\'s'", "'ǆ ΑΣ ﬁ'", "'a\\tb'",
           "'<b>x</b> &lt;&eacute;&#65;y'", "'www.a-b.com, (http://é.io/?q=(1))'", "'me@a-b.org'",
           "'well-known mother-in-law foo--bar'"]  # fmt: skip
SPACE = "' '"
LOOP = "index index0 revindex first last length depth previtem nextitem cycle(1,2)".split()
SKIP = re.compile(r" at 0x|object at|<built-in|<bound method|<function|<generator", re.I)


class Maker:
    """Makes templates; `r` is the source of chance."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def number(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.3:
            return r.choice("0 1 2 3 7 -2 1.5 0.1 2.0 1e15 3.14159 true x zero pi big".split())
        n, t = (lambda: self.number(depth - 1)), (lambda: self.text(depth - 1))
        return r.choice([
            lambda: f"({n()} {r.choice('+-*')} {n()})",
            lambda: f"({n()} {r.choice(['/', '//', '%', '**'])} {r.choice(['2', '-2', '0.5'])})",
            lambda: f"({n()})|{r.choice('abs round round(1) round(-1) int float'.split())}",
            lambda: f"({n()})|filesizeformat({r.choice(['', 'true'])})|length",
            lambda: f"({n()})|round(1, '{r.choice(['ceil', 'floor', 'common'])}')",
            lambda: f"({t()})|{r.choice(['length', 'wordcount', 'int', 'float'])}",
            lambda: f"({t()}).{r.choice(['find', 'rfind', 'count'])}({t()})",
            lambda: f"({self.items(depth - 1)})|length",
            lambda: f"numbers|{r.choice(['sum', 'max', 'min', 'first', 'last'])}",
            lambda: f"(-{n()})",
        ])()  # fmt: skip

    def text(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.2:
            return r.choice(STRINGS + ["s", "text", "empty", "bos_token", "messages[1].content"])
        t = lambda: self.text(depth - 1)  # noqa: E731
        return r.choice([
            lambda: f"({t()} + {t()})",
            lambda: f"({t()} ~ {self.any(depth - 1)})",
            lambda: f"({t()})|{r.choice(TEXT_FILTERS)}",
            lambda: f"({t()}).{r.choice(TEXT_METHODS)}",
            lambda: f"({t()})[{r.choice(['0', '-1', '1:', ':-1', '::-1', '::2', '-2:', '1:3'])}]",
            lambda: f"({t()} * {r.choice('0123')})",
            lambda: f"({self.any(depth - 1)})|{r.choice(['string', 'tojson'])}",
            lambda: f"({self.items(depth - 1)})|join({t()})",
            lambda: f"'%{r.choice(['', '5', '-5', '.1', '+', '07'])}{r.choice('sdfxger')}'"
            f" % {self.number(depth - 1)}",
            lambda: f"'{{:{r.choice(['', '>6', '^7', '*<6', '05', '+', ',', '.2f', 'e', 'g'])}}}'"
            f".format({self.number(depth - 1)})",
        ])()  # fmt: skip

    def items(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.2:
            return r.choice("words numbers tools messages nested [] [1,'a',none] range(4) (1,2) "
                            "['b','A','b'] [[1,2],[3]]".split())  # fmt: skip
        i = lambda: self.items(depth - 1)  # noqa: E731
        return r.choice([
            lambda: f"({i()})|{r.choice(LIST_FILTERS)}",
            lambda: f"({i()})[{r.choice(['1:', ':-1', '::-1', '::2', '-2:', '1:3', ':9'])}]",
            lambda: f"[{self.any(depth - 1)}, {self.any(depth - 1)}]",
            lambda: f"(({i()})|list + ({i()})|list)",
            lambda: f"({self.text(depth - 1)}).split({r.choice(['', SPACE, 'none, 1'])})",
            lambda: f"({self.table(depth - 1)})|{r.choice(['list', 'dictsort', 'items|list'])}",
        ])()  # fmt: skip

    def table(self, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.5:
            return r.choice(["data", "{}", "messages[0]", "tools[1]", "messages[2].tool_calls[0]"])
        return r.choice([
            lambda: f"{{{r.choice(STRINGS)}: {self.any(depth - 1)}, 'k': {self.any(depth - 1)}}}",
            lambda: f"dict(a={self.any(depth - 1)})",
        ])()  # fmt: skip

    def flag(self, depth):
        r = self.r
        a = lambda: self.any(depth - 1)  # noqa: E731
        n, t = (lambda: self.number(depth - 1)), (lambda: self.text(depth - 1))
        order = ["==", "!=", "<", "<=", ">", ">="]
        return r.choice([
            lambda: f"({a()} {r.choice(['==', '!='])} {a()})",
            lambda: f"({n()} {r.choice(order)} {n()})",
            lambda: f"({n()} < {n()} <= {n()})",
            lambda: f"({t()} {r.choice(order)} {t()})",
            lambda: f"({t()} {r.choice(['in', 'not in'])} {t()})",
            lambda: f"({a()} {r.choice(['in', 'not in'])} {self.items(depth - 1)})",
            lambda: f"({a()}) is {r.choice(['', 'not '])}{r.choice(TESTS)}",
            lambda: f"({t()}).{r.choice(TEXT_TESTS)}",
            lambda: f"(not {a()})",
        ])()  # fmt: skip

    def any(self, depth=3):
        r = self.r
        if depth <= 0:
            return r.choice("x y s yes nothing missing 1 'a' data words".split())
        return r.choice([
            lambda: self.number(depth),
            lambda: self.text(depth),
            lambda: self.text(depth),
            lambda: self.items(depth),
            lambda: self.table(depth),
            lambda: self.flag(depth),
            lambda: f"({self.items(depth - 1)})|{r.choice(LIST_TO_ANY)}",
            lambda: f"({self.table(depth - 1)})|{r.choice(DICT_FILTERS)}",
            lambda: f"({self.table(depth - 1)}).{r.choice(DICT_TO_ANY)}",
            lambda: f"({self.table(depth - 1)}).{r.choice(['one', 'name', 'role', 'k', 'items'])}",
            lambda: f"({self.items(depth - 1)})[{r.choice(['0', '-1', '9', 's'])}]",
            lambda: f"({self.any(depth - 1)} {r.choice(['and', 'or'])} {self.any(depth - 1)})",
            lambda: f"({self.any(depth - 1)} if {self.flag(depth - 1)} else {self.any(depth - 1)})",
            lambda: f"m({self.any(depth - 1)})",
            lambda: f"({self.any(depth - 1)})|d({self.any(depth - 1)})",
        ])()  # fmt: skip

    def tag(self, text):
        open_, close = self.r.choice(["", "", "", "-", "+"]), self.r.choice(["", "", "", "-"])
        return "{%" + open_ + " " + text + " " + close + "%}"

    def body(self, depth):
        return "".join(self.statement(depth) for _ in range(self.r.randint(1, 3)))

    def statement(self, depth=2):
        r = self.r
        space = r.choice(["", " ", "\n", "\n  ", "text ", "  \n"])
        if depth == 0 or r.random() < 0.4:
            sign = r.choice(["", "", "-"])
            return space + "{{" + sign + " " + self.any() + " " + r.choice(["", "-"]) + "}}"
        b = lambda: self.body(depth - 1)  # noqa: E731
        t = self.tag
        return space + r.choice([
            lambda: t("if " + self.flag(2)) + b() + t("elif " + self.flag(1)) + b() + t("else")
            + b() + t("endif"),
            lambda: t("if " + self.flag(2)) + b() + t("endif"),
            lambda: t("for x in " + self.items(2)) + b() + t("endfor"),
            lambda: t("for x in " + self.items(1) + " if " + self.flag(1)) + b() + t("else") + b()
            + t("endfor"),
            lambda: t("for x, y in data.items()") + b() + t("endfor"),
            lambda: t("for x in words") + b() + t("if loop.index > 1") + t(r.choice(
                ["break", "continue"])) + t("endif") + b() + t("endfor"),
            lambda: t("set " + r.choice("xys") + " = " + self.any()),
            lambda: t("set x, y = " + self.any(1) + ", " + self.any(1)),
            lambda: t("set s") + b() + t("endset"),
            lambda: t("set ns.a = " + self.any(2)) + "{{ ns.a }}",
            lambda: t("with y = " + self.any(2)) + b() + t("endwith"),
            lambda: t("filter " + r.choice(["upper", "trim", "replace('a', 'b')", "indent(2)"]))
            + b() + t("endfilter"),
            lambda: t("call m(" + self.any(1) + ")") + b() + t("endcall"),
            lambda: t("generation") + b() + t("endgeneration"),
            lambda: "{#" + r.choice(["", "-"]) + " c " + r.choice(["", "-"]) + "#}",
            lambda: "{% raw %} {{ x }} {% endraw %}",
        ])()  # fmt: skip

    def template(self):
        head = "{% set ns = namespace(a=1) %}{% set x = 2 %}{% set s = 'sab' %}"
        head += "{% macro m(a, b='d') %}[{{ a }}{{ b }}{{ caller() if caller }}]{% endmacro %}"
        return head + "".join(self.statement() for _ in range(self.r.randint(1, 2)))


def expected(template):
    """The text, None for an error, or False where the two need not agree."""

    def too_long(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(5)
    try:
        text = make_environment().from_string(template).render(**CONTEXT)
        text.encode()
    except (TimeoutError, MemoryError, OverflowError, RecursionError, UnicodeError):
        return False
    except Exception:
        return None
    finally:
        signal.alarm(0)
    huge = re.search(r"\d{19}", text)
    return False if SKIP.search(text) or huge or len(text) > 100_000 else text


def actual(program, template):
    with tempfile.TemporaryDirectory() as folder:
        file, context = Path(folder, "t.jinja"), Path(folder, "c.json")
        file.write_text(template)
        context.write_text(json.dumps(CONTEXT))
        done = subprocess.run(
            [program, "template", "--file", file, "--input", context, "--now", "2025-07-26 12:00"],
            capture_output=True,
        )
    if done.returncode not in (0, 2, 3, 4):
        return f"exit {done.returncode}: {done.stderr}", ""
    text = done.stdout.decode(errors="replace") if done.returncode == 0 else None
    return text, done.stderr.decode(errors="replace")


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    maker = Maker(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    templates = [maker.template() for _ in range(count)]
    n_bad = n_text = 0
    with ThreadPoolExecutor(2) as pool:
        ours = pool.map(lambda t: actual(program, t), templates)
        for template, (text, message) in zip(templates, ours):
            want = expected(template)
            n_text += isinstance(want, str)
            if want is False or text == want:
                continue
            n_bad += 1
            print(f"---\n{template}\n  jinja2:   {want!r}\n  millrace: {text!r} {message}")
    print(f"{count} templates, {n_text} of them rendered by jinja2, {n_bad} differences")
    return n_bad > 0


if __name__ == "__main__":
    sys.exit(main())
