"""The texts we train on: which files, under which licence, and what is held out.

Only parts in the public domain, under CC BY 4.0 or under MIT are named here; the share-alike parts
that lie beside them in the data folder are never opened.
"""

import hashlib
import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

END_OF_TEXT = "<|endoftext|>"
HELD_OUT_ONE_IN = 50


@dataclass(frozen=True)
class Source:
    """One text file: `licences` maps the first part of a document's origin to its licence.

    Of the training passages one in `one_in` is used.
    """

    name: str
    file: str
    index: str | None
    licences: dict[str, str]
    one_in: int = 1


SOURCES = (
    Source(
        "stories",
        "corpus/children_and_stories.txt.xz",
        "corpus/children_and_stories.index.tsv",
        {
            "GITenberg": "public domain in the USA",
            "mlschmitt": "public domain in the USA",
            "global-asp": "CC BY 4.0",
        },
    ),
    Source(
        "prose",
        "corpus/classics.txt.xz",
        "corpus/classics.index.tsv",
        {"mlschmitt": "public domain in the USA"},
        one_in=4,
    ),
    Source("code", "corpus/python_thealgorithms.txt.xz", None, {"": "MIT"}),
)


@dataclass(frozen=True)
class Document:
    title: str
    origin: str
    text: str


def data_root(argument: str | None) -> Path:
    """The folder of shared data: the argument, else MILLRACE_DATA, else ../shared/data."""
    root = Path(argument or os.environ.get("MILLRACE_DATA", "../shared/data"))
    if not (root / "corpus").is_dir():
        raise SystemExit(f"no corpus in {root}: give --data or set MILLRACE_DATA")
    return root


def held_out(key: str) -> bool:
    """Whether the document or task of this key belongs to the test side (one in fifty)."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:4], "little") % HELD_OUT_ONE_IN == 0


def read_documents(root: Path, source: Source) -> list[Document]:
    """All documents of a source whose licence is one of those it names."""
    with lzma.open(root / source.file, "rt", encoding="utf-8") as file:
        texts = [part.strip("\n") for part in file.read().split(f"\n{END_OF_TEXT}\n")]
    texts = [text.removesuffix(END_OF_TEXT).rstrip() for text in texts if text.strip()]
    if source.index is None:
        return [Document(text.split("\n", 1)[0], "", text) for text in texts]
    rows = [line.split("\t") for line in (root / source.index).read_text("utf-8").splitlines()]
    if len(rows) != len(texts):
        raise SystemExit(f"{source.index}: {len(rows)} rows for {len(texts)} documents")
    return [
        Document(title, origin, text)
        for (title, origin, _), text in zip(rows, texts)
        if origin.split("/", 1)[0] in source.licences
    ]


def split_documents(
    documents: list[Document], passage_chars: int = 200_000
) -> tuple[list[str], list[str]]:
    """Training and held-out texts; a book is cut into passages so that every kind is held out."""
    train: list[str] = []
    test: list[str] = []
    for document in documents:
        for start in range(0, len(document.text), passage_chars):
            key = f"{document.origin}|{document.title}|{start}"
            side = test if held_out(key) else train
            side.append(document.text[start : start + passage_chars])
    return train, test


def read_dialogues(root: Path) -> Iterator[dict]:
    """Taskmaster-4 coffee orders with tool calls, in OpenAI message form (CC BY 4.0)."""
    with lzma.open(root / "chat/taskmaster4_coffee_tools.jsonl.xz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def read_gsm8k(root: Path) -> Iterator[dict]:
    """Grade-school questions with worked answers, the training split (MIT)."""
    with (root / "eval/gsm8k_train.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
