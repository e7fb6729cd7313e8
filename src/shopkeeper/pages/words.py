"""The pages' words in each language. English is the key; `messages.<language>.json` holds the others."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def catalog(language: str) -> Mapping[str, str]:
    """English -> the language's words. Empty for English and for languages without a file."""
    file = files("shopkeeper.pages").joinpath(f"messages.{language}.json")
    if not language.isalpha() or not file.is_file():
        return {}
    words: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return words


def translate(language: str, text: str, /, **values: object) -> str:
    """The text in the language, with `{name}` filled in; English where there is no translation."""
    said = catalog(language).get(text, text)
    return said.format(**values) if values else said
