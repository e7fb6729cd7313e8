"""The plan of a pretraining: which model learns what from which text, as one frozen value that a run's folder keeps.

Needs no torch. `make_plan` fills what was not chosen from published sizes; `prepare` makes the tokenizer and the
shards that the plan needs, beside the corpus, where they are not there yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from shopkeeper.errors import Conflict, SettingsError
from shopkeeper.training import corpus as corpora
from shopkeeper.training.recipe import Recipe
from shopkeeper.training.shape import Family, Shape, bert, gpt2, llama, t5
from shopkeeper.training.shards import HEAD, read_head
from shopkeeper.training.storage import read_values, write_values
from shopkeeper.training.tokenizer import Kind, TextTokenizer, load_tokenizer, train_tokenizer

Objective = Literal["causal", "prefix", "masked", "seq2seq"]
OBJECTIVES: Mapping[Family, tuple[Objective, ...]] = {
    "gpt2": ("causal", "prefix"),
    "llama": ("causal", "prefix"),
    "bert": ("masked",),
    "t5": ("seq2seq",),
}
TOKENIZERS: Mapping[Objective, Kind] = {
    "causal": "causal", "prefix": "causal", "masked": "masked", "seq2seq": "seq2seq",
}  # fmt: skip
PLAN = "plan.json"
# What a run cannot change once it has begun: weights, optimisers and the place in the data would not fit any more.
FIXED_OF_RECIPE = ("seed", "batch_rows", "optimizer")

Sizes = Mapping[str, int]


def _sizes(width: int, layers: int, heads: int, **more: int) -> Sizes:
    return {"width": width, "layers": layers, "heads": heads} | more


# GPT-2: Radford et al. 2019, small to xl. BERT: Devlin et al. 2019 and the miniatures of Turc et al. 2019. T5: version
# 1.1, tiny and mini of Tay et al. 2021. Llama: SmolLM2 135M and 360M, TinyLlama 1.1B, Llama 2 7B. What is smaller is
# for CPUs and tests.
SIZES: Mapping[Family, Mapping[str, Sizes]] = {
    "gpt2": {
        "tiny": _sizes(128, 2, 4), "mini": _sizes(256, 4, 4), "small": _sizes(768, 12, 12),
        "medium": _sizes(1024, 24, 16), "large": _sizes(1280, 36, 20), "xl": _sizes(1600, 48, 25),
    },
    "bert": {
        "tiny": _sizes(128, 2, 2), "mini": _sizes(256, 4, 4), "small": _sizes(512, 4, 8),
        "medium": _sizes(512, 8, 8), "base": _sizes(768, 12, 12), "large": _sizes(1024, 24, 16),
    },
    "t5": {
        "tiny": _sizes(256, 4, 4, feed_forward=1024, head_width=64),
        "mini": _sizes(384, 4, 8, feed_forward=1536, head_width=64),
        "small": _sizes(512, 8, 6, feed_forward=1024, head_width=64),
        "base": _sizes(768, 12, 12, feed_forward=2048), "large": _sizes(1024, 24, 16, feed_forward=2816),
    },
    "llama": {
        "tiny": _sizes(128, 2, 4), "mini": _sizes(288, 6, 6),
        "small": _sizes(576, 30, 9, key_value_heads=3, feed_forward=1536),
        "base": _sizes(960, 32, 15, key_value_heads=5, feed_forward=2560),
        "large": _sizes(2048, 22, 32, key_value_heads=4, feed_forward=5632),
        "xl": _sizes(4096, 32, 32, feed_forward=11008),
    },
}  # fmt: skip
# Brown et al. 2020, table 2.1, by size; what is smaller bears more.
LEARNING_RATES = {
    "tiny": 3e-3, "mini": 1e-3, "small": 6e-4, "base": 6e-4, "medium": 3e-4, "large": 2.5e-4, "xl": 2e-4,
}  # fmt: skip
MAKERS: Mapping[Family, Callable[..., Shape]] = {
    "gpt2": gpt2,
    "bert": bert,
    "t5": t5,
    "llama": llama,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A pretraining. length: tokens of a row. vocabulary: asked of a tokenizer that is made for this.

    isolated: documents of a row do not see each other (causal only). tokenizer: a folder with one that is used
    instead. data: hash of the tokens, known once they are there.
    """

    family: Family
    objective: Objective
    corpus: str
    sizes: Sizes
    length: int = 256
    vocabulary: int = 8192
    dropout: float = 0.0
    isolated: bool = False
    tokenizer: str = ""
    recipe: Recipe = field(default_factory=lambda: Recipe(1000))
    data: str = ""

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES[self.family]:
            raise ValueError(
                f"a {self.family} learns {' or '.join(OBJECTIVES[self.family])}, not {self.objective}"
            )
        if self.isolated and self.objective != "causal":
            raise ValueError("isolated documents are for the causal objective")
        if self.length < 8:
            raise ValueError(f"rows of {self.length} tokens are too short; 8 are the least")

    def shape(self, vocabulary: int) -> Shape:
        """The model's shape with a tokenizer of so many ids."""
        sizes = dict(self.sizes)
        return MAKERS[self.family](
            vocabulary,
            max_tokens=self.length,
            dropout=self.dropout,
            vocabulary_multiple=64,
            **sizes,
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"sizes": dict(self.sizes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Plan":
        """Of plain values. Raises TypeError or ValueError."""
        recipe = dict(values["recipe"])
        recipe["betas"] = tuple(recipe["betas"])
        return cls(**{**values, "recipe": Recipe(**recipe)})


def make_plan(given: Mapping[str, Any]) -> Plan:
    """The plan of these choices: fields of Plan, of Recipe and of sizes, and `size`. Raises SettingsError."""
    family = given.get("family", "gpt2")
    if family not in SIZES:
        raise SettingsError(f"no family is called {family!r}", hint=f"there are {', '.join(SIZES)}")
    size = given.get("size", "mini")
    if size not in SIZES[family]:
        raise SettingsError(
            f"no {family} is of the size {size!r}", hint=f"there are {', '.join(SIZES[family])}"
        )
    names = {"width", "layers", "heads", "feed_forward", "key_value_heads", "head_width"}
    sizes = dict(SIZES[family][size]) | {k: v for k, v in given.items() if k in names}
    steps = given.get("steps", 1000)
    usual = {
        "steps": steps, "learning_rate": LEARNING_RATES[size], "warmup_steps": max(1, steps // 20),
        "evaluate_every": max(1, steps // 10), "checkpoint_every": max(1, steps // 10),
    }  # fmt: skip
    objective = given.get("objective", OBJECTIVES[family][0])
    try:
        recipe = Recipe(**(usual | only(given, Recipe)))
        chosen = only(given, Plan) | {"family": family, "objective": objective, "recipe": recipe}
        plan = Plan(**({"corpus": "default", "sizes": sizes} | chosen))
        plan.shape(64)
    except (TypeError, ValueError) as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm pretrain --help`") from error
    return plan


def continued(plan: Plan, given: Mapping[str, Any]) -> Plan:
    """The plan of a run that has begun, with what may be changed changed. Raises Conflict naming what may not."""
    now: dict[str, Any] = {**plan.recipe.to_dict(), **plan.sizes, **plan.to_dict()}
    free = {each.name for each in fields(Recipe)} - set(FIXED_OF_RECIPE)
    for name, value in given.items():
        if name not in free and name in now and now[name] != value:
            raise Conflict(
                f"the run began with {name} {now[name]}; it cannot go on with {value}",
                hint="choose another name for a new run",
            )
    changes = {k: v for k, v in given.items() if k in free}
    try:
        return replace(plan, recipe=replace(plan.recipe, **changes))
    except ValueError as error:
        raise SettingsError(str(error), hint="see `shopkeeper lm pretrain --help`") from error


def only(given: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Of what was given, what this dataclass has a field for."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in given.items() if name in names}


def read_plan(run: Path) -> Plan | None:
    """The plan of the run in this folder; None if there is none. Raises ArtifactError if it cannot be read."""
    return read_values(run / PLAN, Plan.from_dict)


def write_plan(run: Path, plan: Plan) -> None:
    """Keep the plan in the run's folder. Raises StorageError."""
    write_values(run / PLAN, plan.to_dict())


def tokenizer_folder(corpus: Path, kind: Kind, vocabulary: int) -> Path:
    """Where a tokenizer that was made of a corpus is."""
    return corpus / "tokenizers" / f"{kind}-{vocabulary}"


def shard_folder(corpus: Path, tokenizer: TextTokenizer) -> Path:
    """Where a corpus in a tokenizer's numbers is."""
    return corpus / "shards" / tokenizer.sha256[:16]


def prepare(
    plan: Plan, corpus: Path, run: Path, *, say: Callable[[str], None] = lambda text: None
) -> Plan:
    """Make what is lacking: tokenizer, shards, the run's folder with its own copy of the tokenizer and the plan.

    A plan with `data` has begun, and keeps its copy of the tokenizer.

    Returns the plan as it is kept. Raises Conflict if the run began with other tokens than the corpus has now.
    """
    corpora.read_account(corpus)
    tokenizer = _tokenizer(plan, TOKENIZERS[plan.objective], corpus, run, say)
    head = read_head(tokens_of(corpus, tokenizer, say=say) / "train")
    if plan.data and plan.data != head.sha256:
        raise Conflict(
            f"the corpus {plan.corpus} is not the one that the run began with",
            hint="choose another name for a new run",
        )
    kept = replace(plan, data=head.sha256)
    tokenizer.save(run / "tokenizer", max_tokens=plan.length)
    write_plan(run, kept)
    return kept


def tokens_of(
    corpus: Path, tokenizer: TextTokenizer, *, say: Callable[[str], None] = lambda text: None
) -> Path:
    """The folder with a corpus in this tokenizer's numbers, made if it is not there."""
    account = corpora.read_account(corpus)
    folder = shard_folder(corpus, tokenizer)
    if not all((folder / split / HEAD).exists() for split in account.documents):
        say(f"writing {sum(account.documents.values()):,} documents as tokens")
        corpora.shard(corpus, tokenizer, folder)
    return folder


def _tokenizer(
    plan: Plan, kind: Kind, corpus: Path, run: Path, say: Callable[[str], None]
) -> TextTokenizer:
    if plan.data:
        return load_tokenizer(run / "tokenizer")
    folder = (
        Path(plan.tokenizer) if plan.tokenizer else tokenizer_folder(corpus, kind, plan.vocabulary)
    )
    if not plan.tokenizer and not (folder / "tokenizer_config.json").exists():
        say(f"making a tokenizer of {plan.vocabulary:,} pieces")
        make_tokenizer(corpus, kind, plan.vocabulary)
    tokenizer = load_tokenizer(folder)
    if tokenizer.kind != kind:
        raise SettingsError(
            f"{folder} holds a {tokenizer.kind} tokenizer; {plan.objective} needs a {kind} one",
            hint=f"make one: shopkeeper lm tokenizer --kind {kind}",
        )
    return tokenizer


def make_tokenizer(corpus: Path, kind: Kind, vocabulary: int, *, min_frequency: int = 2) -> Path:
    """Make a tokenizer of a corpus's train side. Returns its folder. Raises SettingsError for a vocabulary too small."""
    folder = tokenizer_folder(corpus, kind, vocabulary)
    corpora.read_account(corpus)
    try:
        made = train_tokenizer(
            corpora.texts(corpus, "train"), kind, vocabulary=vocabulary, min_frequency=min_frequency
        )
    except ValueError as error:
        raise SettingsError(str(error), hint="a larger --vocabulary") from error
    made.save(folder, max_tokens=1 << 20)
    return folder
