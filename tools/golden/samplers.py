#!/usr/bin/env python3
"""Writes what samplers make of recorded logits: the golden of src/sample/golden_test.cpp.

usage: samplers.py --llama libllama.so tests/data/peer.golden tests/data/samplers.golden

Needs numpy, torch and transformers. The logits are two rows of the recorded ones, and one of them
rounded to quarters (full of ties) with every seventh -inf. Each case comes from llama.cpp's own
sampler, from transformers' own warper, or, where neither has it or equal logits would leave the
choice open, from the definition, computed here with numpy in float64 and full sorts.

The golden: lines of JSON, first {"n_vocab", "rows", "history"}, then one a case, then the logits as
little-endian float16, (rows, n_vocab). A case: "by", "sampler", "row", "params"; "kept": ids, or
their number where many; "changed": how many kept logits are new; "set": some of those, null: -inf.
"""
import argparse
import ctypes
import json
from pathlib import Path

import numpy as np

NEVER = -np.inf
WIDTH, PEAK, SHARPNESS = 0.3, 5.0, 10.0  # of adaptive-p, llama.cpp src/llama-sampler.cpp


class TokenData(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int32), ("logit", ctypes.c_float), ("p", ctypes.c_float)]


class TokenArray(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(TokenData)), ("size", ctypes.c_size_t),
                ("selected", ctypes.c_int64), ("sorted", ctypes.c_bool)]


def llama(lib, init, args, logits, history=()):
    """Kept ids in rising order and their logits, by a sampler of llama.cpp."""
    make = getattr(lib, "llama_sampler_init_" + init)
    make.restype = ctypes.c_void_p
    kinds = {float: ctypes.c_float, int: ctypes.c_int32, type(None): ctypes.c_void_p}
    size = {"top_p": [1], "min_p": [1], "typical": [1], "xtc": [2]}.get(init, [])
    sampler = ctypes.c_void_p(make(*[
        ctypes.c_size_t(a) if i in size else kinds[type(a)](a) for i, a in enumerate(args)]))
    for token in history:
        lib.llama_sampler_accept(sampler, ctypes.c_int32(token))
    data = (TokenData * len(logits))(*[(i, float(x), 0) for i, x in enumerate(logits)])
    array = TokenArray(data, len(logits), -1, False)
    lib.llama_sampler_apply(sampler, ctypes.byref(array))
    kept = sorted((array.data[i].id, array.data[i].logit) for i in range(array.size))
    return [k[0] for k in kept], [k[1] for k in kept]


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def by_rank(keys, n):
    """The first n ids by falling key, then by rising id."""
    return sorted(np.lexsort((np.arange(len(keys)), -keys))[:n].tolist())


def first_reaching(keys, p, wanted, strict):
    order = np.lexsort((np.arange(len(keys)), -keys))
    sums = np.cumsum(p[order])
    return by_rank(keys, int((sums <= wanted if strict else sums < wanted).sum()) + 1)


def ref_top_k(x, _h, c):
    return by_rank(x, c["top_k"]), x


def ref_top_p(x, _h, c):
    return first_reaching(x, softmax(x), c["top_p"], False), x


def ref_min_p(x, _h, c):
    p = softmax(x)
    return np.flatnonzero(p >= c["min_p"] * p.max()).tolist(), x


def ref_typical_p(x, _h, c):
    p = softmax(x)
    surprise = np.where(p > 0, -np.log(np.where(p > 0, p, 1)), np.inf)
    entropy = (p[p > 0] * surprise[p > 0]).sum()
    return first_reaching(-np.abs(surprise - entropy), p, c["typical_p"], True), x


def ref_top_n_sigma(x, _h, c):
    valid = x[x > NEVER]
    return range(len(x)), np.where(x < x.max() - c["top_n_sigma"] * valid.std(), NEVER, x)


def ref_xtc(x, _h, c):
    p = softmax(x)
    top = [i for i in by_rank(x, len(x)) if p[i] >= c["xtc_threshold"]]
    top.sort(key=lambda i: (-x[i], i))
    return sorted(set(range(len(x))) - set(top[:-1])), x


def ref_penalties(x, h, c):
    x = x.copy()
    last = c.get("penalty_last_n", 64)
    tokens, counts = np.unique(h if last < 0 else h[-last:], return_counts=True)
    r = c.get("repetition_penalty", 1.0)
    old = x[tokens]
    x[tokens] = np.where(old <= 0, old * r, old / r)
    x[tokens] -= counts * c.get("frequency_penalty", 0.0) + c.get("presence_penalty", 0.0)
    return range(len(x)), x


