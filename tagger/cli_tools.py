"""The commands around tagging: `model`, `cache`, `config` and `doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from tagger import SHIPPED_MODEL
from tagger.arguments import ConfigFile, Json, ModelFile, PlainCommand, Yes, new_group, run

models = new_group("Show or check a model file.")
cache = new_group("Show or clean the cache of results.")
config = new_group("Show, create or check the configuration file.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to an application."""
    app.add_typer(models, name="model")
    app.add_typer(cache, name="cache")
    app.add_typer(config, name="config")
    app.command("doctor", cls=PlainCommand, epilog="Example: genretag doctor --json > report.json")(
        doctor
    )


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
    """Show how much is cached, for which models, and where."""
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
def cache_clear(
    failures: Annotated[
        bool,
        typer.Option(
            "--failures", help="Forget only files that could not be read, so that they are retried."
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Empty the cache. The journal that undo needs is kept."""
    from tagger.commands.cache import run_clear, run_clear_failures

    run(run_clear_failures if failures else lambda: run_clear(yes=yes))


@config.command("show", cls=PlainCommand, epilog="Example: genretag config show --json")
def config_show(config: ConfigFile = None, json: Json = False) -> None:
    """Show the settings in the configuration file."""
    from tagger.commands.config import run_show

    run(lambda: run_show(config, as_json=json))


@config.command("path", cls=PlainCommand, epilog="Example: genretag config path")
def config_path() -> None:
    """Print the path of the configuration file, whether it exists or not."""
    from tagger.commands.config import run_path

    run(run_path)


@config.command("init", cls=PlainCommand, epilog="Example: genretag config init")
def config_init() -> None:
    """Create a configuration file with comments, unless there is one."""
    from tagger.commands.config import run_init

    run(run_init)


@config.command("check", cls=PlainCommand, epilog="Example: genretag config check")
def config_check(
    config: ConfigFile = None,
    model: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Check genres against this model; by default the packaged one.",
            show_default=False,
        ),
    ] = SHIPPED_MODEL,
) -> None:
    """Check the keys, values and genres of the configuration file."""
    from tagger.commands.config import run_check

    run(lambda: run_check(config, model))


def doctor(json: Json = False) -> None:
    """Check what a scan needs, from the decoders to the GPU.

    The others are Python, ONNX Runtime, model, configuration, state folder and free disk space.
    """
    from tagger.commands.doctor import run_doctor

    run(lambda: run_doctor(as_json=json))
