"""Trains small vocabularies under the rules of tokenizer families and writes what the reference
programs (PyPI: tokenizers, sentencepiece, tiktoken) make of texts with them.

    python tools/golden/token_ids.py tests/data/tokenizers [TEXTS.json]

Per family NAME: the tokenizer file (NAME.json, NAME.model or NAME.tiktoken) and NAME.golden: lines
`own INDEX ids...` for the texts of texts.json in the same folder and, where TEXTS.json is given,
`shared ID hash` with the FNV-1a hash of the ids (32 bits each, little-endian).
Training text: this repository's own text and generated Unicode.
"""

import base64
import json
import pathlib
import random
import struct
import sys
import tempfile

import sentencepiece
import tiktoken
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

N_PIECES = 2000
ROOT = pathlib.Path(__file__).resolve().parents[2]

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|"
    r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
PREFIX = r"[^\r\n\p{L}\p{N}]?"
SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = "|".join(
    [
        PREFIX + UPPER + "*" + LOWER + "+" + SUFFIX,
        PREFIX + UPPER + "+" + LOWER + "*" + SUFFIX,
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        SPACES,
    ]
)
TEKKEN = O200K.replace(SUFFIX, "").replace(r"\p{N}{1,3}", r"\p{N}")
NOT_HAN = r"&&[^\p{Han}]]"
KIMI = "|".join(
    [
        r"[\p{Han}]+",
        PREFIX + UPPER[:-1] + NOT_HAN + "*" + LOWER[:-1] + NOT_HAN + "+" + SUFFIX,
        PREFIX + UPPER[:-1] + NOT_HAN + "+" + LOWER[:-1] + NOT_HAN + "*" + SUFFIX,
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        SPACES,
    ]
)
DEEPSEEK3 = [
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
    "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
]
GENERIC = r"\d{2}|[A-Z]?[a-z]+(?:['’][a-z]+)?|[^\S\n]+|\n+|\p{Han}{1,2}|(?:(?!\d{2})[^a-zA-Z\s])+|."


def own_texts():
    """Texts with something that a splitter may get wrong."""
    rng = random.Random(7)
    parts = [
        "Hello", "HELLO", "hELLo", " world", "  two", "\n", "\r\n", "\n\n", "\t", " ", "   ", "'s",
        "'S", "'ll", "'\u017f", "’t", "12", "1234567", "²", "Ⅷ", "½", "٣٤", "한국어", "漢字", "中文，。",
        "カタカナ", "ひらがな", "Straße", "ΑΒΓ", "ǅ", "ʰa", "é", "e\u0301", "\u0301",
        "नमस्ते", "ไทย", "שלום",
        "مرحبا", "🙂", "👩\u200d👩\u200d👧", "🇧🇪",
        "\u200b", "\ufeff", "\u00a0", "\u2028", "\u3000", "\x85", "\x00", "\x1b",
        "$", "€", "a/b//c", "://", "...", "!?\n", "/\n", "_x_", "{}", "<s>", "</s>", "<|im_end|>",
        "<0x0A>", "▁", "▁x", "\u212b", "ﬁ", "Ａ", "㍿", "〇", "⺀", "𠀀",
        "CamelCase", "ABCdef", "\ud7a3", "\u1100\u1161",
    ]
    texts = ["", " ", "a", "Hello world", "  lead", "trail  ", "don't DON'T we'll", "x\n\n\n y"]
    for _ in range(192):
        texts.append("".join(rng.choice(parts) for _ in range(rng.randint(1, 14))))
    return texts


def training_text():
    rng = random.Random(11)
    lines = []
    for path in sorted(ROOT.glob("**/*")):
        if path.suffix in {".h", ".cpp", ".md", ".py", ".txt"} and "build" not in path.parts:
            lines += path.read_text(encoding="utf-8", errors="ignore").splitlines()
    lines = [line for line in lines if line.strip()][:20000]
    blocks = [(0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x621, 0x64A), (0x905, 0x939),
              (0xE01, 0xE2E), (0x3042, 0x3093), (0x30A2, 0x30F3), (0x4E00, 0x4E80),
              (0xAC00, 0xAC80),
              (0xC0, 0xFF), (0x1F600, 0x1F610)]
    for first, last in blocks:
        words = ["".join(chr(rng.randint(first, last)) for _ in range(rng.randint(1, 5)))
                 for _ in range(40)]
        for _ in range(60):
            words_of_line = " ".join(rng.choice(words) for _ in range(8))
            lines.append(f"{words_of_line} {rng.randint(0, 99999)}")
    return lines


def byte_level(steps, lines, normalizer=None, special=()):
    """A byte-level BPE trained with the given split patterns."""
    tok = tokenizers.Tokenizer(models.BPE())
    splits = [
        step if not isinstance(step, str) else
        pre_tokenizers.Split(tokenizers.Regex(step), "isolated") for step in steps
    ]
    if not isinstance(steps[-1], pre_tokenizers.ByteLevel):
        splits.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    tok.pre_tokenizer = pre_tokenizers.Sequence(splits)
    tok.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tok.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=N_PIECES, special_tokens=list(special), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tok.train_from_iterator(lines, trainer)
    return tok


