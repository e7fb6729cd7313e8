"""SASRec of RecTools beside our sequential Transformer: how well it finds the next item, and how fast each learns.

RecTools is no dependency of the project: `pip install --target RIVALS "rectools[torch]"` and PYTHONPATH=RIVALS; without it
there is nothing to measure. It gets ids alone, as everywhere in the literature; ours from ids alone stands in the
benchmark as `ids_only`. Of a few settings the best on validation is taken, as for the other rivals.
"""

import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from shopkeeper.recommend import Histories, protocol
from shopkeeper.recommend.histories import Ints
from shopkeeper.recommend.protocol import Split
from shopkeeper.training import next_items
from shopkeeper.training.next_items import Recipe

PEOPLE = 128  # histories a step
COMMON = {"n_blocks": 1, "n_heads": 2, "session_max_len": 50, "lr": 1e-3, "batch_size": PEOPLE}
SETTINGS: tuple[dict[str, Any], ...] = (
    {"n_factors": 64, "dropout_rate": 0.3, "loss": "softmax", "epochs": 30},
    {"n_factors": 128, "dropout_rate": 0.5, "loss": "softmax", "epochs": 40},
)
DRAWN = {"softmax": 0, "sampled_softmax": 128}  # losses whose speed is measured; items drawn
SAME = Recipe(width=64, heads=2, layers=1, dropout=0.3, longest=50, epochs=1)
TOP = 10
STEPS = 10  # of theirs that are timed, after two that are not


def there() -> bool:
    """Whether it is installed beside the project; says so if not."""
    found = find_spec("rectools") is not None
    if not found:
        print("  RecTools is not installed: no SASRec of others", flush=True)
    return found


def measure(validation: Split, test: Split) -> Ints:
    """Ranks on the test; everything behind the first ten has the same."""
    fitted = []
    for setting in SETTINGS:
        fitted.append(_model(setting))
        fitted[-1].fit(_dataset(validation.fit))
    scores = [protocol.ndcg(_ranks(model, validation)) for model in fitted]
    best = int(np.argmax(scores))
    print(f"  sasrec: {SETTINGS[best]}, of {np.round(scores, 4).tolist()}", flush=True)
    return _ranks(fitted[best], test)


def speeds(histories: Histories) -> Iterator[tuple[str, float, float]]:
    """For each loss the steps a second of ours and of theirs: one width, depth, dropout, loss, number of drawn items
    and of histories a step, all items of the catalogue, the same threads. That ours pads nothing is the point. Seconds
    are those of the processor, so that what else a machine does counts for neither: of ours a whole training of one
    epoch, preparation included, of theirs the median step."""
    for loss, drawn in DRAWN.items():
        yield loss, _our_speed(histories, drawn), _their_speed(histories, loss, drawn)


def _our_speed(histories: Histories, drawn: int) -> float:
    """Steps of as many histories as theirs on the mean: batches hold one length each."""
    length = float(np.minimum(histories.lengths, SAME.longest + 1).mean())
    recipe = replace(SAME, negatives=drawn, events=round(PEOPLE * length))
    known = np.zeros((histories.count, 1), np.float32)
    begun = time.process_time()
    next_items.train(histories.items, histories.start, known, recipe)
    people = int((histories.lengths >= 2).sum())
    return people / PEOPLE / (time.process_time() - begun)


def _their_speed(histories: Histories, loss: str, drawn: int) -> float:
    times: list[float] = []
    lightning = import_module("pytorch_lightning")
    tick = type(
        "Clock",
        (lightning.Callback,),
        {"on_train_batch_end": lambda *_: times.append(time.process_time())},
    )
    few = lightning.Trainer(
        max_steps=STEPS + 2,
        callbacks=[tick()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    setting = {"n_factors": SAME.width, "dropout_rate": SAME.dropout, "loss": loss, "epochs": 1}
    model = _model(setting | {"n_negatives": max(drawn, 1), "get_trainer_func": lambda: few})
    model.fit(_dataset(histories))
    return float(1 / np.median(np.diff(times[1:])))


def _model(setting: dict[str, Any]) -> Any:
    """Not fitted yet."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"pytorch_lightning|lightning_fabric|rectools|torch")
    import_module("torch").manual_seed(0)
    return import_module("rectools.models").SASRecModel(**COMMON, **setting, verbose=0)


def _dataset(histories: Histories) -> Any:
    pandas = import_module("pandas")
    days = pandas.to_timedelta(histories.position, unit="D")
    frame = pandas.DataFrame(
        {
            "user_id": histories.people,
            "item_id": histories.items,
            "weight": 1.0,
            "datetime": pandas.Timestamp("2020-01-01") + days,
        }
    )
    return import_module("rectools.dataset").Dataset.construct(frame)


def _ranks(model: Any, split: Split) -> Ints:
    """Of what each wanted; one person without an answer ranks last, as does what is not among the first."""
    lists = model.recommend(
        users=np.arange(len(split.ask)),
        dataset=_dataset(split.ask),
        k=TOP,
        filter_viewed=True,
        on_unsupported_targets="ignore",
    )
    found = np.full(len(split.ask), split.ask.count, np.intp)
    hit = lists["item_id"].to_numpy() == split.wanted[lists["user_id"].to_numpy()]
    found[lists["user_id"].to_numpy()[hit]] = lists["rank"].to_numpy()[hit]
    return found
