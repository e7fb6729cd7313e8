"""LaMDA's measures of what the agent says: sensible, specific, interesting, safe, grounded, informative, in shares of replies.

Moments are taken from scripted conversations (seeds that the agent was made with): what the customer wrote, what the rules
and records have to say to it, and every wording of that by templates. Six ways of saying it are judged:

    template          the first wording             template.ranked   the best by filter and rank, as the agent does it,
                                                                       with what it may say beside an answer
    0.5b, 1.5b        a local model's own wording   ….ranked          of several of its wordings and the templates', those
                                                                       that keep every fact, the best

*Safe* and *grounded* are checked by code: no link or markup and no promise that the records do not make; every number, id and
price out of the records. The other four are judged by a logistic model on signs of form (`signs`), taught by the labels of
one reader, who also made the agent (`support_lamda_labels.toml`); `kappa.…` is how far it agrees with that reader on replies
that did not teach it (Cohen's; about moments it has not seen). Wordings of models are kept, so that a run goes on where it was.

    python -m benchmarks support_lamda [--quick]          the figures
    python -m benchmarks.support_lamda show               the replies, to be labelled
"""

import random
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.customer_words import Chance
from benchmarks.customers import Customer, goals
from benchmarks.data import data_folder
from benchmarks.support_dialogues import Catalogue, converse
from benchmarks.support_trust import fit
from benchmarks.tau_shop import read, tau_shop
from shopkeeper.models import hub
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.prompting import Kept
from shopkeeper.models.prompting.quoting import quoted
from shopkeeper.models.records import Controls, Message, Request
from shopkeeper.settings import EngineSettings, Settings
from shopkeeper.support.dialogue import Agent
from shopkeeper.support.dialogue.ranking import (
    Scores,
    SimpleScorer,
    best,
    facts_in,
    is_safe,
    says_the_same,
)

LABELS = Path(__file__).with_name("support_lamda_labels.toml")
MODELS = {"0.5b": "qwen2.5-coder-0.5b", "1.5b": "qwen2.5-coder-1.5b"}
MOMENTS, WORDINGS = 34, 2  # 34 moments in six ways are 204 replies
SEED = 0
WHOLE = 0.8  # of the words of the plain reply, for what is new to be said beside it and not instead
RARE = {"interesting": 2.0}  # weight of what is labelled so seldom
JUDGED = ("sensible", "specific", "interesting", "informative")
SAID = "Say the same in a friendlier way, as short, in the same language. Keep every number, id and price exactly. Answer with the text alone."
_PROMISE = re.compile(r"\b(?:guarantee|promise|free of charge|discount|compensat\w*|immediately|right away|for sure)\b")  # fmt: skip
_TALK = re.compile(r"\b(?:rephrase\w*|friendlier|here(?:'s| is) (?:a|the)|as an ai|certainly|sure[,!]|data>)", re.IGNORECASE)  # fmt: skip
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moment:
    """A turn: what was written, what was said before, and how templates can answer."""

    message: str
    before: tuple[str, ...]
    wordings: tuple[str, ...]

    @property
    def plain(self) -> str:
        """The first wording, which has all the facts."""
        return self.wordings[0]


@dataclass
class Noting:
    """A scorer that notes what it is asked to choose from, and whether other words may be looked for: not for proposals."""

    candidates: list[str] = field(default_factory=list)
    before: tuple[str, ...] = ()
    free: bool = False
    scorer: SimpleScorer = field(default_factory=SimpleScorer)

    def others(self, text: str, language: str) -> list[str]:
        """See `Words`."""
        self.free = True
        return []

    def score(self, text: str, said: Sequence[str]) -> Scores:
        """See `Scorer`."""
        self.candidates.append(text)
        self.before = tuple(said)
        return self.scorer.score(text, said)


@dataclass
class Listening:
    """A customer whose words are noted with what can be said to them."""

    customer: Customer
    noting: Noting
    moments: list[Moment] = field(default_factory=list)
    last: str = ""

    @property
    def asked_for_person(self) -> bool:
        """As the customer."""
        return self.customer.asked_for_person

    def first(self) -> str:
        """What they open with."""
        self.last = self.customer.first()
        return self.last

    def answer(self, said: str) -> str:
        """Note the moment, and go on."""
        wordings = tuple(dict.fromkeys(self.noting.candidates))
        self.noting.candidates.clear()
        free, self.noting.free = self.noting.free, False
        if free and len(wordings) > 1:
            self.moments.append(Moment(self.last, self.noting.before, wordings))
        self.last = self.customer.answer(said)
        return self.last


