"""Language models measured on the shop's own catalogue, in the background: how right they are, and how quick.

For each model: the attributes that a product's words give, and what queries made of products ask for, on a few rows
drawn by a seed, each with two other products as examples; then its speed on a few texts. What came of each row is kept
in a file until all is done, so that a run that was cut short goes on behind it.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from shopkeeper.errors import BudgetExceeded, EngineError, ModelError, UnknownModel
from shopkeeper.jobs.progress import Progress, StopRequested
from shopkeeper.jobs.queue import Jobs
from shopkeeper.jobs.records import JobId
from shopkeeper.models.engines.contract import LanguageModel
from shopkeeper.models.prompting import Example, Kept, Task, evaluate, pool
from shopkeeper.models.prompting.from_products import attribute_rows, query_rows, text_of
from shopkeeper.models.prompting.tasks import ATTRIBUTES, QUERY
from shopkeeper.models.routing import LanguageModels
from shopkeeper.models.speed import Rate, Speed, measure_speed
from shopkeeper.settings import Settings
from shopkeeper.shop import model_scores, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.model_scores import ModelScore

MEASURE_MODELS = "measure_models"
TITLE = "Language models measured: "  # and their names
PURPOSE = "eval"
READING, WRITING = "reading", "writing"  # what is timed, beside the tasks' names

SAMPLE = 20  # rows of each task
SHOTS = 2
SHOWN = 24  # other rows, from which examples are taken
TEXTS = 4  # for the speed, the first one to warm up
MOST_PRODUCTS = 20_000
BUDGET_TOKENS = 1500
SEED = 0

Rows = list[Example[Any, Any]]


def begin(jobs: Jobs, models: Sequence[str], *, sample: int = SAMPLE) -> JobId:
    """Measure these models in the background. The job that is at it already, if there is one."""
    names = sorted(set(models))
    return jobs.enqueue_once(
        MEASURE_MODELS, TITLE + ", ".join(names), models=names, sample=sample, seed=SEED
    )


def measure_models(
    progress: Progress,
    database: Database,
    settings: Settings,
    models: LanguageModels,
    *,
    names: Sequence[str],
    sample: int = SAMPLE,
    seed: int = SEED,
) -> Mapping[str, Any]:
    """Measure and write down what came out. A model that cannot be asked is named in `failed`, and costs the others nothing.

    Raises ModelError if the catalogue makes no rows, or if no model could be measured.
    """
    wanted = _Rows(database, sample, seed)
    known = sha256(" ".join((*names, str(sample), str(seed))).encode()).hexdigest()[:16]
    path = settings.data_folder / "measuring" / f"{known}.jsonl"
    steps = wanted.count * len(names)
    failed: dict[str, str] = {}
    for place, name in enumerate(names):
        before = place * wanted.count

        def tell(done: int, name: str = name, before: int = before) -> None:
            progress.report(before + done, steps, "rows", name)

        tell(0)
        try:
            scores = _scores(models, name, wanted, path, tell)
        except (EngineError, BudgetExceeded, UnknownModel) as error:
            if progress.stopping():
                raise StopRequested from error  # the program ends, and the models with it
            failed[name] = error.message
            continue
        with database.connection() as conn:
            model_scores.add(conn, scores)
    if len(failed) == len(names):
        said = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        raise ModelError(f"no model could be measured: {said}")
    path.unlink(missing_ok=True)
    progress.note(steps, steps, "rows", "")
    return {"models": [name for name in names if name not in failed], "failed": failed}


class _Rows:
    """What models are asked: rows of each task, with others as examples, and texts to time them on."""

    def __init__(self, database: Database, sample: int, seed: int) -> None:
        self.seed = seed
        with database.connection() as conn:
            found = list(islice(products.iterate(conn), MOST_PRODUCTS))
        made = ((ATTRIBUTES, attribute_rows(found)), (QUERY, query_rows(found)))
        self.tasks: list[tuple[Task[Any, Any], Rows, Rows]] = []
        for task, rows in made:
            random.Random(seed).shuffle(rows)
            if len(rows) > 2 * SHOTS:
                shown = min(SHOWN, len(rows) // 2)
                self.tasks.append((task, rows[shown : shown + sample], rows[:shown]))
        if not self.tasks:
            raise ModelError(
                "the catalogue makes no rows to measure on",
                hint="products need a category, attributes, and words that give them",
            )
        texts = [text_of(product) for product in found]
        self.texts = random.Random(seed).sample(texts, min(TEXTS, len(texts)))

    @property
    def count(self) -> int:
        """How many times each model is asked."""
        return sum(len(rows) for _, rows, _ in self.tasks) + len(self.texts)


def _scores(
    models: LanguageModels, name: str, wanted: _Rows, path: Path, tell: Callable[[int], None]
) -> list[ModelScore]:
    model = models.engine(name, purpose=PURPOSE)
    scores: list[ModelScore] = []
    done = 0
    for task, rows, shown in wanted.tasks:
        scores.append(_at_task(model, name, task, rows, shown, wanted.seed, path, done, tell))
        done += len(rows)
    speed = measure_speed(model, wanted.texts, progress=lambda read, of: tell(done + read))
    return [*scores, *_of_speed(name, model.model, speed)]


def _at_task(
    model: LanguageModel,
    name: str,
    task: Task[Any, Any],
    rows: Rows,
    shown: Rows,
    seed: int,
    path: Path,
    before: int,
    tell: Callable[[int], None],
) -> ModelScore:
    report = evaluate(
        task,
        rows,
        model,
        pool=pool(task, shown, seed=seed),
        shots=SHOTS,
        budget_tokens=BUDGET_TOKENS,
        kept=Kept(path),
        progress=lambda done, of: tell(before + done),
    )
    return ModelScore(
        engine=name,
        model=report.model,
        task=task.name,
        measure=report.measure,
        figure=report.figure,
        low=report.low,
        high=report.high,
        rows=report.rows,
        failed=report.failed,
        tokens=report.prompt_tokens + report.completion_tokens,
        seconds=report.seconds,
    )


def _of_speed(name: str, model: str, speed: Speed) -> list[ModelScore]:
    def score(task: str, rate: Rate) -> ModelScore:
        return ModelScore(
            name, model, task, "tokens/s", rate.median, rate.low, rate.high, rate.prompts,
            tokens=speed.tokens, seconds=speed.seconds,
        )  # fmt: skip

    pairs = ((READING, speed.reading), (WRITING, speed.writing))
    return [score(task, rate) for task, rate in pairs if rate.prompts]
