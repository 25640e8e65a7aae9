#!/usr/bin/env python3
"""Writes the logits that llama.cpp computes for a GGUF: the golden of tests/golden/peer_test.cpp.

usage: peer_logits.py --peer DIR --commit SHA models/MODEL.gguf tests/data/peer.golden
  --peer    folder that holds the peer's libllama.so; the Python package llama_cpp (PyPI
            llama-cpp-python 0.3.36, any build) speaks to it
  --commit  commit of llama.cpp that was built

The golden is one line of JSON (model, its SHA-256, commit, token ids, argmax and top-2 gap of every
position, the positions whose logits follow) and then those logits as little-endian float16.
"""
import argparse
import hashlib
import json
import os
from pathlib import Path

TEXT = (
    "Once upon a time, in a small house by the sea, there lived a girl who counted the waves. "
    "One day the waves stopped. What is 17 + 25? def add(a, b):\n    return a + b\n"
)
N_KEPT = 6
MODELS = Path(__file__).resolve().parents[2] / "models"


def evaluate(model):
    """The tokens of TEXT and the logits of every position, with an F32 cache on one thread."""
    import llama_cpp
    import numpy as np

    llm = llama_cpp.Llama(str(model), n_ctx=256, n_batch=256, logits_all=True, n_threads=1,
                          type_k=0, type_v=0, verbose=False)
    tokens = llm.tokenize(TEXT.encode(), add_bos=False, special=False)
    llm.eval(tokens)
    return tokens, np.array(llm.scores[: len(tokens)], dtype=np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--peer", required=True, type=Path)
    parser.add_argument("--commit", required=True)
    args = parser.parse_args()
    os.environ["LLAMA_CPP_LIB_PATH"] = str(args.peer)

    tokens, logits = evaluate(args.model)
    pair = logits.copy()
    pair.partition(logits.shape[1] - 2, axis=1)
    kept = [round(i * (len(tokens) - 1) / (N_KEPT - 1)) for i in range(N_KEPT)]
    header = {
        "model": str(args.model.resolve().relative_to(MODELS)),
        "sha256": hashlib.sha256(args.model.read_bytes()).hexdigest(),
        "peer": f"llama.cpp {args.commit}",
        "tokens": tokens,
        "top": logits.argmax(axis=1).tolist(),
        "gap": [round(float(row[-1] - row[-2]), 5) for row in pair],
        "kept": kept,
    }
    with args.out.open("wb") as out:
        out.write(json.dumps(header).encode() + b"\n")
        out.write(logits[kept].astype("<f2").tobytes())


if __name__ == "__main__":
    main()
