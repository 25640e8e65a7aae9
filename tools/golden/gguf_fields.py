#!/usr/bin/env python3
"""Write what the PyPI package `gguf` reads in a GGUF file: metadata, tensors, checksums.

usage: gguf_fields.py FILE.gguf OUT      (needs: pip install gguf==0.19.0)

tests/data/writer.golden is of all_metadata.gguf, which the target peer_models writes.
"""
import json
import sys
import zlib
from pathlib import Path

from gguf import GGUFReader


def plain(value):
    """numpy's numbers as Python's; float32 by their exact value."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def main():
    path, out = map(Path, sys.argv[1:3])
    reader = GGUFReader(path)
    fields = {key: plain(field.contents()) for key, field in reader.fields.items()
              if not key.startswith("GGUF.")}
    tensors = [{"name": tensor.name, "type": tensor.tensor_type.name,
                "shape": [int(dim) for dim in tensor.shape],
                "crc32": zlib.crc32(tensor.data.tobytes())} for tensor in reader.tensors]
    golden = {"crc32": zlib.crc32(path.read_bytes()), "fields": fields, "tensors": tensors}
    out.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
