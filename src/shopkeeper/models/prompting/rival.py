"""The linear rival: what a classifier of n-grams makes of the same rows, so that a model's figure means something.

Labels: TF-IDF of words (1 to 2) and of characters (1 to 5), a linear support vector machine. Attributes: each word of
a title is given one of the attributes that are asked for, or none, by a machine of the same kind over the word, its
neighbours and its shape; words in a row with the same attribute are its value. Needs scikit-learn, which the
extra `eval` brings.
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from shopkeeper.errors import ModelError
from shopkeeper.measures import accuracy, bootstrap, found, macro_f1, wilson
from shopkeeper.measures.extraction import counts
from shopkeeper.models.prompting.evaluate import Report
from shopkeeper.models.prompting.task import Example, Pairs, Task
from shopkeeper.models.prompting.tasks.reading import Titled
from shopkeeper.models.structured import Choice
from shopkeeper.text.normalise import normalise

NAME = "linear"
_WORD = re.compile(r"[^\s,;()\[\]{}|]+")
_NONE = ""


def rival(
    task: Task[Any, Any],
    train: Sequence[Example[Any, Any]],
    rows: Sequence[Example[Any, Any]],
    *,
    seed: int = 0,
) -> Report | None:
    """The rival's figure on the rows, learned from `train`; None for tasks that it knows no way to do.

    Raises ModelError without scikit-learn.
    """
    _needed()
    if isinstance(task.answer, Choice):
        return _of_labels(task, train, rows)
    if task.input_type is Titled:
        return _of_attributes(task, train, rows, seed)
    return None


def _of_labels(
    task: Task[Any, Any], train: Sequence[Example[Any, Any]], rows: Sequence[Example[Any, Any]]
) -> Report:
    wanted = [row.output for row in rows]
    said = labels_by_ngrams(
        [task.question(row.given) for row in train],
        [row.output for row in train],
        [task.question(row.given) for row in rows],
    )
    share = accuracy(wanted, said)
    return _report(task, rows, "accuracy", share, wilson(share, len(rows)), macro_f1(wanted, said))


def labels_by_ngrams(
    texts: Sequence[str], labels: Sequence[Hashable], asked: Sequence[str]
) -> list[Any]:
    """Labels of the texts asked, learned from texts with labels; where all have one label, that one."""
    _needed()
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    if len(set(labels)) < 2:
        return [labels[0] if labels else None] * len(asked)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(ngram_range=(1, 5), sublinear_tf=True, analyzer="char_wb")
    classifier = make_pipeline(make_union(words, characters), LinearSVC())
    return list(classifier.fit(list(texts), list(labels)).predict(list(asked)))


def _of_attributes(
    task: Task[Any, Any],
    train: Sequence[Example[Any, Any]],
    rows: Sequence[Example[Any, Any]],
    seed: int,
) -> Report:
    assert task.pairs is not None
    wanted = [task.pairs(row.output) for row in rows]
    said = attributes_by_words(
        [(row.given, task.pairs(row.output)) for row in train], [row.given for row in rows]
    )
    table = counts(wanted, said)
    interval = bootstrap(lambda places: found(table[places]).f1, len(rows), seed=seed)
    return _report(task, rows, "F1", found(table).f1, interval, None)


def attributes_by_words(
    train: Sequence[tuple[Titled, Pairs]], asked: Sequence[Titled]
) -> list[Pairs]:
    """Attributes and values of the titles asked, learned from titles whose values are known."""
    _needed()
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    features: list[list[str]] = []
    tags: list[str] = []
    for given, pairs in train:
        words = _WORD.findall(given.title)
        features += _features(words, given.attributes)
        tags += _tags(words, pairs)
    if len(set(tags)) < 2:
        return [frozenset()] * len(asked)
    tagger = make_pipeline(CountVectorizer(analyzer=list, binary=True), LinearSVC())
    tagger.fit(features, tags)
    known = [str(tag) for tag in tagger.classes_]
    answers = []
    for given in asked:
        words = _WORD.findall(given.title)
        refused = [tag != _NONE and tag not in given.attributes for tag in known]
        if not words:
            answers.append(frozenset[tuple[str, str]]())
            continue
        scores = tagger.decision_function(_features(words, given.attributes))
        if scores.ndim == 1:  # two tags: one score for the second
            scores = np.stack([-scores, scores], axis=1)
        scores[:, refused] = -np.inf
        answers.append(frozenset(_values(words, [known[i] for i in scores.argmax(axis=1)])))
    return answers


def _features(words: Sequence[str], attributes: Sequence[str]) -> list[list[str]]:
    """One list a word: itself, its beginning, end and shape, its neighbours, its place, what is asked for."""
    framed = ["^", *(word.casefold() for word in words), "$"]
    rows = []
    for place, word in enumerate(words, 1):
        own = framed[place]
        named = {
            "word": own,
            "start": own[:3],
            "end": own[-3:],
            "shape": re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", own)),
            "before": framed[place - 1],
            "after": framed[place + 1],
            "two before": f"{framed[place - 1]} {own}",
            "two after": f"{own} {framed[place + 1]}",
            "place": str(min(place, 4)),
            "upper": str(word.isupper()),
        }
        row = [f"{name}={value}" for name, value in named.items()]
        rows.append(row + [f"asked={name}" for name in attributes])
    return rows


def _tags(words: Sequence[str], pairs: Pairs) -> list[str]:
    """The attribute of each word, by where the values stand in the title."""
    plain = [normalise(word) for word in words]
    tags = [_NONE] * len(words)
    for name, value in sorted(pairs, key=lambda pair: -len(pair[1])):
        parts = [normalise(part) for part in _WORD.findall(value)]
        for start in range(len(plain) - len(parts) + 1):
            here = slice(start, start + len(parts))
            if parts and plain[here] == parts and not any(tags[here]):
                tags[here] = [name] * len(parts)
                break
    return tags


def _values(words: Sequence[str], tags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The longest run of words of each attribute, the first of equals."""
    runs: dict[str, list[str]] = {}
    run: list[str] = []
    for place, tag in enumerate(tags):
        run = [*run, words[place]] if place and tags[place - 1] == tag else [words[place]]
        if tag and len(run) > len(runs.get(tag, [])):
            runs[tag] = run
    yield from ((tag, normalise(" ".join(value))) for tag, value in runs.items())


def _report(
    task: Task[Any, Any],
    rows: Sequence[Example[Any, Any]],
    measure: str,
    figure: float,
    interval: tuple[float, float],
    macro: float | None,
) -> Report:
    return Report(
        task=task.name,
        model=NAME,
        shots=0,
        rows=len(rows),
        measure=measure,
        figure=figure,
        low=interval[0],
        high=interval[1],
        macro_f1=macro,
        greedy=None,
        failed=0,
        faulty=0,
        prompt_tokens=0,
        completion_tokens=0,
        seconds=0.0,
    )


def _needed() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise ModelError(
            "the linear rival needs scikit-learn", hint='pip install "shopkeeper[eval]"'
        ) from error
