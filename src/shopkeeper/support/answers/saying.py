"""The frames of answers in the languages of the shop: what stands around what is quoted. Words are in `answers.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def say(frame_name: str, language: str, /, **values: str) -> str:
    """The frame of this name, filled in; in English where the language has none."""
    frame = _frames()[frame_name]
    return (frame.get(language) or frame["en"]).format(**values)


@cache
def _frames() -> Mapping[str, Mapping[str, str]]:
    text = files("shopkeeper.support").joinpath("data/answers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