def moments(data: Path, count: int) -> list[Moment]:
    """Turns of different answers, in an order drawn by the seed."""
    wanted, found = goals(), []
    with tau_shop(data) as shop:
        noting = Noting()
        agent = Agent(shop.support, Catalogue(shop), words=noting, scorer=noting)
        shop.database.keep()
        for task in read(data, "tasks_train")[: count + 6]:
            heard = Listening(Customer(wanted[task["id"]], Chance(SEED, task["id"])), noting)
            converse(shop, agent, heard, task, SEED)
            found += heard.moments
            shop.database.rewind()
    random.Random(SEED).shuffle(found)
    shapes: dict[str, Moment] = {}
    for moment in found:  # as many kinds of answers as there are, then the rest
        shapes.setdefault(re.sub(r"\W*[#\d]\S*", "", moment.plain)[:40], moment)
    rest = [m for m in found if m not in shapes.values()]
    return [*shapes.values(), *rest][:count]


def replies(moment: Moment, models: Mapping[str, LanguageModel], kept: Kept) -> dict[str, str]:
    """What each way says."""
    scorer = SimpleScorer()
    said = {
        "template": moment.plain,
        "template.ranked": best(moment.wordings, moment.before, scorer),
    }
    for name, model in models.items():
        made = [_wording(name, model, moment.plain, n, kept) for n in range(WORDINGS)]
        whole = [w for w in made if says_the_same(w, moment.plain) and is_safe(w, [moment.plain])]
        said[name] = made[0]
        said[f"{name}.ranked"] = best([*whole, *moment.wordings], moment.before, scorer)
    return said


def _wording(name: str, model: LanguageModel, text: str, number: int, kept: Kept) -> str:
    """The model's wording: the likeliest, then samples."""

    def made() -> str:
        controls = Controls(max_new_tokens=200, temperature=0.8 if number else 0.0, top_k=40, seed=number)  # fmt: skip
        request = Request(
            (Message("system", SAID), Message("user", quoted(text))), controls, timeout_s=600
        )
        return model.generate(request).text.strip().strip('"')

    return str(kept.get(f"{name}:{number}:{text}", made))


def signs(reply: str, moment: Moment) -> list[float]:
    """What can be seen of a reply's form beside the plain one and what was said before."""
    plain, words, ours = moment.plain, _words(reply), _words(moment.plain)
    common = len(set(words) & set(ours))
    facts, needed = facts_in(reply), facts_in(plain)
    again = max((_share(words, _words(b)) for b in moment.before), default=0.0)
    return [
        len(facts & needed) / max(1, len(needed)),
        float(min(3, len(facts - needed))),
        float(min(4, len(facts & needed))),
        min(3.0, len(reply) / max(1, len(plain))),
        common / max(1, len(set(ours))),
        common / max(1, len(set(words))),
        _share(words, _words(moment.message)),
        again,
        float(reply.count("?") == plain.count("?")),
        float(says_the_same(reply, plain)),
        float(max(0, _mine(words) - _mine(ours))),
        float(bool(_TALK.search(reply))),
        min(3.0, float(reply.count("!"))),
        len(set(words)) / max(1, len(words)),
        min(4.0, len(words) / 20),
        min(3.0, len(set(words) - set(ours)) / 4) * (common > WHOLE * len(set(ours))),
        min(4.0, len(set(words) - set(ours)) / 5),
    ]


