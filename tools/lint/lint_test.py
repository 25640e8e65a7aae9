#!/usr/bin/env python3
"""Every check finds a sample of what it is there for, and passes what is right."""

import shutil
import tempfile
import unittest
from pathlib import Path

import clang
import layers
import links
import names
import sizes
import symbols


class Samples(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.write("CMakeLists.txt", "set(MILLRACE_LAYERS base kern\n    app)\n")

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return Path(path)

    def test_layers(self):
        self.write("src/kern/a.h", '#include "base/error.h"\n#include "kern/b.h"\n')
        self.assertEqual(layers.problems(self.root), [])
        self.write("src/kern/b.h", '#include "app/run.h"\n')
        self.write("src/odd/c.h", "")
        found = layers.problems(self.root)
        self.assertEqual(len(found), 2, found)
        self.assertIn("kern includes app", found[0])
        self.assertIn("odd is no module", found[1])

    def test_layers_documented(self):
        self.write("docs/architecture.md", "| 0 | base | x |\n| 1 | kern | x |\n| 2 | app | x |\n")
        self.assertEqual(layers.problems(self.root), [])
        self.write("docs/architecture.md", "| 0 | kern | x |\n")
        self.assertEqual(len(layers.problems(self.root)), 1)

    def test_kernel_includes(self):
        path = Path("src/kern/avx2/gemm.cpp")
        allowed = '#include <immintrin.h>\n#include "kern/simd/lanes.h"\n#include "kern/table.h"\n'
        library = "#include <vector>\n"
        self.assertEqual(layers.kernel_problems(path, allowed), [])
        self.assertEqual(len(layers.kernel_problems(path, library)), 1)
        self.assertEqual(layers.kernel_problems(Path("src/kern/ref/a.cpp"), library), [])

    def test_sizes(self):
        body = "int f(int a) {\n" + "  a += 1;\n" * 68 + "}\n"
        self.write("src/base/a.cpp", "namespace mr {\n" + body + "}  // namespace mr\n")
        self.assertEqual(sizes.problems(self.root), [])
        long_body = body.replace("{\n", "{\n  a += 1;\n", 1)
        self.write("src/base/b.cpp", "namespace mr {\n" + long_body + "}  // namespace mr\n")
        expected = "src/base/b.cpp:2: a function of 71 lines, more than 70"
        self.assertEqual(sizes.problems(self.root), [expected])
        self.write("src/base/b.cpp", "// short\n" * 701)
        self.write("src/base/b_test.cpp", "// short\n" * 1000)
        self.write("src/base/c.h", "x" * 101)
        found = sizes.problems(self.root)
        self.assertEqual(len(found), 2, found)
        self.assertIn("701 lines", found[0])
        self.assertIn("101 columns", found[1])

    def test_kernel_sizes(self):
        body = "void f() {\n" + "  g();\n" * 118 + "}\n"
        self.write("src/kern/avx2/a.cpp", body)
        self.assertEqual(sizes.problems(self.root), [])
        self.write("src/kern/avx2/a.cpp", body.replace("{\n", "{\n\n"))
        self.assertEqual(len(sizes.problems(self.root)), 1)

    def test_names(self):
        self.write("src/base/a.cpp", '// sprintf(x)\nauto s = "system(1)";\npool.system(1);\n')
        self.assertEqual(names.problems(self.root), [])
        for bad in ["sprintf(a, b);", "std::regex r;", "strcpy (a, b);", "int n = atoi(s);",
                    "system(s);", "::system(s);", "popen(s);", "#include <iostream>", "// TODO: x"]:
            self.write("src/base/a.cpp", bad + "\n")
            self.assertEqual(len(names.problems(self.root)), 1, bad)
        self.write("src/base/a.cpp", "std::function<int()> f;\n")
        self.assertEqual(names.problems(self.root), [])
        self.write("src/kern/a.cpp", "std::function<int()> f;\n")
        self.assertEqual(len(names.problems(self.root)), 1)
        self.write("src/kern/a.cpp", "")
        self.write("src/base/page_utils.h", "")
        self.assertEqual(len(names.problems(self.root)), 1)

    def test_weak_symbols(self):
        space = " " * 17
        strong = f"0000000000000000 T f\n0000000000000010 t g\n{space}U h\n{space}w e\n"
        self.assertEqual(symbols.weak(strong), [])
        weak = "0000000000000020 W v\n0000000000000000 V x\n"
        self.assertEqual(symbols.weak(strong + weak), ["v", "x"])

    def test_needed(self):
        line = " 0x0000000000000001 (NEEDED)             Shared library: [{}]\n"
        allowed = line.format("libm.so.6") + line.format("libc.so.6")
        self.assertEqual(symbols.foreign(allowed), [])
        foreign = line.format("libstdc++.so.6")
        self.assertEqual(symbols.foreign(allowed + foreign), ["libstdc++.so.6"])

    def test_links(self):
        self.write("docs/a.md", "# One word\n[b](b.md) [c](#one-word) [d](https://example.org/x)\n")
        self.write("docs/b.md", "[a](a.md#one-word)\n```\n[x](nowhere.md)\n```\n")
        self.assertEqual(links.problems(self.root), [])
        self.write("docs/b.md", "[a](a.md#two) [b](nowhere.md)")
        self.assertEqual(len(links.problems(self.root)), 2)

    def test_what_clang_tidy_found_clean_counts_until_something_changes(self):
        self.write(".clang-tidy", "Checks: '*'\n")
        self.write("src/base/a.cpp", '#include <vector>\n#include "base/a.h"\n')
        self.write("src/base/a.h", '#pragma once\n#include "base/b.h"\n#include "base/none.h"\n')
        known = set()
        for path, text in [("src/base/b.h", "int b();\n"), ("src/base/b.h", "int c();\n"),
                           ("src/base/other.h", "int d();\n"), (".clang-tidy", "Checks: ''\n")]:
            self.write(path, text)
            known.add(clang.digest(self.root, "src/base/a.cpp"))
        self.assertEqual(len(known), 3)  # other.h is not included

    @unittest.skipUnless(shutil.which("clang-format-19"), "no clang-format-19")
    def test_layout(self):
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write("src/base/a.h", "int f(int a);\n")
        self.assertEqual(clang.layout_problems(self.root), [])
        self.write("src/base/a.h", "int f( int a );\n")
        self.assertIn("src/base/a.h:1", clang.layout_problems(self.root)[0])


if __name__ == "__main__":
    unittest.main()
