#!/usr/bin/env python3
"""How many prompt tokens of a trace any prefix cache could have had: prefix_bound.py TRACE.

TRACE is JSON lines with `hash_ids`, one id for each block of 512 prompt tokens, equal where all
tokens up to the end of the block are equal. Knows nothing of trees, pages or eviction: with
endless memory, what a request can reuse is the longest run of leading blocks that an earlier one
had. Blocks beyond that are all new, whatever the cache. Also prints what an LRU over hashed blocks
reaches with so many blocks (--blocks N ...).
"""

import argparse
import collections
import json

BLOCK_TOKENS = 512


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line)["hash_ids"] for line in file]


def bound(requests):
    """Blocks asked for, and blocks that some earlier request had as its own prefix."""
    seen, asked, known = set(), 0, 0
    for ids in requests:
        prefixes = [tuple(ids[: n + 1]) for n in range(len(ids))]
        asked += len(ids)
        for prefix in prefixes:
            if prefix not in seen:
                break
            known += 1
        seen.update(prefixes)
    return asked, known


def lru(requests, room):
    """Blocks found by a cache of `room` blocks that forgets the one unused for longest."""
    kept, known = collections.OrderedDict(), 0
    for ids in requests:
        hit = True
        for block in ids:
            if hit and block in kept:
                known += 1
            else:
                hit = False
            kept[block] = None
            kept.move_to_end(block)
            if len(kept) > room:
                kept.popitem(last=False)
    return known


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace")
    parser.add_argument("--blocks", type=int, nargs="*", default=[], help="sizes of the LRU")
    args = parser.parse_args()
    requests = read(args.trace)
    asked, known = bound(requests)
    print(f"bound {known * BLOCK_TOKENS} of {asked * BLOCK_TOKENS} tokens: {known / asked:.6f}")
    for room in args.blocks:
        print(f"lru {room * BLOCK_TOKENS} tokens of memory: {lru(requests, room) / asked:.6f}")


if __name__ == "__main__":
    main()
