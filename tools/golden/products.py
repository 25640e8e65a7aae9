#!/usr/bin/env python3
"""Write tests/data/products.golden: matrices of every block type of GGUF, rows to multiply with
them, the exact products, and how far int8 rows alone take them off.

usage: products.py OUT      (needs: pip install gguf==0.19.0)

The file, little-endian: n_rows, n_in, n_out (u32), the rows (float32); then for each type its name
(8 bytes), the matrix as stored, the products (n_rows, n_out) in float64 of the rows with the
decoded matrix, and the relative L2 error (float64) of the same products with the rows as int8:
round(x / d) with d = max |x| / 127 of every 32.
"""

import struct
import sys

import numpy as np
from decode import SCALES
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

N_ROWS, N_IN, N_OUT = 20, 512, 20


def rounded(rows):
    groups = rows.reshape(N_ROWS, -1, 32)
    d = np.abs(groups).max(axis=2, keepdims=True) / np.float32(127)
    return (np.rint(groups / d).astype(np.int8) * d.astype(np.float64)).reshape(N_ROWS, N_IN)


def matrix(rng, kind):
    """Random blocks; the two factors of a type that has two cancel about as in real weights."""
    block, block_bytes = GGML_QUANT_SIZES[kind]
    n = N_OUT * N_IN // block
    raw = rng.integers(0, 256, size=(n, block_bytes), dtype=np.uint8)
    if kind == T.MXFP4:
        raw[:, 0] = rng.integers(118, 124, size=n)
    for place in SCALES[kind]:
        factor = rng.uniform(0.5, 1.5, n) * 0.01
        if kind in (T.Q4_1, T.Q5_1) and place == 2:
            factor *= -8
        elif place in (2, 82):
            factor *= 8
        raw[:, place : place + 2] = factor.astype(np.float16).view(np.uint8).reshape(n, 2)
    return raw.reshape(N_OUT, -1)


def main():
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((N_ROWS, N_IN), dtype=np.float32)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<III", N_ROWS, N_IN, N_OUT) + rows.tobytes())
        for kind in SCALES:
            if GGML_QUANT_SIZES[kind][0] == 1:
                continue
            raw = matrix(rng, kind)
            weights = dequantize(raw, kind).reshape(N_OUT, N_IN).astype(np.float64)
            exact = rows.astype(np.float64) @ weights.T
            error = np.linalg.norm(rounded(rows) @ weights.T - exact) / np.linalg.norm(exact)
            out.write(struct.pack("<8s", kind.name.encode()) + raw.tobytes())
            out.write(exact.tobytes() + struct.pack("<d", error))


if __name__ == "__main__":
    main()
