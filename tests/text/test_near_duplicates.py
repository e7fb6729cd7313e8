"""Near duplicates are found, and what only looks like one is kept."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.text.near_duplicates import (
    NearDuplicates,
    resemblance,
    shingles,
    without_near_duplicates,
)

WORDS = [f"word{i}" for i in range(400)]


def text(seed: int, words: int = 120) -> str:
    return " ".join(np.random.default_rng(seed).choice(WORDS, words))


def test_a_copy_with_two_words_changed_is_a_near_duplicate_and_another_text_is_none() -> None:
    words = text(0).split()
    words[3], words[-2] = "other", "words"
    assert list(without_near_duplicates([text(0), " ".join(words), text(1)])) == [text(0), text(1)]


def test_chinese_copies_are_found_without_spaces() -> None:
    original = "这款保温杯采用双层真空不锈钢结构，保温十二小时，保冷二十四小时，杯口圆润，适合办公室和户外使用，容量五百毫升。"
    copy = original.replace("五百毫升", "五百毫升左右")
    other = "这双跑鞋鞋底柔软，缓震很好，适合长距离训练，鞋面透气，尺码标准，颜色有红色和蓝色两种可以选择。"
    assert list(without_near_duplicates([original, copy, other])) == [original, other]


def test_spaces_and_capitals_make_no_difference() -> None:
    seen = NearDuplicates()
    assert seen.add(text(0)) is None
    assert seen.add(text(0).upper().replace(" ", "  \n")) == 0


@given(st.integers(0, 1000), st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_signatures_estimate_the_resemblance(seed: int, changed: int) -> None:
    words = text(seed).split()
    for i in range(changed):
        words[2 * i] = f"new{i}"
    other = " ".join(words)
    seen = NearDuplicates()
    estimate = float((seen.signature(text(seed)) == seen.signature(other)).mean())
    assert abs(estimate - resemblance(text(seed), other)) < 0.2


def test_a_text_shorter_than_a_shingle_has_one() -> None:
    assert shingles("Red mug") == {"red mug"} and shingles("") == {""}
