"""A classifier from a few texts a label."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.optimize

from shopkeeper.models.embed.contract import Kind, Vectors
from shopkeeper.models.few_texts import fit_few_texts, fit_head, mistyped

TEXTS = {
    "delivery": ["where is my parcel", "has my parcel been sent", "when does the parcel arrive"],
    "refund": ["I want my money back", "please refund the order", "when do I get the refund"],
    "account": ["delete my account", "I cannot sign in to my account", "close the account"],
}


class Counting:
    """An embedder that counts letters: enough to be told from none."""

    id, digest, dimension, languages = "letters", "1", 26, frozenset({"en"})

    def encode(self, texts: Sequence[str], *, kind: Kind) -> Vectors:
        rows = np.array([[t.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for t in texts])
        lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        vectors: Vectors = (rows / lengths).astype(np.float32)
        return vectors


def taught() -> tuple[list[str], list[str]]:
    return [t for ts in TEXTS.values() for t in ts], [n for n, ts in TEXTS.items() for _ in ts]


@pytest.mark.parametrize("embedders", [(), (Counting(),)], ids=["words", "vectors"])
def test_it_knows_what_it_was_taught_also_with_typing_errors(embedders: tuple[Counting, ...]) -> None:  # fmt: skip
    texts, labels = taught()
    classifier = fit_few_texts(texts, labels, embedders, names={"refund": "money back"})
    assert [c.label for c in classifier.predict(texts)] == labels
    assert classifier.predict(["wher is my parcle"])[0].label == "delivery"


def test_an_embedder_of_no_weight_changes_no_label() -> None:
    texts, labels = taught()
    alone, beside = (
        fit_few_texts(texts, labels, [Counting()][:n], weights=[0.0] * n) for n in (0, 1)
    )
    asked = ["wher is my parcle", "close it", "my money"]
    assert [c.probabilities for c in alone.predict(asked)] == [c.probabilities for c in beside.predict(asked)]  # fmt: skip
    with pytest.raises(ValueError, match="2 weights for 1 embedders"):
        fit_few_texts(texts, labels, [Counting()], weights=[1.0, 2.0])


def test_what_is_like_nothing_taught_belongs_less() -> None:
    texts, labels = taught()
    classifier = fit_few_texts(texts, labels, [Counting()])
    known, strange = classifier.predict(["when does my parcel arrive", "zzz quux"])
    assert known.belongs > strange.belongs
    assert sum(known.probabilities.values()) == pytest.approx(1)


def test_the_head_is_the_bottom_of_its_loss() -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    head = fit_head(features, targets, 3)

    def loss(flat: np.ndarray) -> float:
        logits = features @ flat[:9].reshape(3, 3) + flat[9:]
        log_shares = logits - scipy.special.logsumexp(logits, axis=1, keepdims=True)
        return float(-log_shares[np.arange(40), targets].sum() + (flat[:9] ** 2).sum() / 60)

    found = np.concatenate([head.weights.ravel(), head.biases])
    other = scipy.optimize.minimize(loss, np.zeros(12), method="Powell").x
    assert loss(found) <= loss(other) + 1e-3


def test_typing_errors_leave_short_texts_alone_and_change_others() -> None:
    rng = random.Random(1)
    assert mistyped("abc", rng) == "abc"
    assert any(mistyped("parcel", rng) != "parcel" for _ in range(5))


def test_one_label_is_nothing_to_tell_apart() -> None:
    with pytest.raises(ValueError, match="two labels"):
        fit_few_texts(["a"], ["x"], [])


def test_without_n_grams_vectors_decide_alone() -> None:
    texts, labels = taught()
    classifier = fit_few_texts(texts, labels, [Counting()], grams=False)
    assert not classifier.grams
    assert [c.label for c in classifier.predict(texts)] == labels
    with pytest.raises(ValueError, match="neither"):
        fit_few_texts(texts, labels, (), grams=False)


def test_taught_texts_vote_the_more_the_nearer_they_lie() -> None:
    texts, labels = taught()
    plain, voted = (
        fit_few_texts(texts, labels, [Counting()], votes=[v]).predict(["where is my parcel"])[0]
        for v in (0.0, 2.0)
    )
    assert voted.probabilities["delivery"] > plain.probabilities["delivery"]
    assert voted.belongs == plain.belongs


def test_numbers_and_spared_words_change_no_label() -> None:
    texts, labels = taught()
    plain, numbered = (
        fit_few_texts([f"{text}{more}" for text in texts], labels, [Counting()]) for more in ("", " #W123-4")
    )  # fmt: skip
    asked = ["parcel 4711", "money back 9.99 USD", "close account"]
    said = plain.predict(asked)
    assert [c.label for c in said] == ["delivery", "refund", "account"]
    assert [c.probabilities for c in numbered.predict(asked)] == [c.probabilities for c in said]