def ref_dry(x, h, c):
    """Straight from the rules: every suffix of the window, compared token by token."""
    x, h = x.copy(), h if c["dry_penalty_last_n"] < 0 else h[-c["dry_penalty_last_n"]:]
    breakers, allowed = c.get("dry_breakers", []), c["dry_allowed_length"]
    limit = len(h)
    for begin in range(len(h) - 1, -1, -1):
        ends = [begin + len(b) for b in breakers if h[begin:begin + len(b)] == b]
        if ends:
            limit = len(h) - max(ends)
            break
    longest = {}
    for i in range(len(h) - 1):  # a repetition that ends at i; h[i + 1] would lengthen it
        n = 0
        while n <= i and h[i - n] == h[len(h) - 1 - n]:
            n += 1
        longest[h[i + 1]] = max(longest.get(h[i + 1], 0), min(n, limit))
    for token, n in longest.items():
        if n >= allowed and limit >= allowed and len(h) > allowed and [token] not in breakers:
            x[token] -= c["dry_multiplier"] * c["dry_base"] ** (n - allowed)
    return range(len(x)), x


def ref_temperature(x, _h, c):
    t, r = c["temperature"], c.get("dynatemp_range", 0.0)
    if r > 0:
        p = softmax(x)
        entropy = -(p[p > 0] * np.log(p[p > 0])).sum() / np.log(len(x))
        t = max(0, t - r) + (t + r - max(0, t - r)) * entropy ** c["dynatemp_exponent"]
    return (by_rank(x, 1), x) if t <= 0 else (range(len(x)), x / t)


def ref_mirostat(x, _h, c):
    surprise = -np.log2(np.maximum(softmax(x), 1e-300))
    kept = np.flatnonzero((surprise <= 2 * c["mirostat_tau"]) & (x > NEVER)).tolist()
    return kept or by_rank(x, 1), x


def ref_adaptive_p(x, _h, c):
    far = np.abs(softmax(x) - c["adaptive_target"]) / WIDTH  # nothing was missed so far
    return range(len(x)), np.where(x > NEVER, PEAK - SHARPNESS * far * far / (1 + far), NEVER)


def warped(x, h, c):
    """The same by transformers."""
    import torch
    import transformers as t

    made = {
        "top_k": lambda v: t.TopKLogitsWarper(v), "top_p": lambda v: t.TopPLogitsWarper(v),
        "min_p": lambda v: t.MinPLogitsWarper(v), "typical_p": lambda v: t.TypicalLogitsWarper(v),
        "temperature": lambda v: t.TemperatureLogitsWarper(v),
        "repetition_penalty": lambda v: t.RepetitionPenaltyLogitsProcessor(v),
        "no_repeat_ngram_size": lambda v: t.NoRepeatNGramLogitsProcessor(v),
        "banned_sequences": lambda v: t.NoBadWordsLogitsProcessor(v, eos_token_id=[]),
    }
    scores = torch.tensor(np.array([x]), dtype=torch.float32)
    for name, make in made.items():
        if name in c:
            scores = make(c[name])(torch.tensor([h], dtype=torch.int64), scores)
    return np.flatnonzero(scores[0] > NEVER).tolist(), scores[0].numpy()