def _mine(words: Sequence[str]) -> int:
    return sum(word in ("i", "my", "me") for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _share(one: Sequence[str], other: Sequence[str]) -> float:
    return len(set(one) & set(other)) / max(1, len(set(one) | set(other)))


def checked(reply: str, moment: Moment) -> dict[str, bool]:
    """What code says of a reply."""
    promised = {m.casefold() for m in _PROMISE.findall(reply)} - {m.casefold() for m in _PROMISE.findall(moment.plain)}  # fmt: skip
    grounded = facts_in(reply) <= facts_in(
        " ".join(moment.wordings)
    )  # all of them out of the records
    return {"safe": is_safe(reply, [reply]) and not promised, "grounded": grounded}


@dataclass(frozen=True)
class Judge:
    """A logistic model for each of `JUDGED`."""

    middle: Floats
    scale: Floats
    heads: Mapping[str, tuple[Floats, float]]

    def says(self, row: Sequence[float]) -> dict[str, bool]:
        """What a person would say of a reply with these signs."""
        at = (np.array(row) - self.middle) / self.scale
        return {name: bool(at @ weights + bias > 0) for name, (weights, bias) in self.heads.items()}


def taught(rows: Floats, labels: Mapping[str, NDArray[np.bool_]]) -> Judge:
    """The judge that these labels make."""
    middle, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    features, even = (rows - middle) / scale, np.ones(len(rows))
    weights = {name: np.where(right, RARE.get(name, 1.0), even) for name, right in labels.items()}
    heads = {n: fit(features, right, weights[n], strength=0.3) for n, right in labels.items()}
    return Judge(middle, scale, heads)


def kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Cohen's: agreement beyond chance; 1 where both say one thing of all."""
    same = float((one == other).mean())
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return 1.0 if chance == 1 else (same - float(chance)) / (1 - float(chance))


def agreement(
    rows: Floats, labels: Mapping[str, NDArray[np.bool_]], group: NDArray[np.int64]
) -> dict[str, float]:
    """Kappa of judge and person, each moment judged by what the others taught."""
    said = {name: np.zeros(len(rows), bool) for name in labels}
    for one in np.unique(group):
        judge = taught(rows[group != one], {n: v[group != one] for n, v in labels.items()})
        for i in np.flatnonzero(group == one):
            for name, value in judge.says(rows[i].tolist()).items():
                said[name][i] = value
    return {f"kappa.{name}": round(kappa(said[name], labels[name]), 3) for name in labels}


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """The figures."""
    kept = Kept(Path(tempfile.gettempdir()) / "shopkeeper-support" / "wordings.jsonl")
    there = moments(data, 6 if quick else MOMENTS)
    said = list(_all(there, kept))
    labelled = list(tomllib.loads(LABELS.read_text(encoding="utf-8"))["replies"])
    known = [_moment_of(row) for row in labelled]
    rows = np.array([signs(row["reply"], moment) for row, moment in zip(labelled, known, strict=True)])  # fmt: skip
    labels = {name: np.array([name in row["is"] for row in labelled]) for name in JUDGED}
    plains = {m.plain: n for n, m in enumerate(known)}
    figures: dict[str, Any] = {
        "seed": SEED, "moments": len(there), "replies": sum(map(len, said)), "labels": len(labelled),
        **agreement(rows, labels, np.array([plains[m.plain] for m in known])),
    }  # fmt: skip
    judge = taught(rows, labels)
    for way in said[0]:
        verdicts = [judge.says(signs(r[way], m)) | checked(r[way], m) for r, m in zip(said, there, strict=True)]  # fmt: skip
        for name in (*JUDGED, "safe", "grounded"):
            share = sum(v[name] for v in verdicts) / len(verdicts)
            figures[f"{name}.{way}"] = round(share, 3)
    for way in ("template", *MODELS):
        rank = {w: sum(f * figures[f"{n}.{w}"] for n, f in (("sensible", 3), ("specific", 1), ("interesting", 1))) for w in (way, f"{way}.ranked")}  # fmt: skip
        figures[f"ranking_gain.{way}"] = round(rank[f"{way}.ranked"] - rank[way], 3)
    return figures


def _moment_of(row: Mapping[str, Any]) -> Moment:
    return Moment(row["message"], (), (row["plain"],))


def _all(there: Sequence[Moment], kept: Kept) -> Iterator[dict[str, str]]:
    opened: dict[str, LanguageModel] = {name: _Late(id_) for name, id_ in MODELS.items()}
    for moment in there:
        yield replies(moment, opened, kept)


class _Late:
    """A local model that is opened when it is first asked: what is kept needs none."""

    def __init__(self, id_: str) -> None:
        self._id = id_
        self._engine: LlamaEngine | None = None

    def __getattr__(self, name: str) -> Any:
        if self._engine is None:
            settings = EngineSettings(kind="llama.cpp", model=self._id, context_tokens=2048, parallel=1)  # fmt: skip
            path = hub.pull(self._id, Settings().cache_folder)
            self._engine = LlamaEngine.open(path, name=self._id, settings=settings, tried=True)
        return getattr(self._engine, name)


def main() -> int:
    """Print the replies as they are to be labelled."""
    kept = Kept(Path(tempfile.gettempdir()) / "shopkeeper-support" / "wordings.jsonl")
    there = moments(data_folder(), MOMENTS)
    for moment, said in zip(there, _all(there, kept), strict=True):
        print(f"\nC: {moment.message}\nP: {moment.plain}")
        for way, text in said.items():
            print(f"   {way:16} {text}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
