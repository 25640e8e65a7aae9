#!/usr/bin/env python3
"""Writes what chains of samplers, and samplers that learn, make of the logits in samplers.golden.

usage: chains.py --llama libllama.so tests/data/samplers.golden tests/data/chains.golden

Needs numpy, torch and transformers. Lines of JSON for src/sample/chain_test.cpp, by "kind":
carried: draws one after another of a sampler of llama.cpp that learns from them, each with the
         "row" of its logits, the "token" that it drew, how many tokens it "kept", and some logits
         that it "set" (adaptive-p's computed again in float64);
chain:   what transformers' warpers leave after one another: the "kept" ids and their "probs";
logprobs: of a token and of the most probable, by numpy.
"""
import argparse
import ctypes
import json
from pathlib import Path

import numpy as np
from samplers import (NEVER, PEAK, SHARPNESS, WIDTH, TokenArray, TokenData, by_rank, softmax,
                      warped)

N_STEPS = 16


def carried(lib, name, init, args, params, rows):
    """Draws of one sampler over the rows in turn."""
    make = getattr(lib, "llama_sampler_init_" + init)
    make.restype = ctypes.c_void_p
    kinds = {float: ctypes.c_float, int: ctypes.c_uint32}
    sampler = ctypes.c_void_p(make(*[kinds[type(a)](a) for a in args]))
    steps = []
    for step in range(N_STEPS):
        row = step * 7 % 3 % 2
        x = rows[row]
        data = (TokenData * len(x))(*[(i, float(v), 0) for i, v in enumerate(x)])
        array = TokenArray(data, len(x), -1, False)
        lib.llama_sampler_apply(sampler, ctypes.byref(array))
        token = array.data[array.selected].id
        found = {array.data[i].id: array.data[i].logit for i in range(array.size)}
        shown = [i for i in by_rank(x, 12) + [0, 4000, len(x) - 1] if i in found]
        steps.append({"row": row, "token": token, "kept": array.size,
                      "set": [[i, found[i]] for i in shown]})
        lib.llama_sampler_accept(sampler, ctypes.c_int32(token))
    return {"kind": "carried", "by": "llama.cpp", "sampler": name, "params": params, "steps": steps}


def exact(line, rows):
    """The logits of adaptive-p over again in float64: llama.cpp's probabilities are float32 sums of
    a whole vocabulary, 1e-5 off, which moves its logits by 3e-4."""
    target, decay = line["params"]["adaptive_target"], line["params"]["adaptive_decay"]
    total, weight = target / (1 - decay), 1 / (1 - decay)
    for step in line["steps"]:
        p = softmax(rows[step["row"]])
        far = np.abs(p - np.clip(2 * target - total / weight, 0, 1)) / WIDTH
        logits = PEAK - SHARPNESS * far * far / (1 + far)
        for pair in step["set"]:
            assert abs(pair[1] - logits[pair[0]]) < 5e-4
            pair[1] = float(logits[pair[0]])
        total, weight = p[step["token"]] + decay * total, 1 + decay * weight
    return line


def chain(row, x, history, params, order):
    scores = np.array(x)
    for name in order:
        _, scores = warped(scores, history, {name: params[name]})
    kept = np.flatnonzero(scores > NEVER)
    p = softmax(scores[kept].astype(np.float64))
    names = ["penalties" if name == "repetition_penalty" else name for name in order]
    return {"kind": "chain", "by": "transformers", "row": row, "params": params,
            "order": ";".join(names), "kept": kept.tolist(), "probs": p.tolist()}


def logprobs(row, x, token):
    shifted = x - x.max()
    log_p = shifted - np.log(np.exp(shifted).sum())
    top = [i for i in np.lexsort((np.arange(len(x)), -x))[:20].tolist()]
    return {"kind": "logprobs", "by": "numpy", "row": row, "token": token,
            "logprob": float(log_p[token]), "top": [[i, float(log_p[i])] for i in top]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("samplers", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--llama", required=True)
    args = parser.parse_args()
    header, rest = args.samplers.read_bytes().split(b"\n", 1)
    first = json.loads(header)
    n = first["rows"] * first["n_vocab"] * 2
    rows = np.frombuffer(rest[-n:], "<f2").astype(np.float64).reshape(first["rows"], -1)
    lib = ctypes.CDLL(args.llama)
    lines = []
    for tau, eta in ((2.0, 0.3), (0.5, 0.1)):
        lines.append(carried(lib, "mirostat", "mirostat_v2", [7, tau, eta],
                             {"mirostat": 2, "mirostat_tau": tau, "mirostat_eta": eta}, rows))
    for target, decay in ((0.3, 0.9), (0.05, 0.5)):
        line = carried(lib, "adaptive_p", "adaptive_p", [target, decay, 11],
                       {"adaptive_target": target, "adaptive_decay": decay}, rows)
        lines.append(exact(line, rows))
    for row in (0, 1):
        for params in (
                {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05},
                {"top_p": 0.9, "temperature": 1.3},
                {"repetition_penalty": 1.3, "temperature": 0.7, "typical_p": 0.9},
                {"min_p": 0.02, "top_k": 100, "temperature": 1.5}):
            known = {"repetition_penalty": {"penalty_last_n": -1}}
            extra = {k: v for name in params for k, v in known.get(name, {}).items()}
            line = chain(row, rows[row], first["history"], params, list(params))
            line["params"] = params | extra
            lines.append(line)
        for token in (364, 4000):
            lines.append(logprobs(row, rows[row], token))
    args.out.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
