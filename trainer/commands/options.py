"""Options that several commands share, and the form of their help."""

import math
import os
import shlex
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagger.arguments import PlainCommand
from trainer.networks.registry import NETWORKS
from trainer.training.options import Keep, Precision, TrainingOptions, option_name
from trainer.training.run_folder import RUN_FILE

if TYPE_CHECKING:
    Architecture = str
else:
    Architecture = Literal[tuple(NETWORKS)]


class Command(PlainCommand):
    """A command that the list of commands shows with its whole first sentence."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first paragraph of the help, however long it is."""
        return " ".join((self.help or "").split("\n\n")[0].split())


def finite(value: float | None) -> float | None:
    """Refuse what is no number: it passes every limit.

    Raises:
        typer.BadParameter: it is not finite.
    """
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number.")
    return value


RunFolder = Annotated[Path, typer.Argument(help="Run folder that fit made.", metavar="RUN")]
NewRun = Annotated[Path, typer.Option("--run", metavar="FOLDER", help="Run folder to create.")]
Repeat = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="RUN",
        help="Take options from this run.toml or run folder; those given here as well win.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue an interrupted run with its own options, or with more --epochs a "
        "finished one.",
    ),
]
KeepOption = Annotated[
    Keep,
    typer.Option(
        "--keep", help="Use the weights of the best epoch, the last ones, or their moving average."
    ),
]
Arch = Annotated[Architecture, typer.Option(help="Train this network.")]
Weights = Annotated[
    str, typer.Option(metavar="imagenet|none|FILE", help="Start from these weights.")
]
BatchNorm = Annotated[
    bool | None,
    typer.Option(help="Use batch normalisation; default: in VGG unless all of it is pretrained."),
]
Epochs = Annotated[int, typer.Option(min=1, metavar="N", help="Train for N epochs.")]
Batches = Annotated[int, typer.Option(min=1, metavar="N", help="Batches in an epoch.")]
LearningRate = Annotated[
    float,
    typer.Option(
        min=0,
        callback=finite,
        metavar="RATE",
        help="Highest learning rate, before the cosine decay.",
    ),
]
WarmUp = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Batches until the highest learning rate is reached."),
]
WeightDecay = Annotated[
    float, typer.Option(min=0, callback=finite, metavar="X", help="Weight decay of AdamW and SGD.")
]
Average = Annotated[
    float,
    typer.Option(
        min=0,
        callback=finite,
        metavar="N",
        help="Keep a moving average of the weights over N epochs; 0: none.",
    ),
]
Shrink = Annotated[
    int, typer.Option(min=1, max=4, metavar="N", help="Average over N bands and N frames.")
]
PrecisionOption = Annotated[Precision, typer.Option(help="Arithmetic of the training.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of everything random.")]


def given_options(context: typer.Context) -> set[str]:
    """Return the names of the parameters that were given on the command line, not by default."""
    return {
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }


def changes(given: set[str], options: TrainingOptions) -> dict[str, Any]:
    """Return the fields of options that were given, by the names of parameters."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(options)
        if option_name(field.name).removeprefix("--").replace("-", "_") in given
    }


def goes_on(run: Path, *, resume: bool, data: object) -> bool:
    """Tell whether the options of a run are taken, but those that are given again.

    With data, `--resume` may also begin a run.
    """
    return resume and (not data or (run / RUN_FILE).exists())


def how_to_go_on(command: str, run: Path) -> str:
    """Say how to go on after Ctrl-C."""
    if not (run / RUN_FILE).exists():
        return "stopped before the training began."
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    again = join(["genretag-train", command, "--run", str(run), "--resume"])
    return f"stopped; to go on after the last whole epoch: {again}"
