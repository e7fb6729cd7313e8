"""The linear model and its n-grams are those of scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from shopkeeper.training.finetune.logistic import fit_logistic
from shopkeeper.training.finetune.ngrams import make_ngrams

TEXTS = ["Where is my order 12?", "where is it", "refund my order", "red red shoes"]


def test_logistic_regression_finds_the_solution_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 5)).astype(np.float32), random.integers(0, 3, 60)
    weights, biases = fit_logistic(torch.from_numpy(X), torch.from_numpy(y), 3, strength=2.0)
    theirs = LogisticRegression(C=2.0, max_iter=1000, tol=1e-8).fit(X, y)
    ours = (torch.from_numpy(X) @ weights.T + biases).softmax(1).numpy()
    assert ours == pytest.approx(theirs.predict_proba(X), abs=2e-3)


def test_sparse_features_give_what_dense_ones_give() -> None:
    features = make_ngrams(TEXTS).features(TEXTS)
    targets = torch.tensor([0, 0, 1, 1])
    sparse = fit_logistic(features, targets, 2)
    dense = fit_logistic(features.to_dense(), targets, 2)
    assert torch.allclose(sparse[0], dense[0], atol=1e-4)


def test_ngrams_weigh_as_scikit_learn_weighs_them() -> None:
    ours = make_ngrams(TEXTS).features([*TEXTS, "an unseen order"]).to_dense().numpy()
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    theirs = [
        v.fit(TEXTS).transform([*TEXTS, "an unseen order"]).toarray() for v in (words, characters)
    ]
    assert (ours @ ours.T) == pytest.approx(sum(t @ t.T for t in theirs), abs=1e-5)


def test_a_text_without_known_ngrams_is_a_row_of_zeros() -> None:
    features = make_ngrams(TEXTS).features(["", "鞋"]).to_dense()
    assert features.shape[0] == 2 and not features.any()
