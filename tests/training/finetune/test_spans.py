"""Spans become tags and tags spans again; the likeliest tags are those that brute force finds."""

from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.training.finetune.spans import Span, TagSet

TAGS = TagSet(("city", "order"))
WORDS = [(i * 4, i * 4 + 3) for i in range(8)]  # eight tokens of three characters


@st.composite
def token_spans(draw: st.DrawFn) -> list[Span]:
    """Spans that begin and end with tokens and do not overlap."""
    cuts = sorted(draw(st.lists(st.integers(0, 8), min_size=2, max_size=8, unique=True)))
    pieces = [(a, b) for a, b in pairwise(cuts) if draw(st.booleans())]
    return [
        Span(WORDS[a][0], WORDS[b - 1][1], draw(st.sampled_from(TAGS.labels))) for a, b in pieces
    ]


@given(token_spans())
def test_spans_come_back_from_their_tags(spans: list[Span]) -> None:
    assert TAGS.spans(TAGS.tags(spans, WORDS), WORDS) == spans


def test_tags_are_as_conll_writes_them() -> None:
    tags = TAGS.tags([Span(4, 11, "order")], WORDS[:4])
    assert [TAGS.names[t] for t in tags] == ["O", "B-order", "I-order", "O"]


def test_a_span_that_cuts_a_token_takes_the_whole_token() -> None:
    assert TAGS.spans(TAGS.tags([Span(5, 9, "city")], WORDS), WORDS) == [Span(4, 11, "city")]


def test_neighbours_of_one_label_stay_two_spans() -> None:
    spans = [Span(0, 3, "city"), Span(4, 7, "city")]
    assert TAGS.spans(TAGS.tags(spans, WORDS), WORDS) == spans


def test_an_inside_tag_without_a_beginning_begins_a_span() -> None:
    city, order = 2, 4
    assert TAGS.spans([0, city, order, order], WORDS[:4]) == [
        Span(4, 7, "city"),
        Span(8, 15, "order"),
    ]


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_the_best_tags_are_the_likeliest_allowed_ones(seed: int, T: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(T, 5)).astype(np.float32)

    def allowed(tags: tuple[int, ...]) -> bool:
        return all(t % 2 or not t or before in (t - 1, t) for before, t in pairwise((0, *tags)))

    ways = [tags for tags in product(range(5), repeat=T) if allowed(tags)]
    best = max(ways, key=lambda tags: sum(scores[t, tag] for t, tag in enumerate(tags)))
    assert TAGS.best(scores) == list(best)


def test_no_tokens_have_no_tags() -> None:
    assert TAGS.best(np.zeros((0, 5), np.float32)) == []
