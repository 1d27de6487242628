"""`genretag-train prepare`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tagger.audio.frontend import FrontEnd
from tagger.audio.frontend_registry import KINDS
from tagger.errors import UsageError
from tagger.runtime.interrupt import said_when_stopped
from trainer.data.library import MIN_TRACKS
from trainer.data.preparation import FOLDS, SHARES, UNLABELLED_SHARES, Preparation
from trainer.data.splits import Split
from trainer.data.windows import WindowSplit

Prepared = Literal["mel-strip", "spectrogram-picture", "summary-features"]


def prepare(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="Folder with a folder per genre, with a tracks.csv, with ready strips, or with "
            "tagged music (--from-tags), or a CSV of features. All formats that genretag scan "
            "reads are read.",
        ),
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="Folder for the prepared data set.")
    ],
    from_tags: Annotated[
        bool,
        typer.Option(
            "--from-tags", help="Take genres from the genre tags of the files in any folders."
        ),
    ] = False,
    unlabelled: Annotated[
        bool,
        typer.Option("--unlabelled", help="Take all music in any folders, for pretrain or label."),
    ] = False,
    min_tracks: Annotated[
        int,
        typer.Option(
            min=2, metavar="N", help="With --from-tags: leave out genres with fewer tracks."
        ),
    ] = MIN_TRACKS,
    seconds: Annotated[
        float,
        typer.Option(
            min=0, metavar="S", help="Use S seconds from the middle of each track; 0: all of it."
        ),
    ] = 30.0,
    split: Annotated[
        Split | None,
        typer.Option(
            help="How to split tracks; default: by tracks.csv, by GTZAN's published lists, or "
            "stratified."
        ),
    ] = None,
    shares: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            metavar="TRAIN VALID TEST",
            help="Shares of train, valid and test; default: 0.7 0.15 0.15 with --split stratified, "
            "0.8 0.2 0 with --split windows, 0.9 0.1 0 with --unlabelled.",
        ),
    ] = None,
    overlap: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.95,
            metavar="SHARE",
            help="With --split windows: share of a window that the next one has.",
        ),
    ] = 0.0,
    folds: Annotated[
        int, typer.Option(min=2, metavar="N", help="With --split kfold: number of folds.")
    ] = FOLDS,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the split.")] = 1,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", min=-1, metavar="N", help="Decode in N processes; -1: one per core."
        ),
    ] = -1,
    front_end: Annotated[Prepared, typer.Option(help="Kind of input to compute.")] = "mel-strip",
    pixels: Annotated[
        int | None,
        typer.Option(
            min=32,
            max=1024,
            metavar="N",
            help="With --front-end spectrogram-picture: height and width; default: 224.",
        ),
    ] = None,
    pictures_of: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Read SOURCE as spectrogram pictures of the tracks of this prepared data set.",
        ),
    ] = None,
) -> None:
    """Turn clips into inputs of a network, once for any number of trainings."""
    if shares and (min(shares) < 0 or shares[0] == 0):
        raise UsageError("--shares takes three numbers, the first of them above zero.")
    if from_tags and unlabelled:
        raise UsageError("--from-tags and --unlabelled exclude each other.")
    if pixels and front_end != "spectrogram-picture":
        raise UsageError("--pixels needs --front-end spectrogram-picture.")
    if pictures_of and not seconds:
        raise UsageError("With --pictures-of, --seconds is how much of a clip a picture shows.")
    with said_when_stopped(lambda: "stopped; what is not done yet is done by the same command."):
        from trainer.data import prepare as preparing
        from trainer.data.pictures import prepare_pictures
        from trainer.training.display import PrepareDisplay

        if pictures_of:
            rows = prepare_pictures(
                source,
                output,
                pictures_of,
                seconds=seconds,
                report=lambda text: typer.echo(text, err=True),
            )
        else:
            how = Preparation(
                front_end=_front_end(front_end, pixels),
                seconds=seconds or None,
                from_tags=from_tags,
                unlabelled=unlabelled,
                min_tracks=min_tracks,
                split=split,
                shares=shares or (UNLABELLED_SHARES if unlabelled else SHARES),
                windows=WindowSplit(shares=shares or WindowSplit().shares, overlap=overlap),
                folds=folds,
                seed=seed,
                jobs=jobs or -1,
            )
            with PrepareDisplay() as display:
                rows = preparing.prepare(
                    source, output, how, report=display.say, progress=display.progress
                )
    typer.echo(preparing.genres_and_splits(rows))


def _front_end(name: Prepared, pixels: int | None) -> FrontEnd:
    sizes = {"height": pixels, "width": pixels} if pixels else {}
    return KINDS[name.replace("-", " ")].from_dict(sizes)
