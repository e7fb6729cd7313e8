"""Recommendation in a shop that is open: from a question to a list with reasons, within milliseconds.

    shop.recommend.home(Visitor(session_id="…"), limit=10)

Behind it are a fitted model in memory, a shelf that follows the catalogue, the merchant's rules and controls, and the
visitor's way, which is read as they ask (`trails.py`). A list is kept with an id (`lists.py`), unless told otherwise.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from shopkeeper.errors import NotFound
from shopkeeper.recommend import merchandising, trails
from shopkeeper.recommend.again import again
from shopkeeper.recommend.controls import DEFAULT
from shopkeeper.recommend.following import Follower, State
from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.lists import Keeper, Kept
from shopkeeper.recommend.merchandising import Left, Placed
from shopkeeper.recommend.model import Model
from shopkeeper.recommend.reasons import Explained, reasons
from shopkeeper.recommend.scoring import Scored, Trail, theta_of
from shopkeeper.recommend.slots import (
    ANYBODY,
    ID_PREFIX,
    WEIGHTS,
    Controls,
    Reason,
    Recommended,
    RecommendedList,
    Slot,
    Visitor,
    Why,
)
from shopkeeper.recommend.together import together
from shopkeeper.recommend.trails import Way
from shopkeeper.recommend.trying import Trying
from shopkeeper.rules import Effects, Finder, Rule
from shopkeeper.shop.database import Database

Clock = Callable[[], datetime]
THETA = {slot: theta_of(weights) for slot, weights in WEIGHTS.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. products: what the list is about (SIMILAR, TOGETHER), or the cart. in_cart: what is there is never
    recommended. record: keep the list, so that clicks are credited to it."""

    slot: Slot
    visitor: Visitor = ANYBODY
    products: tuple[str, ...] = ()
    in_cart: tuple[str, ...] = ()
    limit: int = 10
    record: bool = True
    explain: bool = True


