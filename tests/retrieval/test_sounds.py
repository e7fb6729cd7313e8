"""Chinese words by how they sound."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.retrieval.sounds import Sounds
from shopkeeper.text.pinyin import sound

RUNS = st.text(st.sampled_from("冲锋衣羽绒服水壶茶杯电热"), min_size=2, max_size=6)


def pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


@given(RUNS)
def test_a_run_is_found_by_its_letters(run: str) -> None:
    letters = "".join(map(sound, run))
    found = Sounds((pair, 1) for pair in pairs(run)).spelled(letters)
    assert "".join(map(sound, found[0] + "".join(p[1] for p in found[1:]))) == letters
    assert all(a[1] == b[0] for a, b in pairwise(found))


def test_what_sounds_alike_shares_a_character() -> None:
    sounds = Sounds([("绒服", 3), ("货车", 9), ("冲锋", 1), ("cap", 5), ("绒", 2)])
    assert sounds.alike("绒福") == [("绒服", 3)]
    assert sounds.alike("容服") == [("绒服", 3)]
    assert sounds.alike("火彻") == []  # another word
    assert sounds.alike("绒服") == []


def test_letters_that_spell_nothing_find_nothing() -> None:
    assert Sounds([("绒服", 3)]).spelled("rongyi") == ()
    assert Sounds([]).spelled("rongfu") == ()
