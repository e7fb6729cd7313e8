"""How Chinese sounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.text.pinyin import WAYS, blurred, cut, sound

CODES = [bytes([row, column]) for row in range(0xB0, 0xD8) for column in range(0xA1, 0xFF)]
COMMON = [code.decode("gb2312") for code in CODES[:3755]]  # the first level of GB 2312


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("羽绒服", "yu rong fu"),
        ("电热水壶", "dian re shui hu"),
        ("绿女", "lv nv"),
        ("啊座", "a zuo"),
    ],
)
def test_common_characters_sound_as_they_are_typed(word: str, sounds: str) -> None:
    assert " ".join(map(sound, word)) == sounds


@given(st.characters())
def test_what_is_not_a_common_character_has_no_sound(char: str) -> None:
    assert bool(sound(char)) == (char in COMMON)


@given(st.lists(st.sampled_from(COMMON), min_size=1, max_size=4))
def test_letters_read_as_syllables_are_the_letters(chars: list[str]) -> None:
    letters = "".join(map(sound, chars))
    ways = cut(letters)
    assert 0 < len(ways) <= WAYS
    assert {"".join(way) for way in ways} == {letters}


def test_letters_that_are_no_syllables_are_not_read() -> None:
    assert cut("keyboard") == []
    assert cut("xianggang")[0] == ("xiang", "gang")
    assert len(cut("a" * 2000)) <= WAYS


def test_what_many_do_not_tell_apart_is_one() -> None:
    assert blurred("zhang") == blurred("zan") == "zan"
    assert blurred("shui") == "sui"
    assert blurred("feng") != blurred("fang")
