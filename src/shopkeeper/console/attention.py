"""Attention, explained: what a model looks at in a text, by layer and head, and what it expects next.

The heat map is an SVG drawn here; layers and heads are picked by links and fields, so that each view has an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.console.page import show
from shopkeeper.errors import ContextTooLong, EngineUnavailable, ShopkeeperError
from shopkeeper.models.attention import AttentionMap, Explanation, Floats
from shopkeeper.models.explaining import DEFAULT, MOST_TOKENS
from shopkeeper.pages import Visit, visit_of

router = APIRouter(default_response_class=HTMLResponse)

PATH = "/console/attention"
EXAMPLES = {
    "en": "The capital of France is",
    "zh": "The capital of France is",
}  # SmolLM2 reads English
LONGEST = 1000  # characters
CELL = 28  # units of the drawing
CHARACTER = 7  # units of the drawing, about, that a character of a label takes
SHOWN = 14  # characters of a token there
SMALL = 84  # units of the drawing of one head among all


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at, as its address says. layer 0: the last; head 0: the mean; rolled: rollout up to the layer."""

    text: str
    model: str
    part: str
    layer: int
    head: int
    rolled: bool

    @classmethod
    def of(cls, query: Mapping[str, str], models: list[str]) -> "View":
        """What an address asks for; nonsense counts as nothing."""
        model = query.get("model", "")
        fallback = DEFAULT if DEFAULT in models or not models else models[0]
        return cls(
            text=query.get("text", "").strip()[:LONGEST],
            model=model if model in models else fallback,
            part=query.get("part", ""),
            layer=_number(query.get("layer", "")),
            head=_number(query.get("head", "")),
            rolled=query.get("show", "") == "rollout",
        )

    def address(self, **changed: str | int) -> str:
        """The address of this view with something changed."""
        values: dict[str, str | int] = {
            "text": self.text, "model": self.model, "part": self.part, "layer": self.layer, "head": self.head,
            "show": "rollout" if self.rolled else "",
        }  # fmt: skip
        given = {key: value for key, value in (values | changed).items() if value}
        return f"{PATH}?{urlencode(given)}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the heat map. looks, at: the tokens; weight: from 0 to 1."""

    x: int
    y: int
    weight: float
    looks: str
    at: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A heat map with its measures. left and top: room for the labels."""

    cells: tuple[Cell, ...]
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    left: int
    top: int
    cell: int = CELL

    @property
    def width(self) -> int:
        return (
            self.left + CELL * len(self.keys) + self.top // 2
        )  # the labels above lean to the right

    @property
    def height(self) -> int:
        return self.top + CELL * len(self.queries)


@router.get("/attention")
def attention(request: Request) -> Response:
    """The page: without a text an example to start from, with one its heat map."""
    visit = visit_of(request)
    explainer = visit.shop.explainer
    models = explainer.models()
    view = View.of(request.query_params, models)
    values: dict[str, Any] = {
        "view": view,
        "models": models,
        "most": MOST_TOKENS,
        "example": _example(visit, view),
    }
    if not view.text:
        return _page(
            visit, visit.t("See which tokens a model looks at, and what it expects next."), **values
        )
    try:
        found = explainer.explain(view.text, model=view.model)
    except ShopkeeperError as error:
        problem, hint = _said(visit, error)
        return _page(
            visit,
            visit.t("This text could not be explained."),
            problem=problem,
            hint=hint,
            **values,
        )
    seen = next((each for each in found.maps if each.part == view.part), found.maps[0])
    layer = view.layer if 1 <= view.layer <= seen.layers else seen.layers
    head = view.head if 1 <= view.head <= seen.heads else 0
    rolled = view.rolled and seen.rolls_out
    view = View(view.text, view.model, seen.part, layer, head, rolled)
    weights = seen.rolled_out(layer) if rolled else seen.one(layer, head or None)
    return _page(
        visit, _sentence(visit, found), **values | {"view": view}, found=found, seen=seen, weights=weights,
        drawing=drawn(seen, weights), heads=[] if rolled else _heads(seen, layer),
        caption=_caption(visit, view, seen), number_of=lambda value: f"{value:.2f}", shortened=shortened,
    )  # fmt: skip


def drawn(seen: AttentionMap, weights: Floats) -> Drawing:
    """The heat map of these weights (Q, K). Squares of less than half a hundredth are left out."""
    queries, keys = (tuple(map(shortened, tokens)) for tokens in (seen.queries, seen.keys))
    left, top = (16 + CHARACTER * max(map(len, labels)) for labels in (queries, keys))
    cells = tuple(
        Cell(left + column * CELL, top + row * CELL, float(weights[row, column]), seen.queries[row], seen.keys[column])
        for row, column in zip(*np.nonzero(weights >= 0.005), strict=True)
    )  # fmt: skip
    return Drawing(cells, queries, keys, left, top)


def shortened(token: str) -> str:
    """A token as it can stand beside a row: what cannot be seen is written out."""
    shown = repr(token)[1:-1].replace(" ", "·")
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"


def _heads(
    seen: AttentionMap, layer: int
) -> list[tuple[int, float, list[tuple[float, float, float]]]]:
    """Each head of a layer as a small map: its number, the side of a square, and (x, y, weight) of those to be seen."""
    side = SMALL / max(len(seen.queries), len(seen.keys))
    return [
        (
            head, side,
            [
                (round(column * side, 2), round(row * side, 2), round(float(weights[row, column]), 2))
                for row, column in zip(*np.nonzero(weights >= 0.05), strict=True)
            ],
        )
        for head in range(1, seen.heads + 1)
        for weights in (seen.one(layer, head),)
    ]  # fmt: skip


def _sentence(visit: Visit, found: Explanation) -> str:
    if not found.guesses or not found.guesses[0].guesses:
        return visit.t("This is what {model} looks at.", model=found.model)
    best = found.guesses[0].guesses[0]
    return visit.t(
        "{model} takes “{token}” to come next with a probability of {p}.",
        model=found.model, token=best.token.strip() or shortened(best.token), p=f"{best.probability:.2f}",
    ) if found.maps[0].part != "encoder" else visit.t(
        "{model} takes “{token}” to be masked with a probability of {p}.",
        model=found.model, token=best.token.strip() or shortened(best.token), p=f"{best.probability:.2f}",
    )  # fmt: skip


def _caption(visit: Visit, view: View, seen: AttentionMap) -> str:
    if view.rolled:
        return visit.t(
            "From which tokens each vector is made, up to layer {layer} (rollout)", layer=view.layer
        )
    if not view.head:
        return visit.t("Layer {layer}, mean of {n} heads", layer=view.layer, n=seen.heads)
    return visit.t("Layer {layer}, head {head}", layer=view.layer, head=view.head)


def _said(visit: Visit, error: ShopkeeperError) -> tuple[str, str]:
    if isinstance(error, ContextTooLong):
        return visit.t("The text is longer than {n} tokens.", n=MOST_TOKENS), visit.t("Shorten it: a heat map is the square of its tokens.")  # fmt: skip
    if isinstance(error, EngineUnavailable) and isinstance(error.__cause__, ImportError):
        return visit.t("This needs PyTorch and Transformers, which are not installed."), visit.t("Install them beside the shop, then start it again: {command}", command=error.hint)  # fmt: skip
    return error.message, error.hint


def _example(visit: Visit, view: View) -> str:
    return view.address(text=EXAMPLES.get(visit.language, EXAMPLES["en"]))


def _page(visit: Visit, answer: str, **values: Any) -> Response:
    known = {"found": None, "problem": "", "hint": ""} | values
    return show(visit, "attention.html", title=visit.t("Attention"), answer=answer, **known)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
