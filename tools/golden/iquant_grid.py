#!/usr/bin/env python3
"""Write src/kern/ref/iquant_grid.h: the codebooks of GGUF's i-quants, taken from the
PyPI package `gguf`.

usage: iquant_grid.py OUT.h      (needs: pip install gguf==0.19.0)
"""

import sys

from gguf import quants

TABLES = [
    ("kGrid2xxs", quants.IQ2_XXS),
    ("kGrid2xs", quants.IQ2_XS),
    ("kGrid2s", quants.IQ2_S),
    ("kGrid3xxs", quants.IQ3_XXS),
    ("kGrid3s", quants.IQ3_S),
]
HEAD = """#pragma once
#include <cstdint>

// Made by tools/golden/iquant_grid.py: do not edit.

/// The codebooks of the i-quants of GGUF. An entry of the 2-bit types holds 8 magnitudes as 2-bit
/// indices into kMagnitude2, lowest bits first; one of the 3-bit types holds 4 magnitudes as 4-bit
/// indices into kMagnitude3xxs or kMagnitude3s.
/// Source: the package `gguf`, gguf/quants.py (grid_hex).
namespace mr::kern::ref {
"""


def main():
    assert bytes(quants.IQ2_XXS.ksigns) == bytes(i | (i.bit_count() & 1) << 7 for i in range(128))
    out = [HEAD]
    for name, values in [
        ("kMagnitude2", quants.IQ2_XXS.grid_map),
        ("kMagnitude3xxs", quants.IQ3_XXS.grid_map),
        ("kMagnitude3s", quants.IQ3_S.grid_map),
    ]:
        out.append(
            f"constexpr std::uint8_t {name}[{len(values)}] = {{{', '.join(map(str, values))}}};"
        )
    for name, kind in TABLES:
        raw = bytes.fromhex(kind.grid_hex.decode())
        entries = [raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2)]
        assert len(entries) == kind.grid_shape[0]
        out.append(f"\nconstexpr std::uint16_t {name}[{len(entries)}] = {{")
        out += [
            "    " + " ".join(f"0x{e:04x}," for e in entries[i : i + 12])
            for i in range(0, len(entries), 12)
        ]
        out.append("};")
    out.append("\n}  // namespace mr::kern::ref")
    open(sys.argv[1], "w").write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
