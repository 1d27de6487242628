"""The commands around tagging: `model` and `cache`."""

from pathlib import Path
from typing import Annotated

import typer

from tagger import SHIPPED_MODEL
from tagger.arguments import Json, ModelFile, PlainCommand, Yes, new_group, run

models = new_group("Show or check a model file.")
cache = new_group("Show or clean the cache of results.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to an application."""
    app.add_typer(models, name="model")
    app.add_typer(cache, name="cache")


@models.command(cls=PlainCommand, epilog="Example: genretag model info mine.onnx")
def info(file: ModelFile = SHIPPED_MODEL, json: Json = False) -> None:
    """Show the metadata of a model file: labels, front end, training."""
    from tagger.commands.model import run_model_info

    run(lambda: run_model_info(file, as_json=json))


@models.command(cls=PlainCommand, epilog="Example: genretag model verify mine.onnx")
def verify(file: ModelFile = SHIPPED_MODEL) -> None:
    """Check that a model file does what its metadata promise."""
    from tagger.commands.model import run_verify

    run(lambda: run_verify(file))


@cache.command("info", cls=PlainCommand, epilog="Example: genretag cache info --json")
def cache_info(json: Json = False) -> None:
    """Show how many files and predictions are cached, for which models, and where."""
    from tagger.commands.cache import run_cache_info

    run(lambda: run_cache_info(as_json=json))


@cache.command("prune", cls=PlainCommand, epilog="Example: genretag cache prune --other-models")
def cache_prune(
    other_models: Annotated[
        bool, typer.Option("--other-models", help="Remove the results of all other models, too.")
    ] = False,
    model: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="With --other-models: the model whose results to keep; by default the packaged"
            " one.",
            show_default=False,
        ),
    ] = SHIPPED_MODEL,
) -> None:
    """Remove files that no longer exist from the cache.

    Connect removable and network drives first: their files would count as gone.
    """
    from tagger.commands.cache import run_prune

    run(lambda: run_prune(model if other_models else None))


@cache.command("clear", cls=PlainCommand, epilog="Example: genretag cache clear --yes")
def cache_clear(yes: Yes = False) -> None:
    """Empty the cache. The journal that undo needs is kept."""
    from tagger.commands.cache import run_clear

    run(lambda: run_clear(yes=yes))
