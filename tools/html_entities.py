#!/usr/bin/env python3
"""Write src/text/jinja/html_entities_table.h: the named character references of HTML.

usage: html_entities.py > src/text/jinja/html_entities_table.h

Source: the HTML Standard's list, as Python's html.entities holds it.
"""

from html.entities import html5

HEAD = """#pragma once
#include <string_view>

namespace mr::text::jinja {

/// A named character reference: the one or two characters that `&name;` stands for, and whether it
/// does so without its semicolon. In the order of names.
/// Source: the HTML Standard's list of them, written by tools/html_entities.py.
struct HtmlEntity {
  std::string_view name;
  char32_t first, second;
  bool bare;
};

// clang-format off
inline constexpr HtmlEntity kHtmlEntities[] = {"""

TAIL = """};
// clang-format on

}  // namespace mr::text::jinja"""


def main():
    print(HEAD)
    line = "   "
    for name in sorted(name[:-1] for name in html5 if name.endswith(";")):
        codes = [*map(ord, html5[name + ";"]), 0]
        row = f' {{"{name}", {codes[0]:#x}, {codes[1]:#x}, {int(name in html5)}}},'
        if len(line) + len(row) > 100:
            print(line)
            line = "   "
        line += row
    print(line)
    print(TAIL)


if __name__ == "__main__":
    main()
