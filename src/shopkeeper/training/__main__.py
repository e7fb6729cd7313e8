"""One of the processes of a training: `torchrun --nproc-per-node 8 -m shopkeeper.training RUN/launch.json`.

The file is written by `shopkeeper lm pretrain RUN --parallel …`, which also starts the processes where they are all
on this machine. Only the first process speaks, and writes to the shop's database.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import torch
import torch.distributed as dist
from rich.console import Console

from shopkeeper.errors import ArtifactError, ShopkeeperError
from shopkeeper.settings import load_settings
from shopkeeper.shop.database import open_database
from shopkeeper.training.launch import Launch, read_launch
from shopkeeper.training.parallel import World, joined, leave
from shopkeeper.training.plan import Plan, read_plan
from shopkeeper.training.running import train
from shopkeeper.training.runs import Recording, recorded, unheard
from shopkeeper.training.terminal import Terminal, stopped_by_signals


def work(launch: Launch) -> None:
    """Train as one process of those that `torchrun` started."""
    run = Path(launch.run)
    plan = read_plan(run)
    if plan is None:
        raise ArtifactError(f"{run} holds no plan", hint="shopkeeper lm pretrain writes it")
    with joined(plan.recipe.parallel) as world, ExitStack() as stack:
        asked = stack.enter_context(stopped_by_signals(insist=False))
        recording = stack.enter_context(_recorded(launch, plan)) if world.is_first else unheard
        stop = agreed(
            world, lambda: asked() or recording.should_stop(), every=plan.recipe.report_every
        )
        train(
            plan,
            Path(launch.corpus),
            run,
            world=world,
            observer=recording.observer,
            should_stop=stop,
        )


@contextmanager
def _recorded(launch: Launch, plan: Plan) -> Iterator[Recording]:
    """What the first process has beyond the others: the terminal, the run's folder, the shop's database."""
    config = Path(launch.config) if launch.config else None
    settings = load_settings(config=config, data_folder=launch.data_folder)
    with (
        closing(open_database(settings)) as database,
        Terminal(Console(stderr=True)) as terminal,
        recorded(
            Path(launch.run), name=launch.name, kind="pretrain", settings=plan.to_dict(),
            steps=plan.recipe.steps, database=database, observer=terminal,
        ) as recording,
    ):  # fmt: skip
        yield recording


def agreed(world: World, wanted: Callable[[], bool], *, every: int) -> Callable[[], bool]:
    """True in all processes at the same step, once one of them wants it; asked about at every so many steps."""
    steps = count(1)

    def ask() -> bool:
        if world.size == 1:
            return wanted()
        if next(steps) % every:
            return False
        found = torch.tensor(float(wanted()), device=world.device)
        dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return bool(found)

    return ask


def main(arguments: list[str]) -> int:
    """Work, and say what went wrong as the command line does."""
    if len(arguments) != 1:
        sys.stderr.write("usage: torchrun … -m shopkeeper.training RUN/launch.json\n")
        return 2
    try:
        work(read_launch(Path(arguments[0])))
    except ShopkeeperError as error:
        sys.stderr.write(f"error: {error.message}\nhint:  {error.hint}\n")
        return 1
    return 0


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
