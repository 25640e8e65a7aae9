#!/usr/bin/env python3
"""Writes the logits that llama.cpp computes for GGUF files: the goldens of
tests/golden/peer_test.cpp.

usage: peer_logits.py --peer DIR --commit SHA OUT MODEL.gguf ...
  --peer    folder that holds the peer's libllama.so; the Python package llama_cpp (PyPI
            llama-cpp-python 0.3.36, any build) speaks to it
  --commit  commit of llama.cpp that was built
  --tokens  ids to run, with commas between; else those of a built-in text

tests/data/peer.golden is of models/default. tests/data/peer_random.golden is of what the target
peer_models writes, with the tokens of tests/golden/random_model.h.

A golden is a record for each model: one line of JSON (file, CRC-32, commit, token ids, argmax and
top-2 gap of every position, the positions whose logits follow, their number format) and then
those logits, little-endian.
"""
import argparse
import json
import os
import zlib
from pathlib import Path

TEXT = (
    "Once upon a time, in a small house by the sea, there lived a girl who counted the waves. "
    "One day the waves stopped. What is 17 + 25? def add(a, b):\n    return a + b\n"
)
N_KEPT = 6
SMALL_VOCAB = 256  # up to which logits are kept in float32


def evaluate(model, tokens):
    """The tokens, or those of TEXT, and the logits of every position, with an F32 cache on one
    thread."""
    import llama_cpp
    import numpy as np

    llm = llama_cpp.Llama(str(model), n_ctx=256, n_batch=256, logits_all=True, n_threads=1,
                          type_k=0, type_v=0, flash_attn=False, verbose=False)
    tokens = tokens or llm.tokenize(TEXT.encode(), add_bos=False, special=False)
    llm.eval(tokens)
    return tokens, np.array(llm.scores[: len(tokens)], dtype=np.float32)


def record(model, tokens, commit):
    tokens, logits = evaluate(model, tokens)
    pair = logits.copy()
    pair.partition(logits.shape[1] - 2, axis=1)
    kept = [round(i * (len(tokens) - 1) / (N_KEPT - 1)) for i in range(N_KEPT)]
    number = "<f4" if logits.shape[1] <= SMALL_VOCAB else "<f2"
    header = {
        "model": str(Path(model.parent.name) / model.name),
        "crc32": zlib.crc32(model.read_bytes()),
        "peer": f"llama.cpp {commit}",
        "tokens": tokens,
        "top": logits.argmax(axis=1).tolist(),
        "gap": [round(float(row[-1] - row[-2]), 5) for row in pair],
        "kept": kept,
        "vocab": logits.shape[1],
        "number": number,
    }
    return json.dumps(header).encode() + b"\n" + logits[kept].astype(number).tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--peer", required=True, type=Path)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--tokens", type=lambda text: [int(id) for id in text.split(",")])
    args = parser.parse_args()
    os.environ["LLAMA_CPP_LIB_PATH"] = str(args.peer)
    args.out.write_bytes(b"".join(record(model, args.tokens, args.commit)
                                  for model in args.models))


if __name__ == "__main__":
    main()
