"""What speaks for a candidate: a few models side by side, and facts about the item and the history.

Letters: `P` people, `N` items, `K` candidates, `F` features.

Scores enter as logarithms, so that weights of `choosing.py` are powers; what two models agree on is multiplied. The
candidates are the best of next-item regression with a little text beside it, and of further models. All is fitted on
histories alone (and what is known of items), so whoever fits it on a prefix knows nothing later.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from shopkeeper.recommend import neighbours, next_item, seasons, text
from shopkeeper.recommend.contract import Links, Recommender, dense
from shopkeeper.recommend.histories import Histories, Ints, Sparse, Table
from shopkeeper.recommend.seasons import Seasons
from shopkeeper.recommend.text import About

BLOCK = 500  # people looked at together
RECENT = 6  # newest events of which the strongest link is looked for
WIDTH = 128  # of meanings
Fit = Callable[[Histories], Recommender]
MEANING_RIDGE = 50.0
SHORT = next_item.Plan(back=4, back_decay=0.5, ahead=2, ridge=30.0)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the items, before any event."""

    links: Links  # by text and values together
    values: Links  # by values alone
    meanings: Table  # (N, D)


def know(items: Sequence[About]) -> Knowledge:
    """From texts and values."""
    terms = text.tf_idf(items)
    values = text.tf_idf([About("", item.values) for item in items], commonest=1.0)
    return Knowledge(text.fit(terms), text.fit(values), text.meanings(terms, WIDTH))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Fitted models. base: next-item regression with text, the source of candidates. turn: (D, D) from the meaning of
    what was had to the meaning of what comes next."""

    base: Links
    next: Links
    short: Links
    near: Links
    had: Sparse  # (people of the fit, N)
    known: Knowledge
    turn: Table
    alike: Sparse  # (N, N) the links of texts, rows of sum 1
    others: Mapping[str, Recommender]  # further models, by name; their scores should be logarithmic
    number: Table  # (N,) events
    fresh: Table  # (N,) share of an item's events that stand last in a history
    seasons: Seasons

    def others_scores(self, histories: Histories) -> list[Table]:
        """(P, N) of each further model, in their order."""
        return [other.scores(histories) for other in self.others.values()]

    def candidates(
        self, histories: Histories, most: int, others: Sequence[Table] = (), more: int = 0
    ) -> tuple[Ints, Table]:
        """(P, K) the best unseen items by the base, and their scores; the more wanted first where scores tie.

        others: what further models say of these people; the best `more` of their mean come behind those of the base.
        """
        scores = self.base.scores(histories)
        scores += np.float32(1e-6) * np.log1p(self.number)
        scores[histories.people, histories.items] = -np.inf
        most = min(most, histories.count)
        found = _best(scores, most)
        more = min(more, histories.count - most)
        if others and more:
            rest = np.mean(others, axis=0)
            rest[histories.people, histories.items] = -np.inf
            np.put_along_axis(rest, found, -np.inf, axis=1)
            found = np.concatenate([found, _best(rest, more)], axis=1)
        return found, np.take_along_axis(scores, found, axis=1)

    def features(
        self, histories: Histories, candidates: Ints, base: Table, others: Sequence[Table] = ()
    ) -> Table:
        """(P, K, F), in the order of `NAMES`, then of each further model its scores and its order of the candidates."""
        columns = [
            *self._scores(histories, candidates, base),
            *self._facts(histories, candidates),
            *self._ways(histories, candidates),
            _order(base),
        ]
        for scores in others:
            own = np.take_along_axis(scores, candidates, axis=1)
            columns += [own, _order(np.where(np.isneginf(base), -np.inf, own))]
        return np.stack(columns, axis=2).astype(np.float32)

    def _scores(self, histories: Histories, candidates: Ints, base: Table) -> list[Table]:
        newest, everything = histories.last(1), histories.matrix()

        def at(rows: Sparse, links: Links, floor: float) -> Table:
            return _log(_at(rows @ links.weights, candidates), floor)

        soft, slow = histories.matrix(0.7), histories.matrix(0.9)
        one = newest.matrix()
        near = soft @ self.had.T  # people alike, by what both had
        near.data **= 1.5
        return [
            _log(base, 1e-3),
            at(soft, self.next, 1e-3),
            at(one, self.next, 1e-3),
            at(everything, self.next, 1e-3),
            at(histories.matrix(0.6), self.short, 1e-3),
            at(slow, self.near, 1e-2),
            at(one, self.near, 1e-2),
            _log(_at(near @ self.had, candidates), 1e-2),
            at(soft, self.known.links, 1e-2),
            at(one, self.known.links, 3e-2),
            at(everything, self.known.links, 3e-2),
            at(slow, self.known.values, 3e-2),
            at(one, self.known.values, 3e-2),
            np.log1p(_at(_signs(everything) @ _signs(self.next.weights), candidates)),
        ]

    def _facts(self, histories: Histories, candidates: Ints) -> list[Table]:
        meanings = self.known.meanings
        soft, one = histories.matrix(0.7), histories.last(1).matrix()
        slow = histories.matrix(0.9) @ meanings
        slow /= np.maximum(np.linalg.norm(slow, axis=1, keepdims=True), 1e-6)
        of = meanings[candidates]  # (P, K, D)
        recent = histories.matrix(0.6)
        total = np.maximum(np.asarray(recent.sum(axis=1)).ravel(), 1e-6)
        now = (recent @ self.seasons.when / total)[:, None]
        when = self.seasons.when[candidates]
        return [
            np.einsum("pd,pkd->pk", slow, of),
            np.einsum("pd,pkd->pk", (soft @ meanings) @ self.turn, of),
            np.einsum("pd,pkd->pk", (one @ meanings) @ self.turn, of),
            np.log1p(self.number[candidates]),
            np.log(self.fresh[candidates]),
            np.abs(when - now),
            (when - now) ** 2,
            when - now,
            when,
        ]

    def _ways(self, histories: Histories, candidates: Ints) -> list[Table]:
        """From single events: the one before the newest, and the one that a candidate is nearest to; and by two links:
        what comes next to what reads alike, and what reads like what comes next."""
        second = histories.without_last(1).last(1).matrix()
        soft, words = histories.matrix(0.7), self.alike
        recent = histories.last(RECENT)
        return [
            _log(_at(second @ self.next.weights, candidates), 1e-3),
            _log(_at(second @ self.near.weights, candidates), 1e-2),
            _log(_at(second @ self.known.links.weights, candidates), 3e-2),
            _log(_strongest(recent, self.known.links, candidates), 3e-2),
            _log(_strongest(recent, self.near, candidates), 1e-2),
            _log(_at((soft @ words) @ self.next.weights, candidates), 3e-4),
            _log(_at((soft @ self.next.weights) @ words, candidates), 3e-4),
        ]


NAMES = (
    "base", "next", "next_newest", "next_all", "short", "near", "near_newest", "people_alike",
    "text", "text_newest", "text_all", "values", "values_newest", "links",
    "meaning", "turned", "turned_newest", "number", "fresh", "apart", "apart_squared", "later", "when",
    "next_second", "near_second", "text_second", "text_strongest", "near_strongest", "text_next", "next_text",
    "order",
)  # fmt: skip


def fit(
    histories: Histories,
    known: Knowledge,
    *,
    plan: next_item.Plan | None = None,
    text_share: float = 0.03,
) -> Evidence:
    """All models on these histories, without further ones. text_share: what text counts in the base beside the
    regression."""
    following = next_item.fit(histories, plan)
    base = Links(following.weights + np.float32(text_share) * known.links.weights, following.decay)
    had = histories.matrix()
    had.data[:] = 1
    number = np.bincount(histories.items, minlength=histories.count).astype(np.float32)
    latest = np.bincount(histories.items[histories.age < 2], minlength=histories.count)
    return Evidence(
        base=base,
        next=following,
        short=next_item.fit(histories, SHORT),
        near=neighbours.fit(histories),
        had=_by_length(had),
        known=known,
        turn=_turn(histories, known.meanings),
        alike=_shares(known.links.weights),
        others={},
        number=number,
        fresh=((latest + 1) / (number + 4)).astype(np.float32),
        seasons=seasons.fit(histories),
    )


def _turn(histories: Histories, meanings: Table) -> Table:
    """Regression of the meaning of what came next on the meaning of what was had."""
    before, after = next_item.rows(histories, next_item.Plan())
    had, came = before @ meanings, after @ meanings
    gram = had.T @ had + np.float32(MEANING_RIDGE) * np.eye(had.shape[1], dtype=np.float32)
    found: Table = np.linalg.solve(gram, had.T @ came)
    return found


def _best(scores: Table, most: int) -> Ints:
    """(P, most) places of the highest, the highest first."""
    found = np.argpartition(-scores, most - 1, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _by_length(had: Sparse) -> Sparse:
    length = np.maximum(np.asarray(had.sum(axis=1)).ravel(), 1)
    scale = sparse.diags_array((length**-0.5).astype(np.float32))
    return sparse.csr_array(scale @ had, dtype=np.float32)


def _at(scores: Sparse, candidates: Ints) -> Table:
    return np.take_along_axis(dense(scores), candidates, axis=1)


def _strongest(recent: Histories, links: Links, candidates: Ints) -> Table:
    """(P, K) the strongest link of a few events to each candidate."""
    rows = sparse.csr_array(links.weights[recent.items])
    people = np.repeat(recent.people, np.diff(rows.indptr))
    found = np.zeros((len(recent), recent.count), np.float32)
    np.maximum.at(found, (people, rows.indices), rows.data)
    return np.take_along_axis(found, candidates, axis=1)


def _shares(matrix: Sparse) -> Sparse:
    total = np.asarray(matrix.sum(axis=1)).ravel() + 1e-6
    scale = sparse.diags_array((1 / total).astype(np.float32))
    return sparse.csr_array(scale @ matrix, dtype=np.float32)


def _signs(matrix: Sparse) -> Sparse:
    found = matrix.copy()
    found.data = (found.data > 0).astype(np.float32)
    return found


def _order(values: Table) -> Table:
    """(P, K) the logarithm of the place of each, the highest at 1."""
    places = np.argsort(np.argsort(-values, axis=1, kind="stable"), axis=1)
    return np.log1p(places).astype(np.float32)


def _log(values: Table, floor: float) -> Table:
    found: Table = np.log(np.maximum(values, 0) + np.float32(floor))
    return found
