"""Links by text reach what nobody has wanted yet."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from shopkeeper.recommend import text
from shopkeeper.recommend.contract import dense
from shopkeeper.recommend.histories import Histories
from shopkeeper.recommend.text import About

TITLES = [
    "red wool scarf",
    "blue wool scarf",
    "red wool hat",
    "steel garden spade",
    "garden spade small",
]
ITEMS = [About(title) for title in TITLES]


def test_tf_idf_is_what_scikit_learn_makes() -> None:
    ours = text.tf_idf(ITEMS, rarest=1, commonest=1.0)
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(TITLES)
    assert np.allclose((ours @ ours.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-6)


def test_a_new_item_is_recommended_by_its_words() -> None:
    links = text.fit(text.tf_idf([*ITEMS, About("blue wool hat")], rarest=1, commonest=1.0))
    scores = links.scores(Histories.of([[1]], 6))[0]
    assert scores[5] > scores[3] == 0


def test_no_item_is_linked_to_itself() -> None:
    assert not dense(text.fit(text.tf_idf(ITEMS)).weights).diagonal().any()


def test_values_are_whole_terms() -> None:
    items = [About("a", ("North Face",)), About("b", ("North Face",)), About("c", ("North",))]
    links = dense(text.fit(text.tf_idf(items, rarest=1, commonest=1.0)).weights)
    assert links[0, 1] > 0 == links[0, 2]


@pytest.mark.parametrize("items", [[], [About("")], [About(""), About("word")]])
def test_catalogues_with_next_to_nothing_in_them_are_no_error(items: list[About]) -> None:
    terms = text.tf_idf(items)
    assert dense(text.fit(terms).weights).shape == (len(items), len(items))
    assert len(text.meanings(terms, 8)) == len(items)
