#!/usr/bin/env python3
"""Write tests/data/decode.golden: random blocks of every GGUF type, and what they decode to
in the PyPI package `gguf`.

usage: decode.py OUT      (needs: pip install gguf==0.19.0)

The file: records of name (8 bytes), block count (u32), blocks, float32 values;
all little-endian. The scales are of every kind: normal, subnormal, zero, negative, infinite, NaN.
"""

import struct
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

# where the F16 scales of a block stand
SCALES = {
    T.F16: [],
    T.BF16: [],
    T.Q8_0: [0],
    T.Q4_0: [0],
    T.Q4_1: [0, 2],
    T.Q5_0: [0],
    T.Q5_1: [0, 2],
    T.Q2_K: [80, 82],
    T.Q3_K: [108],
    T.Q4_K: [0, 2],
    T.Q5_K: [0, 2],
    T.Q6_K: [208],
    T.IQ4_NL: [0],
    T.IQ4_XS: [0],
    T.IQ3_S: [0],
    T.IQ3_XXS: [0],
    T.IQ2_XXS: [0],
    T.IQ2_XS: [0],
    T.IQ2_S: [0],
    T.MXFP4: [],
}
ODD = [0x0000, 0x8000, 0x0001, 0x83FF, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]


def main():
    rng = np.random.default_rng(20)
    with open(sys.argv[1], "wb") as out:
        for kind, places in SCALES.items():
            block, block_bytes = GGML_QUANT_SIZES[kind]
            n = 512 if block == 1 else 24 if block == 32 else 8
            raw = rng.integers(0, 256, size=(n, block_bytes), dtype=np.uint8)
            for place in places:
                scales = (rng.standard_normal(n) * 0.05).astype(np.float16).view(np.uint16)
                odd = ODD if block == 32 else rng.choice(ODD, 3, replace=False)
                scales[: len(odd)] = odd
                raw[:, place : place + 2] = scales.view(np.uint8).reshape(n, 2)
            if kind == T.MXFP4:
                raw[:6, 0] = [0, 1, 2, 127, 254, 255]
            with np.errstate(all="ignore"):
                values = dequantize(raw.reshape(-1), kind)
            out.write(struct.pack("<8sI", kind.name.encode(), n) + raw.tobytes() + values.tobytes())


if __name__ == "__main__":
    main()
