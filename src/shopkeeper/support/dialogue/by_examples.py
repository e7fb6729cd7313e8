"""Understanding by likeness to examples: where the rules understand nothing, a classifier that a few sentences for each wish
have taught says which wish it is.

It is `models/few_texts.py` on the vectors of the shop's embedder, without torch or a language model. It only names the wish:
items, orders and values are read by the rules all the same, and nothing is done without a yes.
"""

import logging
import tomllib
from functools import cache
from importlib.resources import files
from threading import Lock, Thread

from shopkeeper.errors import ModelError
from shopkeeper.models.embed import Embedder
from shopkeeper.models.few_texts import FewTextsClassifier, fit_few_texts
from shopkeeper.support.dialogue.by_model import command_of
from shopkeeper.support.dialogue.records import Command, Do
from shopkeeper.support.dialogue.understanding import ByRules, View

log = logging.getLogger(__name__)

SURE = 0.7  # share of the likeliest wish from which it counts
MAX_TEXT = 300  # characters; who says more has said it in words that rules know


class ByExamples:
    """Rules, then examples. embedder: of the customers' languages. patient: who asks first waits until the examples are
    learnt; else the rules alone answer while they are learnt beside."""

    def __init__(self, embedder: Embedder, *, patient: bool = True) -> None:
        self._embedder = embedder
        self._patient = patient
        self._rules = ByRules()
        self._taught: FewTextsClassifier | None = None
        self._beside: Thread | None = None
        self._changing = Lock()

    def commands(self, message: str, view: View) -> list[Command]:
        """What the message asks for."""
        found = self._rules.commands(message, view)
        if any(c.do is not Do.UNCLEAR for c in found) or view.state.question is not None:
            return found  # what was asked last is asked again
        label = self.label(message)
        return found if label is None else [command_of(label, message, view)]

    def label(self, message: str) -> str | None:
        """The wish that a message is likest to; None where none is near enough, or while they are being learnt."""
        taught = self._classifier()
        if taught is None or len(message) > MAX_TEXT:
            return None
        said = taught.predict([message])[0]
        sure = said.probabilities[said.label] >= SURE
        return said.label if sure and said.label != "other" else None

    def close(self) -> None:
        """Wait for what is learnt beside."""
        if self._beside is not None:
            self._beside.join()

    def _classifier(self) -> FewTextsClassifier | None:
        with self._changing:
            if self._taught is None and self._patient:
                self._learn()
            elif self._taught is None and self._beside is None:
                self._beside = Thread(target=self._learn, name="examples", daemon=True)
                self._beside.start()
            return self._taught

    def _learn(self) -> None:
        texts, labels = examples()
        try:
            self._taught = fit_few_texts(texts, labels, (self._embedder,), grams=False)
        except ModelError as error:
            log.warning("messages are understood by rules alone: %s", error.message)


@cache
def examples() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences and their labels."""
    path = files("shopkeeper.support.dialogue").joinpath("data/examples.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [(text, label) for label, texts in data.items() for text in texts]
    return tuple(text for text, _ in rows), tuple(label for _, label in rows)