def case(by, sampler, row, x, params, kept, logits):
    kept = list(kept)
    new = [i for i in kept if np.float32(logits[i]) != x[i]]
    shown = new if len(new) <= 40 else new[:: len(new) // 40]
    plain = {i: float(np.float32(logits[i])) for i in shown}
    return {"by": by, "sampler": sampler, "row": row, "params": params,
            "kept": kept if len(kept) <= 600 else len(kept), "changed": len(new),
            "set": [[i, v if np.isfinite(v) else None] for i, v in plain.items()]}


def llama_cases(lib, row, x, h):
    xtc = {"xtc_probability": 1.0, "xtc_threshold": 0.05}
    pen = {"repetition_penalty": 1.3, "frequency_penalty": 0.25, "presence_penalty": 0.5}
    dry = {"dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 2,
           "dry_penalty_last_n": 200}
    dyn = {"temperature": 0.9, "dynatemp_range": 0.6, "dynatemp_exponent": 1.5}
    table = [("top_k", {"top_k": k}, "top_k", [k]) for k in (1, 40, 300)]
    table += [("top_p", {"top_p": p}, "top_p", [p, 0]) for p in (0.0, 0.5, 0.95, 0.99)]
    table += [("min_p", {"min_p": p}, "min_p", [p, 0]) for p in (0.05, 0.5, 1.0)]
    table += [("typical_p", {"typical_p": p}, "typical", [p, 0]) for p in (0.2, 0.9)]
    table += [("top_n_sigma", {"top_n_sigma": n}, "top_n_sigma", [n]) for n in (1.0, 3.0)]
    table += [("xtc", xtc, "xtc", [1.0, 0.05, 0, 1]),
              ("temperature", {"temperature": 0.7}, "temp_ext", [0.7, 0.0, 1.0]),
              ("temperature", dyn, "temp_ext", [0.9, 0.6, 1.5]),
              ("penalties", pen, "penalties", [len(x), 64, 1.3, 0.25, 0.5]),
              ("dry", dry, "dry", [None, 0.8, 1.75, 2, 200, None, 0])]
    for sampler, params, init, args in table:
        kept, logits = llama(lib, init, args, x, h)
        full = np.full(len(x), NEVER)
        full[kept] = logits
        yield case("llama.cpp", sampler, row, x, params, kept, full)


def numpy_cases(row, x, h):
    breakers = [[h[-1]], h[-3:-1], [h[-2]], h[-30:-28], [h[-12], h[-11]]]
    for sampler, params in [
        ("top_k", {"top_k": 50}), ("top_k", {"top_k": 2000}), ("top_p", {"top_p": 0.8}),
        ("top_p", {"top_p": 0.99}), ("min_p", {"min_p": 0.02}), ("typical_p", {"typical_p": 0.6}),
        ("top_n_sigma", {"top_n_sigma": 1.5}),
        ("xtc", {"xtc_probability": 1.0, "xtc_threshold": 0.02}),
        ("penalties", {"penalty_last_n": -1, "repetition_penalty": 1.7, "frequency_penalty": -0.3}),
        *[("dry", {"dry_multiplier": 1.5, "dry_base": 1.2, "dry_allowed_length": 1,
                   "dry_penalty_last_n": -1, "dry_breakers": breakers[n:]}) for n in range(6)],
        ("temperature", {"temperature": 0.0}), ("temperature", {"temperature": 1.4}),
        ("mirostat", {"mirostat": 2, "mirostat_tau": 1.5}),
        ("mirostat", {"mirostat": 2, "mirostat_tau": 0.01}),
        ("adaptive_p", {"adaptive_target": 0.3}),
    ]:
        kept, logits = globals()["ref_" + sampler](x, h, params)
        yield case("numpy", sampler, row, x, params, kept, logits)


def transformers_cases(row, x, h):
    falling = np.sort(x)[::-1]
    k = next(k for k in range(16, 99) if falling[k - 1] != falling[k])  # it keeps all equals
    for sampler, params in [
        ("top_k", {"top_k": k}), ("top_p", {"top_p": 0.7}), ("min_p", {"min_p": 0.1}),
        ("typical_p", {"typical_p": 0.5}), ("temperature", {"temperature": 0.6}),
        ("penalties", {"penalty_last_n": -1, "repetition_penalty": 1.2}),
        *[("bans", {"no_repeat_ngram_size": n}) for n in (1, 2, 3, 5)],
        ("bans", {"banned_sequences": [[5], h[-2:] + [9], h[-1:] + [12], [h[-1] + 1, 7]]}),
    ]:
        kept, logits = warped(x, h, params)
        yield case("transformers", sampler, row, x, params, kept, logits)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--llama", required=True)
    args = parser.parse_args()
    header, raw = args.peer.read_bytes().split(b"\n", 1)
    tokens = json.loads(header)["tokens"]
    recorded = np.frombuffer(raw, "<f2").astype(np.float64).reshape(
        len(json.loads(header)["kept"]), -1)
    spread = [softmax(r).max() for r in recorded]
    rows = [recorded[int(np.argmax(spread))], recorded[int(np.argmin(spread))]]
    ties = np.round(rows[1] * 4) / 4
    ties[::7] = NEVER
    rows.append(ties)
    history = (tokens * 3)[:180] + tokens[3:14] + tokens[3:9]
    lib = ctypes.CDLL(args.llama)
    cases = []
    for row, x in enumerate(rows):
        cases += numpy_cases(row, x, history)
        if row < 2:
            cases += llama_cases(lib, row, x, history)
            cases += transformers_cases(row, x, history)
    with args.out.open("wb") as out:
        first = {"n_vocab": len(rows[0]), "rows": len(rows), "history": history}
        for line in [first, *cases]:
            out.write(json.dumps(line).encode() + b"\n")
        out.write(np.array(rows).astype("<f2").tobytes())


if __name__ == "__main__":
    main()
