"""The tokenizer of XLM-RoBERTa as a `tokenizer.json`, for the library that ours is held against."""

import json
from collections.abc import Sequence

_DROPPED = "[\\u0001-\\u0008\\u000B\\u000E-\\u001F\\u007F\\u008F\\u009F]"
_SPACES = "[\\u0009\\u000A\\u000C\\u000D\\u1680\\u200B-\\u200F\\u2028\\u2029\\u2581\\uFEFF\\uFFFD]"


def unigram_json(pieces: Sequence[tuple[str, float]], *, unknown: int) -> str:
    """The file's text. Pieces 0 and 2 stand before and after each text, as <s> and </s>.

    Characters are put in order as SentencePiece's nmt_nfkc does: what controls a terminal is dropped, what is a kind
    of space is one, the rest is NFKC, and spaces in a row are one.
    """
    start, end = pieces[0][0], pieces[2][0]
    special = [0, 1, 2, unknown, len(pieces) - 1]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_special(number, pieces[number][0]) for number in special],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                _replace(_DROPPED, ""),
                _replace(_SPACES, " "),
                {"type": "NFKC"},
                _replace(" {2,}", " "),
            ],
        },
        "pre_tokenizer": {
            "type": "Metaspace",
            "replacement": "▁",
            "prepend_scheme": "always",
            "split": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [_place(start), {"Sequence": {"id": "A", "type_id": 0}}, _place(end)],
            "pair": [
                _place(start),
                {"Sequence": {"id": "A", "type_id": 0}},
                _place(end),
                {"Sequence": {"id": "B", "type_id": 0}},
                _place(end),
            ],
            "special_tokens": {
                text: {"id": text, "ids": [number], "tokens": [text]}
                for text, number in ((start, 0), (end, 2))
            },
        },
        "decoder": None,
        "model": {
            "type": "Unigram",
            "unk_id": unknown,
            "vocab": pieces,
            "byte_fallback": False,
        },
    }
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def _special(number: int, text: str) -> dict[str, object]:
    return {
        "id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
        "normalized": False, "special": True,
    }  # fmt: skip


def _replace(pattern: str, text: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": text}


def _place(text: str) -> dict[str, object]:
    return {"SpecialToken": {"id": text, "type_id": 0}}
