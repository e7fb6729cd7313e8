"""The plan of a fine-tuning: which model learns which task from which rows, as one frozen value in the run's folder.

Needs no torch. What only the rows can tell (`options` such as labels, the steps of so many epochs, hashes) is filled in
when the data are prepared, and fixed from then on.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from shopkeeper.errors import Conflict, SettingsError
from shopkeeper.training.finetune.tasks import TASKS
from shopkeeper.training.plan import FIXED_OF_RECIPE, only
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.storage import read_values, write_values

Adapter = Literal["full", "lora", "prompt"]
FILE = "finetune.json"
MAPS = (
    "query",
    "key",
    "value",
    "output",
    "gate",
    "up",
    "down",
)  # linear maps of a block, by our names
# Hu et al. 2022 train adapters at some 2e-4 to 1e-3; Lester et al. 2021 soft prompts at 0.3 with Adafactor.
LEARNING_RATES: Mapping[Adapter, float] = {"full": 2e-5, "lora": 5e-4, "prompt": 3e-2}


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """A fine-tuning.

    data: a file of rows. validation, test: files of their own, else shares of `data`, drawn by the content of a row.
    shop_task: a task of `models.prompting` whose inputs and outputs the rows are (generation). rank, alpha, targets: of
    LoRA. prompt_tokens, prompt_words: of a soft prompt, and the words it begins as. length: most tokens of a row. chat:
    rows are put into the model's chat template, where it has one. epochs: how often each row is seen, unless the
    recipe's steps were given. options: what the task alone knows.
    """

    task: str
    base: str
    data: str
    validation: str = ""
    test: str = ""
    shop_task: str = ""
    adapter: Adapter = "lora"
    rank: int = 16
    alpha: float = 32.0
    targets: tuple[str, ...] = MAPS
    prompt_tokens: int = 20
    prompt_words: str = ""
    dropout: float = 0.0
    length: int = 256
    chat: bool = True
    epochs: float = 3.0
    validation_share: float = 0.1
    test_share: float = 0.1
    options: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe = field(default_factory=lambda: Recipe(1))
    base_sha256: str = ""
    data_sha256: str = ""

    def __post_init__(self) -> None:
        wrong = {
            f"task {self.task!r} is none of {', '.join(TASKS)}": self.task not in TASKS,
            f"rank {self.rank} is below 1": self.rank < 1,
            f"alpha {self.alpha} is not above 0": self.alpha <= 0,
            f"targets {', '.join(self.targets) or 'none'} are not all of {', '.join(MAPS)}": not self.targets
            or not set(self.targets) <= set(MAPS),
            f"{self.prompt_tokens} tokens are no soft prompt": self.prompt_tokens < 1,
            f"dropout {self.dropout} is not in [0, 1)": not 0 <= self.dropout < 1,
            f"rows of {self.length} tokens are too short; 8 are the least": self.length < 8,
            f"epochs {self.epochs} are not above 0": self.epochs <= 0,
            "shares of validation and test have to be at least 0 and leave rows to train on": min(
                self.validation_share, self.test_share
            )
            < 0
            or self.validation_share + self.test_share >= 1,
            f"fine-tuning runs on one process, not by {self.recipe.parallel}": self.recipe.parallel
            != "none",
        }
        if said := [text for text, is_wrong in wrong.items() if is_wrong]:
            raise ValueError(said[0])

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"options": dict(self.options), "targets": list(self.targets)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FinetunePlan":
        """Of plain values. Raises TypeError or ValueError."""
        recipe = dict(values["recipe"])
        recipe["betas"] = tuple(recipe["betas"])
        made = dict(values) | {"recipe": Recipe(**recipe), "targets": tuple(values["targets"])}
        return cls(**made)


def make_finetune_plan(given: Mapping[str, Any]) -> FinetunePlan:
    """The plan of these choices: fields of FinetunePlan and of Recipe. Raises SettingsError."""
    adapter: Adapter = given.get("adapter", "lora")
    steps = given.get("steps", 1)
    usual = {
        "steps": steps, "learning_rate": LEARNING_RATES.get(adapter, 1e-4), "batch_rows": 16, "micro_rows": 16,
        "decay": "linear", "final_share": 0.0, "weight_decay": 0.0, "betas": (0.9, 0.999),
    }  # fmt: skip
    try:
        recipe = Recipe(**(usual | only(given, Recipe)))
        chosen = only(given, FinetunePlan) | {"recipe": recipe}
        if "steps" in given:
            chosen["options"] = {**chosen.get("options", {}), "steps_given": True}
        return FinetunePlan(**chosen)
    except (TypeError, ValueError) as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm finetune --help`") from error


def scheduled(plan: FinetunePlan, rows: int) -> FinetunePlan:
    """The plan with the steps that its epochs over so many training rows take, and evaluations at ten places."""
    recipe = plan.recipe
    if not plan.options.get("steps_given"):
        steps = max(1, round(plan.epochs * rows / recipe.batch_rows))
        recipe = replace(recipe, steps=steps, warmup_steps=recipe.warmup_steps or steps // 20)
    every = recipe.evaluate_every or -(-recipe.steps // 10)
    recipe = replace(
        recipe, evaluate_every=every, checkpoint_every=recipe.checkpoint_every or every
    )
    return replace(plan, recipe=recipe)


def continued_finetune(plan: FinetunePlan, given: Mapping[str, Any]) -> FinetunePlan:
    """The plan of a run that has begun, with what may be changed changed. Raises Conflict naming what may not."""
    options = {f"option {name}": value for name, value in plan.options.items()}
    now: dict[str, Any] = {**plan.recipe.to_dict(), **plan.to_dict(), **options}
    asked = {**given, **{f"option {n}": v for n, v in given.get("options", {}).items()}}
    free = {each.name for each in fields(Recipe)} - set(FIXED_OF_RECIPE) | {"options"}
    for name, value in asked.items():
        plain = list(value) if isinstance(value, tuple) else value
        if name not in free and name in now and now[name] != plain:
            raise Conflict(
                f"the run began with {name} {now[name]}; it cannot go on with {plain}",
                hint="choose another name for a new run",
            )
    free -= {"options"}
    try:
        return replace(
            plan,
            recipe=replace(plan.recipe, **{k: v for k, v in given.items() if k in free}),
        )
    except ValueError as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm finetune --help`") from error


def read_finetune_plan(run: Path) -> FinetunePlan | None:
    """The plan of the run in this folder; None if there is none. Raises ArtifactError if it cannot be read."""
    return read_values(run / FILE, FinetunePlan.from_dict)


def write_finetune_plan(run: Path, plan: FinetunePlan) -> None:
    """Keep the plan in the run's folder. Raises StorageError."""
    write_values(run / FILE, plan.to_dict())
