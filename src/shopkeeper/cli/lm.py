"""`shopkeeper lm`: language models in use. Each command is in a module of its own with `register(lm)`."""

from importlib import import_module

import typer

PARTS = (
    "lm_compress",
    "lm_corpus",
    "lm_deploy",
    "lm_eval",
    "lm_explain",
    "lm_export",
    "lm_few_shot",
    "lm_finetune",
    "lm_generate",
    "lm_models",
    "lm_pretrain",
    "lm_runs",
    "lm_use",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    lm = typer.Typer(help="Language models: ask them, and see what they use.", no_args_is_help=True)
    for name in PARTS:
        import_module(f"shopkeeper.cli.{name}").register(lm)
    app.add_typer(lm, name="lm")