def ranks_of(tok):
    """The ranks that tiktoken would want of a trained BPE: bytes, then merges in order."""
    alphabet = {}
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    for b in printable:
        alphabet[chr(b)] = b
    for i, b in enumerate(others):
        alphabet[chr(256 + i)] = b
    pieces = [bytes([b]) for b in [*printable, *others]]
    for left, right in json.loads(tok.to_str())["model"]["merges"]:
        piece = bytes(alphabet[c] for c in left + right)
        if piece not in pieces:
            pieces.append(piece)
    return {piece: rank for rank, piece in enumerate(pieces)}


def fnv(ids):
    value = 0xCBF29CE484222325
    for byte in struct.pack(f"<{len(ids)}I", *ids):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


class Writer:
    def __init__(self, folder, shared):
        self.folder, self.shared = folder, shared
        (folder / "texts.json").write_text(json.dumps(own_texts()), encoding="utf-8")

    def golden(self, name, encode):
        lines = [f"own {i} " + " ".join(map(str, encode(text)))
                 for i, text in enumerate(own_texts())]
        lines += [f"shared {item['id']} {fnv(encode(item['text'])):016x}" for item in self.shared]
        (self.folder / f"{name}.golden").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def json(self, name, tok):
        path = self.folder / f"{name}.json"
        tok.save(str(path), pretty=False)
        tok = tokenizers.Tokenizer.from_file(str(path))
        tok.encode_special_tokens = True
        self.golden(name, lambda text: tok.encode(text, add_special_tokens=False).ids)

    def ranks(self, name, pattern, tok):
        ranks = ranks_of(tok)
        lines = [base64.b64encode(piece).decode() + f" {rank}\n" for piece, rank in ranks.items()]
        (self.folder / f"{name}.tiktoken").write_text("".join(lines), encoding="ascii")
        encoding = tiktoken.Encoding(
            name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        self.golden(name, encoding.encode_ordinary)

    def sentencepiece(self, name, lines, **options):
        with tempfile.TemporaryDirectory() as temporary:
            text = pathlib.Path(temporary, "text")
            text.write_text("\n".join(lines), encoding="utf-8")
            sentencepiece.SentencePieceTrainer.train(
                input=str(text), model_prefix=str(self.folder / name), vocab_size=N_PIECES,
                minloglevel=2, max_sentence_length=20000, **options)
        (self.folder / f"{name}.vocab").unlink()
        model = sentencepiece.SentencePieceProcessor(
            model_file=str(self.folder / f"{name}.model"))
        self.golden(name, model.encode)


def unigram_json(model_path):
    """The tokenizer.json that Hugging Face's converter makes of T5's SentencePiece model."""
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(pathlib.Path(model_path).read_bytes())
    tok = tokenizers.Tokenizer(
        models.Unigram([(p.piece, p.score) for p in proto.pieces],
                       proto.trainer_spec.unk_id, False))
    tok.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap),
         normalizers.Strip(left=False, right=True),
         normalizers.Replace(tokenizers.Regex(" {2,}"), "▁")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tok.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return tok


def main():
    folder = pathlib.Path(sys.argv[1])
    shared = json.loads(pathlib.Path(sys.argv[2]).read_text()) if len(sys.argv) > 2 else []
    lines = training_text()
    out = Writer(folder, shared)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    out.json("starcoder", byte_level([pre_tokenizers.Digits(individual_digits=True), gpt2], lines))
    out.json("deepseek-v3", byte_level(DEEPSEEK3, lines))
    out.json("qwen3", byte_level([QWEN2], lines, normalizers.NFC()))
    out.json("qwen3.5", byte_level([QWEN35], lines, normalizers.NFC()))
    out.json("generic", byte_level([GENERIC], lines))
    prefixed = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
    out.json("gpt2-prefixed", byte_level([prefixed], lines))
    out.ranks("o200k", O200K, byte_level([O200K], lines))
    out.ranks("tekken", TEKKEN, byte_level([TEKKEN], lines))
    out.ranks("kimi", KIMI, byte_level([KIMI], lines))
    out.sentencepiece("gemma", lines, model_type="bpe", byte_fallback=True, split_digits=True,
                      add_dummy_prefix=False, remove_extra_whitespaces=False,
                      normalization_rule_name="identity", allow_whitespace_only_pieces=True,
                      user_defined_symbols=["<start_of_turn>", "\n\n", "▁▁", "▁▁▁▁"],
                      pad_id=0, eos_id=1, bos_id=2, unk_id=3)
    out.sentencepiece("bpe-nfkc", lines, model_type="bpe")
    out.sentencepiece("t5", lines, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    out.sentencepiece("unigram-bytes", lines, model_type="unigram", byte_fallback=True,
                      normalization_rule_name="nfkc_cf", user_defined_symbols=["<sep>", "foo_bar"])
    out.json("t5-hf", unigram_json(folder / "t5.model"))


main()