class Recommendations:
    """What people may want. Safe to use from several threads. Open with `Recommendations(...)`; `start` in a server."""

    def __init__(
        self,
        database: Database,
        *,
        find: Finder,
        folder: Path,
        secret: bytes,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        """find: ids of the products that a rule is about; folder: of the shop's data, where versions of models lie;
        secret: what decides, unseen, what a visitor is given in an experiment."""
        self._database = database
        self._clock = clock
        self._follower = Follower(database, folder, find)
        self._keeper = Keeper(database)
        self._trying = Trying(database, folder, secret, lambda: self.state)
        # Scoring is many short steps in NumPy, each of which lets go of the interpreter and must win it back: threads
        # that score at once take it from each other hundreds of times a list. They score in turn, and wait in parallel.
        self._scoring = threading.Lock()

    def start(self) -> None:
        """Follow the shop, and keep lists, in the background from now on."""
        self._follower.start()
        self._keeper.start()
        self._trying.start()

    def close(self) -> None:
        """Write what waits and end the threads."""
        self._trying.stop()
        self._follower.stop()
        self._keeper.close()

    def refresh(self) -> None:
        """Take in what has changed: the model in use, products, rules and controls. With threads it follows by itself."""
        self._follower.refresh()
        self._trying.refresh()

    def use(self, model: Model) -> None:
        """Serve this model from now on, until another version is put to use."""
        self._follower.use(model)

    @property
    def state(self) -> State:
        """What is served now."""
        return self._follower.state

    def home(self, visitor: Visitor, *, limit: int = 10) -> RecommendedList:
        """What this visitor may want next; for one of whom nothing is known what many want."""
        return self.ask(Asked(Slot.HOME, visitor, limit=limit))

    def similar(
        self, product_id: str, *, visitor: Visitor = ANYBODY, limit: int = 10
    ) -> RecommendedList:
        """Alternatives to a product. Raises NotFound."""
        return self.ask(Asked(Slot.SIMILAR, visitor, (product_id,), limit=limit))

    def bought_together(
        self, product_id: str, *, visitor: Visitor = ANYBODY, limit: int = 10
    ) -> RecommendedList:
        """What goes with a product. Shorter, or empty, where few baskets tell. Raises NotFound."""
        return self.ask(Asked(Slot.TOGETHER, visitor, (product_id,), limit=limit))

    def cart(
        self, products: Sequence[str], *, visitor: Visitor = ANYBODY, limit: int = 10
    ) -> RecommendedList:
        """What goes with the products in a cart."""
        return self.ask(Asked(Slot.CART, visitor, tuple(products), limit=limit))

    def because_you_looked(self, visitor: Visitor, *, limit: int = 10) -> RecommendedList:
        """What may be wanted by somebody who looked at this visitor's latest product, which is the list's anchor."""
        return self.ask(Asked(Slot.LOOKED, visitor, limit=limit))

    def again(self, customer_id: str, *, limit: int = 10) -> RecommendedList:
        """What a customer bought and may need again."""
        return self.ask(Asked(Slot.AGAIN, Visitor(customer_id=customer_id), limit=limit))

    def ask(self, asked: Asked) -> RecommendedList:
        """The answer to any question. Raises NotFound where the list is about a product that is not there."""
        if not self._follower.follows:
            self.refresh()
        state = self.state
        if not asked.record:  # what is not kept can be no part of an experiment
            return self._answer(asked, state)
        made = self._trying.made(
            asked.slot,
            asked.visitor,
            state=state,
            answer=lambda state, limit: self._answer(replace(asked, limit=limit), state),
            limit=asked.limit,
        )
        if made.list.items:
            self._keeper.keep(Kept(made.list, asked.visitor, made.propensities))
        return made.list

    def preview(
        self,
        asked: Asked,
        *,
        rules: Sequence[Rule] | None = None,
        controls: Controls | None = None,
        state: State | None = None,
        at: datetime | None = None,
    ) -> RecommendedList:
        """The answer as it would be with other rules or controls, by another model (`beside`), or at another moment.
        Nothing is kept."""
        state = state or self.state
        if rules is not None:
            state = replace(state, rules=tuple(rules))
        if controls is not None:
            state = replace(state, controls={**state.controls, asked.slot: controls})
        return self._answer(asked, state, at)

    def beside(self, model: Model) -> State:
        """What is served now, but by another model."""
        return self.state.served_by(model)

    def titles(self, products: Sequence[str]) -> dict[str, str]:
        """What these products are called; those that are gone are left out."""
        shelf = self.state.shelf
        found = {i: shelf.goods[shelf.place[i]] for i in products if i in shelf.place}
        return {i: good.title for i, good in found.items() if good is not None}

    def taste(self, visitor: Visitor, products: Sequence[str]) -> dict[str, float]:
        """How much speaks for each of these products to this visitor, from 0 to 1 beside each other; empty where
        nothing is known of them. For lists that others made, a search for instance."""
        state = self.state
        way = self._way(visitor, state)
        places = np.unique(state.shelf.places(products))
        if not (len(way.trail.places) or way.trail.words) or not len(places):
            return {}
        theta = state.scorer.theta[way.trail.segment].copy()
        theta[-1] = 0  # what all like is no taste of this visitor
        scored = state.scorer.score(way.trail, theta=theta, only=places)
        top = float(scored.score.max(initial=0.0))
        ids = state.scorer.model.items.ids
        return {
            ids[p]: float(s) / top
            for p, s in zip(scored.candidates, scored.score, strict=True)
            if s > 0
        }

    def _way(self, visitor: Visitor, state: State, at: datetime | None = None) -> Way:
        if not visitor.is_known:
            return trails.NOWHERE
        now = at or self._clock()
        return trails.read(self._database.rows, visitor, state.shelf.place, now, until=at)

    def _answer(self, asked: Asked, state: State, at: datetime | None = None) -> RecommendedList:
        begun, now = time.perf_counter(), at or self._clock()
        way = trails.NOWHERE if asked.slot in ABOUT else self._way(asked.visitor, state, at)
        question = _question(asked, state, way)
        controls = state.controls.get(asked.slot, DEFAULT[asked.slot])
        effect = state.effects(asked.slot, question.category, now)
        with self._scoring:
            items = _items(question, state, effect, controls, asked)
        return RecommendedList(
            id=f"{ID_PREFIX}{secrets.token_hex(10)}",
            slot=asked.slot,
            items=tuple(items),
            made_at=now,
            anchors=question.anchors,
            model=state.scorer.model.made.version,
            took_ms=round((time.perf_counter() - begun) * 1000, 3),
        )


ABOUT = frozenset({Slot.SIMILAR, Slot.TOGETHER, Slot.CART})  # lists about products, whoever asks


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as it is scored. score: None where it cannot be asked (nothing was looked at)."""

    trail: Trail
    why: Mapping[int, Why]
    score: Callable[[], Scored] | None
    left: Left
    anchors: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    told: Mapping[int, tuple[Reason, ...]] | None = None  # reasons that are known already


def _question(asked: Asked, state: State, way: Way) -> _Question:
    """way: of the visitor; not looked at in lists about products."""
    in_cart = state.shelf.places(asked.in_cart)
    if asked.slot in ABOUT:
        return _about_products(asked, state, in_cart)
    if asked.slot is Slot.AGAIN:
        scored, told = again(way, state.scorer.model)
        return _Question(way.trail, way.why, lambda: scored, _left(state, in_cart), told=told)
    had = np.concatenate([way.trail.places, in_cart])
    if asked.slot is Slot.HOME:
        bought = np.array([p for p, why in way.why.items() if why is Why.BOUGHT], np.intp)
        left = _left(state, had, np.concatenate([bought, in_cart]))
        return _Question(way.trail, way.why, partial(state.scorer.score, way.trail), left)
    if way.newest < 0:
        return _Question(way.trail, way.why, None, _left(state, had))
    trail = trails.of_products(np.array([way.newest], np.intp))
    newest = state.scorer.model.items.ids[way.newest]
    good = state.shelf.goods[way.newest]
    return _Question(
        trail, {way.newest: Why.LOOKED}, partial(_spoken_for, state, trail, asked.slot),
        _left(state, had), (newest,), good.category if good is not None else (),
    )  # fmt: skip


def _about_products(asked: Asked, state: State, in_cart: Ints) -> _Question:
    places = state.shelf.places(asked.products)
    if not len(places) and asked.slot is not Slot.CART:
        named = asked.products[0] if asked.products else ""
        raise NotFound(f"no product has the id {named!r}", hint="ids are case-sensitive")
    trail = trails.of_products(places)
    why = dict.fromkeys(places.tolist(), Why.CART if asked.slot is Slot.CART else Why.THIS)
    left = _left(state, np.concatenate([places, in_cart]))
    if asked.slot is not Slot.SIMILAR:  # what is of the same kind is no addition
        left = replace(left, categories=state.shelf.category[places])
    first = state.shelf.goods[int(places[0])] if len(places) else None
    score = partial(_spoken_for, state, trail, asked.slot) if len(places) else None
    return _Question(
        trail, why, score, left, tuple(asked.products), first.category if first is not None else (),
    )  # fmt: skip


def _spoken_for(state: State, trail: Trail, slot: Slot) -> Scored:
    """Scores without what is popular and no more: a list about a product has nothing in it that has nothing to do with
    it. Of what goes with a product too few orders are nothing (`together.py`)."""
    scored = state.scorer.score(trail, theta=THETA[slot])
    spoken = scored.evidence[:, np.flatnonzero(scored.theta[:-1] > 0)].any(axis=1)
    if slot in (Slot.TOGETHER, Slot.CART):
        spoken &= np.isin(scored.candidates, together(state.scorer.model, trail.places))
    return replace(
        scored, candidates=scored.candidates[spoken], evidence=scored.evidence[spoken], score=scored.score[spoken]
    )  # fmt: skip


def _left(state: State, places: Ints, things: Ints | None = None) -> Left:
    """These are left out, and whatever is one thing with them."""
    return Left(places, state.shelf.thing[places if things is None else things])


def _items(
    question: _Question, state: State, effect: Effects, controls: Controls, asked: Asked
) -> list[Recommended]:
    if question.score is None:
        return []
    scored = question.score()
    placed = merchandising.arrange(
        scored,
        state.shelf,
        effect=effect,
        controls=controls,
        left=question.left,
        popular=state.scorer.popular,
        terms=state.scorer.model.words.rows,
        limit=asked.limit,
    )
    told = _told(question, state, scored, placed) if asked.explain else {}
    ids = state.scorer.model.items.ids
    found = []
    for item in placed:
        product_id = ids[item.place]
        why = told.get(item.place, ())
        rules = effect.because.get(product_id, ())
        if item.pinned:
            why = (Reason(Why.PINNED, 0.0, rule=rules[0]), *why)
        score = float(scored.score[item.row]) if item.row >= 0 else 0.0
        found.append(Recommended(product_id, round(score, 5), why, rules))
    return found


def _told(
    question: _Question, state: State, scored: Scored, placed: Sequence[Placed]
) -> Mapping[int, tuple[Reason, ...]]:
    if question.told is not None:
        return question.told
    known = [item for item in placed if item.row >= 0]
    asked = Explained(state.scorer, state.shelf, question.trail, question.why)
    rows = np.array([item.row for item in known], np.intp)
    return dict(zip((item.place for item in known), reasons(asked, scored, rows), strict=True))
