"""The figures and charts of runs, and runs side by side, from made probabilities."""

import csv
import json
import math
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from tagger.audio.log_mel import MelStrip
from tagger.errors import DataError, UsageError
from tagger.inference.vote import Voting
from trainer.cli import app
from trainer.data.dataset import Track, write_front_end
from trainer.evaluation import scores
from trainer.evaluation.charts import comparison, curves, reliability, risk_coverage
from trainer.evaluation.compare import compare
from trainer.evaluation.drawing import save
from trainer.evaluation.evaluate import publish
from trainer.evaluation.gallery import examples
from trainer.evaluation.predictions import WindowPredictions
from trainer.evaluation.report import write_report
from trainer.evaluation.results import Evaluation, Subject, evaluate_predictions, protocol
from trainer.evaluation.text import describe, genres
from trainer.files import all_or_nothing, write_json
from trainer.tables import WIDTH, table
from trainer.training.history import Epoch, History
from trainer.training.options import FitOptions
from trainer.training.run_folder import Run, load_run, read_options

LABELS = ("blues", "jazz", "rock")
TRACKS = 60
WINDOWS = 4
CHART_NAMES = ("confusion", "curves", "reliability", "risk-coverage")
CHARTS = {f"{name}.{kind}" for name in CHART_NAMES for kind in ("png", "svg")}


def train(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def found(
    skill: float = 1.0,
    seed: int = 0,
    counted: str = "tracks kept aside",
    tracks: int = TRACKS,
    **options: object,
) -> Evaluation:
    """Evaluate made windows."""
    subject = Subject(
        split="valid",
        protocol=counted,
        weights="best",
        architecture="vgg16",
        parameters=14_700_000,
        windows_per_second=21.5,
    )
    predicted = made_windows(skill, seed, tracks)
    return evaluate_predictions(subject, predicted, **{"goal": 0.8, **options})


def made_windows(skill: float = 1.0, seed: int = 0, tracks: int = TRACKS) -> WindowPredictions:
    """Make windows whose logit of the true label is higher by `skill`."""
    rng = np.random.default_rng(seed)
    targets = np.arange(tracks) % len(LABELS)
    owners = np.repeat(np.arange(tracks), WINDOWS)
    logits = np.repeat(rng.normal(size=(tracks, 3)), WINDOWS, 0)
    logits += rng.normal(size=logits.shape) / 3
    logits[np.arange(len(owners)), targets[owners]] += skill
    windows = np.exp(3 * logits)
    return WindowPredictions(
        labels=LABELS,
        names=tuple(f"{LABELS[target]}/{i:03d}" for i, target in enumerate(targets)),
        sources=tuple(("clips", "songs")[i % 2] for i in range(tracks)),
        groups=tuple(f"artist {i // 2}" for i in range(tracks)),
        targets=targets,
        windows=(windows / windows.sum(1, keepdims=True)).astype(np.float32),
        owners=owners,
    )


def new_run(folder: Path, evaluation: Evaluation | None = None, epochs: int = 3) -> Run:
    run = Run(
        folder=folder,
        options=FitOptions(data=("data/clips",)),
        front_end=MelStrip(),
        labels=LABELS,
        batch_norm=True,
        metadata={"pretrained": []},
    )
    run.save()
    history = run.history
    for number in range(1, epochs + 1):
        history.append(
            Epoch(
                epoch=number,
                seconds=1.5,
                learning_rate=1e-3 / number,
                loss=2 / number,
                window_accuracy=0.5,
                track_accuracy=0.5 + number / 10,
                track_loss=1.0,
            )
        )
    if evaluation:
        write_json(folder / "metrics.json", evaluation.to_dict())
        evaluation.predictions.write(folder / "predictions.csv")
    return run


def test_it_is_said_where_tracks_are_too_few_to_tell_a_confidence():
    assert "come from 29 tracks, too few to mean much" in describe(found(tracks=29))
    assert "too few" not in describe(found(tracks=30))


def test_scores_of_a_genre():
    score = scores.score(
        np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 0]), 3, np.arange(6)
    )
    assert score.recall == pytest.approx([2 / 3, 1 / 2, 0])
    assert score.precision == pytest.approx([2 / 4, 1 / 2, 0])
    assert score.f1 == pytest.approx([4 / 7, 1 / 2, 0])
    assert score.macro_f1 == pytest.approx(np.mean(score.f1))
    assert score.accuracy == 0.5
    assert score.confusion == [[2, 1, 0], [1, 1, 0], [1, 0, 0]]
    assert score.macro_f1_interval[0] < score.macro_f1 < score.macro_f1_interval[1]


def test_macro_f1_counts_only_genres_that_occur_and_is_no_certainty_when_all_are_right():
    score = scores.score(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 3, np.arange(4))
    assert score.macro_f1 == 1
    assert score.macro_f1_interval == score.accuracy_interval
    assert score.accuracy_interval[0] < 0.6


def test_macro_f1_varies_more_where_tracks_of_an_artist_are_right_together():
    targets = np.repeat(np.arange(2), 40)
    predicted = np.where(np.arange(80) // 8 % 2, targets, 1 - targets)
    wide = scores.score(targets, predicted, 2, np.arange(80) // 8).macro_f1_interval
    narrow = scores.score(targets, predicted, 2, np.arange(80)).macro_f1_interval
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


def test_mistakes_are_named_the_surest_first():
    evaluation = found(skill=0.4)
    wrong = int((~evaluation.predictions.right).sum())
    assert wrong > len(evaluation.mistakes) == 10
    assert [m.confidence for m in evaluation.mistakes] == sorted(
        (m.confidence for m in evaluation.mistakes), reverse=True
    )
    for mistake in evaluation.mistakes:
        assert mistake.track.startswith(f"{mistake.genre}/")
        assert mistake.predicted != mistake.genre
        assert mistake.track in describe(evaluation)
    assert evaluation.track.accuracy == pytest.approx(1 - wrong / TRACKS)


def test_figures_and_predictions_are_stored(tmp_path):
    evaluation = found(skill=0.6)
    run = new_run(tmp_path / "run", evaluation)
    metrics = run.metrics()
    assert metrics["track"]["accuracy"] == evaluation.track.accuracy
    assert metrics["calibration"]["error_before"] == evaluation.calibration.error_before
    assert metrics["subject"]["protocol"] == "tracks kept aside"
    assert metrics["settings"]["voting"] in list(Voting)
    assert [source["source"] for source in metrics["sources"]] == ["clips", "songs"]
    assert sum(source["tracks"] for source in metrics["sources"]) == TRACKS
    assert metrics["track"]["groups"] == TRACKS // 2
    assert len(metrics["track"]["f1"]) == len(LABELS)
    assert metrics["mistakes"][0]["track"] == evaluation.mistakes[0].track
    with (run.folder / "predictions.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == TRACKS
    for line in lines:
        numbers = {label: float(line[f"p_{label}"]) for label in LABELS}
        assert sum(numbers.values()) == pytest.approx(1, abs=1e-3)
        assert max(numbers, key=numbers.__getitem__) == line["predicted"]
        assert line["track"].startswith(line["genre"])
        assert line["source"] in ("clips", "songs")
        assert line["group"].startswith("artist ")


def test_charts_are_pictures_that_say_what_was_counted_and_do_not_change(tmp_path, monkeypatch):
    import matplotlib as mpl

    # Letters as text rather than as outlines, to read them.
    monkeypatch.setitem(mpl.rcParams, "svg.fonttype", "none")
    before = dict(mpl.rcParams)
    evaluation = found(counted="tracks, flattering")
    once, again = (new_run(tmp_path / place / "run") for place in "ab")
    publish(evaluation, once)
    publish(evaluation, again)
    assert dict(mpl.rcParams) == before
    files = {file.name for file in once.folder.iterdir()}
    assert files >= CHARTS | {"metrics.json", "predictions.csv", "run.toml", "run.json"}
    assert not [name for name in files if "part" in name]
    for name in CHARTS:
        content = (once.folder / name).read_bytes()
        assert content == (again.folder / name).read_bytes()
        if name.endswith("png"):
            assert content.startswith(b"\x89PNG")
            assert len(content) > 20_000
        else:
            counted = b"60 tracks that" if "risk" in name else b"60 tracks, flattering"
            assert counted in content
    text = (once.folder / "confusion.svg").read_text()
    assert all(label in text for label in (*LABELS, "recall", "precision", "95 % interval"))


def test_a_run_without_validation_has_curves_too(tmp_path):
    run = new_run(tmp_path / "run", epochs=0)
    run.history.append(
        Epoch(
            epoch=1,
            seconds=1.0,
            learning_rate=1e-3,
            loss=2.0,
            window_accuracy=math.nan,
            track_accuracy=math.nan,
            track_loss=math.nan,
        )
    )
    assert len(curves(run.history.read(), "run", found()).axes) == 2


def test_an_evaluation_that_fails_leaves_the_last_one(tmp_path, monkeypatch):
    run = new_run(tmp_path / "run", found(seed=1))
    before = {file.name: file.read_bytes() for file in run.folder.iterdir()}
    monkeypatch.setattr(
        "trainer.evaluation.drawing.save", lambda *_: (_ for _ in ()).throw(OSError("full"))
    )
    with pytest.raises(DataError, match=r"cannot be written \(full\)"):
        publish(found(seed=2), run)
    assert {file.name: file.read_bytes() for file in run.folder.iterdir()} == before


def test_a_genre_without_tracks_has_a_dash_and_no_figure_of_nought():
    targets, predicted = np.array([0, 0, 2]), np.array([0, 2, 2])
    track = scores.score(targets, predicted, 4, np.arange(3))
    lines = genres(SimpleNamespace(labels=tuple("abcd"), track=track))
    assert lines[1:] == [
        ("a", "2", "50%", "100%", "67%"),
        ("b", "0", "–", "–", "–"),
        ("c", "1", "100%", "50%", "67%"),
        ("d", "0", "–", "–", "–"),
    ]
    missed = scores.score(np.array([0, 1]), np.array([0, 0]), 2, np.arange(2))
    assert missed.of_genres[1] == (0.0, None, 0.0)  # a genre with tracks, never predicted


def test_compare(tmp_path):
    poor, good, same = (
        new_run(tmp_path / n, found(s, seed=3))
        for n, s in (("poor", 0.2), ("good", 2), ("same", 0.2))
    )
    text = train("compare", poor.folder, good.folder, same.folder, "-o", tmp_path / "out")
    assert max(map(len, text.splitlines()[1:-2])) <= WIDTH
    *_, gains, _ = text.rstrip().split("\n\n")
    header, better, equal = gains.splitlines()
    assert "p (McNemar)" in header
    assert better.startswith("good")
    assert better.endswith("clear")
    assert equal.endswith("may be chance")
    assert "vgg16, best" in text
    assert "14.7" in text
    assert "60 tracks kept aside" in text
    assert "adjusted for 2 comparisons" in text

    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert files == {"compare.md", "compare.json", "compare.png", "compare.svg"}
    stored = json.loads((tmp_path / "out" / "compare.json").read_text())["runs"]
    gain = good.metrics()["track"]["accuracy"] - poor.metrics()["track"]["accuracy"]
    assert stored[0]["gain"] is None
    assert stored[1]["gain"]["gain"] == pytest.approx(gain)
    low, high = stored[1]["gain"]["interval"]
    assert 0 < low < gain < high
    assert stored[2]["gain"]["p"] == 1
    tables = (tmp_path / "out" / "compare.md").read_text().split("\n\n")[1:]
    assert [len(table.strip().splitlines()) for table in tables] == [5, 5, 4]
    for lines in tables:
        assert len({row.count("|") for row in lines.strip().splitlines()}) == 1


def test_one_gain_of_many_has_to_be_clearer(tmp_path):
    """The same run once, and among twenty: Holm asks more of it then."""
    reference = new_run(tmp_path / "reference", found(0.6, seed=3))
    better = new_run(tmp_path / "better", found(0.9, seed=3))
    (_, alone) = compare([reference, better], report=str)
    (_, among, *_) = compare([reference, better, *[reference] * 19], report=str)
    assert alone.gain is not None
    assert among.gain is not None
    assert alone.gain.p < 1
    assert among.gain.p == pytest.approx(min(1, 20 * alone.gain.p))
    assert among.gain.interval == alone.gain.interval


def test_predictions_of_another_evaluation_are_refused(tmp_path):
    run = new_run(tmp_path / "run", found())
    found(skill=-1).predictions.write(run.folder / "predictions.csv")
    with pytest.raises(DataError, match="does not belong to metrics"):
        compare([run], report=str)


def test_settings_are_fitted_to_the_tracks_of_one_data_set():
    fitted = found(source="songs", goal=0.9)
    assert (fitted.settings.source, fitted.settings.tracks) == ("songs", TRACKS // 2)
    assert fitted.settings.precision_goal == 0.9
    assert fitted.track.tracks == TRACKS  # all of them are scored
    text = describe(fitted)
    assert "fitted to 30 validation tracks of songs, for 90% right" in text
    assert len(fitted.confidence and fitted.selection.right) == TRACKS // 2


def test_a_table_fits_a_terminal_and_stays_whole():
    evaluation = found(skill=0.4)
    names = tuple(f"blues/{'a long name of a track ' * 5}{i}" for i in range(TRACKS))
    named = replace(evaluation.predictions, names=names)
    evaluation = replace(evaluation, predictions=named, mistakes=named.mistakes()[:10])
    for line in describe(evaluation).splitlines():
        assert len(line) <= WIDTH, line
    wide = table([("a", "b"), ("x" * 100, "1")])
    assert wide.replace("\n", "").replace(" ", "").count("x") == 100
    long_last = table(
        [("run", "network", "data"), ("a", "vgg16, best", " + ".join(["gtzan"] * 20))]
    )
    assert "a    vgg16, best  gtzan + gtzan" in long_last
    assert max(map(len, long_last.splitlines())) <= WIDTH


def test_the_report_is_one_page_with_charts_and_mistakes(tmp_path, monkeypatch):
    strip = np.random.default_rng(0).normal(size=(128, 192)).astype(np.float32)
    monkeypatch.setattr(Track, "load", lambda _: [strip[:, :128], strip])
    evaluation = found(skill=0.4)
    names, genres = evaluation.predictions.names, evaluation.predictions.targets
    tracks = [
        Track(genre=LABELS[g], name=n, split="valid", strips=())
        for n, g in zip(names, genres, strict=True)
    ]
    shown = examples(evaluation, tracks, made_windows(skill=0.4))
    assert [example.mistake for example in shown] == list(evaluation.mistakes[:6])
    assert shown[0].strip.shape == (128, 192)
    # The windows are those of that track: they say what the vote said.
    assert shown[0].predicted.mean() > shown[0].true.mean()
    drawn = publish(evaluation, new_run(tmp_path / "run"), shown)
    assert {file.name for file in drawn} == {f"{n}.svg" for n in (*CHART_NAMES, "mistakes")}
    write_report(tmp_path / "report.html", evaluation, "my <run>", drawn)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("data:image/svg+xml;base64,") == len(drawn)
    assert "my &lt;run&gt;: " in page
    assert "surest mistakes" in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_charts_of_few_tracks_have_nothing_empty(tmp_path):
    few = found(tracks=6)
    for name, draw in (("reliability", reliability), ("risk", risk_coverage)):
        save(draw(few), tmp_path / name)
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


def test_runs_that_were_scored_on_other_tracks_are_compared_only_if_asked(tmp_path):
    mine = new_run(tmp_path / "mine", found())
    flattered = new_run(tmp_path / "flattered", found(counted="tracks, flattering"))
    with pytest.raises(DataError, match="--anyway"):
        compare([mine, flattered], report=str)
    mine_entry, other = compare([mine, flattered], anyway=True, report=str)
    assert other.gain is None
    assert "flattering" in other.protocol
    save(comparison([mine_entry, other], "both"), tmp_path / "chart")

    other = found()
    names = tuple(f"new/{name}" for name in other.predictions.names)
    other = replace(other, predictions=replace(other.predictions, names=names))
    renamed = new_run(tmp_path / "renamed", other)
    with pytest.raises(DataError, match="renamed was scored on other tracks"):
        compare([mine, renamed], report=str)


def test_runs_of_the_same_name_are_told_apart(tmp_path):
    runs = [new_run(tmp_path / place / "run", found()) for place in "ab"]
    assert len({entry.name for entry in compare(runs, report=str)}) == 2


def test_names_that_are_not_utf_8(tmp_path):
    evaluation = found(skill=-1)
    names = tuple(f"blues/{i}\udce9\x1b" for i in range(TRACKS))
    named = replace(evaluation.predictions, names=names)
    evaluation = replace(evaluation, predictions=named, mistakes=named.mistakes()[:3])
    run = new_run(tmp_path / "run", evaluation)
    assert run.metrics()["mistakes"][0]["track"] in names
    assert len(compare([run, run], report=str)) == 2
    assert "\x1b" not in describe(evaluation)


def test_figures_that_flatter_say_so():
    assert "flattering" not in protocol("valid")
    assert protocol("valid", "windows shared").endswith(", flattering: windows shared")
    unrecorded = protocol("valid", unrecorded=["runs/old", "other"])
    assert unrecorded.endswith(
        "perhaps flattering: what runs/old, other was trained on is not recorded"
    )


def test_bad_run_folders(tmp_path):
    plain = new_run(tmp_path / "plain")
    with pytest.raises(DataError, match="was not evaluated; run 'genretag-train evaluate"):
        train("compare", plain.folder)
    (plain.folder / "metrics.json").write_text('{"split": "valid"}')
    with pytest.raises(DataError, match="another version"):
        train("compare", plain.folder)
    new_run(plain.folder, found())
    (plain.folder / "predictions.csv").write_text("track,group,genre,predicted\na,,b,b\n")
    with pytest.raises(DataError, match="does not belong to"):
        train("compare", plain.folder)

    metadata = json.loads((plain.folder / "run.json").read_text())
    for change, words in (
        ({"format": 99}, "made by another version"),
        ({"labels": None}, "not a run folder"),
    ):
        (plain.folder / "run.json").write_text(json.dumps(metadata | change))
        with pytest.raises(DataError, match=words):
            load_run(plain.folder)
    (plain.folder / "run.json").write_text("[]")
    with pytest.raises(DataError, match="not a run folder"):
        load_run(plain.folder)


def test_options_survive_the_file(tmp_path):
    run = new_run(tmp_path / "run")
    assert load_run(run.folder) == run
    options = replace(run.options, init="other", batch_norm=False, patience=3, learning_rate=1)
    replace(run, options=options).save()
    text = (run.folder / "run.toml").read_text()
    assert "--from run.toml" in text
    assert tomllib.loads(text)["patience"] == 3
    assert read_options(run.folder) == read_options(run.folder / "run.toml") == options


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("epochs = 'ten'", "'ten' is no value for 'epochs'"),
        ("epochs = true", "no value for 'epochs'"),
        ("balance = 'odd'", "no value for 'balance'"),
        ("data = ['a', 1]", "no value for 'data'"),
        ("depth = 3", "no option 'depth'"),
        ("[augmentation]\nmasks = 1.5", "no value for 'masks'"),
        ("augmentation = 3", "no value for 'augmentation'"),
        ("data", "cannot be read as TOML"),
        ("seed = 1", "'data' is missing"),
    ],
)
def test_bad_options(tmp_path, change, words):
    file = tmp_path / "run.toml"
    file.write_text(change if "seed" in change or "data" in change else f"data = ['a']\n{change}")
    with pytest.raises(DataError, match=words) as caught:
        read_options(file)
    assert str(file) in str(caught.value)


def test_a_run_of_the_first_format_is_still_read(tmp_path):
    run = new_run(tmp_path / "run")
    metadata = json.loads((run.folder / "run.json").read_text())
    options = {"data": ["a", "b"], "init": None, "seed": 7, "augmentation": {"mixup": 0.1}}
    (run.folder / "run.json").write_text(json.dumps(metadata | {"format": 1, "options": options}))
    (run.folder / "run.toml").unlink()
    stored = load_run(run.folder).options
    assert read_options(run.folder) == stored
    assert (stored.data, stored.seed, stored.augmentation.mixup) == (("a", "b"), 7, 0.1)


@pytest.fixture
def fitted(monkeypatch) -> list[tuple[Path, FitOptions]]:
    """Catch what fit is asked for."""
    calls = []
    monkeypatch.setattr(
        "trainer.training.plan.plan", lambda folder, options, **_: calls.append((folder, options))
    )
    monkeypatch.setattr("trainer.training.fit.fit", lambda *_, **__: None)
    return calls


def test_a_training_is_repeated_from_its_file(tmp_path, fitted, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("clips", "others"):  # whose front end decides on defaults
        write_front_end(tmp_path / folder, MelStrip())
    options = replace(
        FitOptions(data=("clips",)), dropout=0.3, epochs=7, train_splits=("train", "valid"), seed=4
    )
    options = replace(options, augmentation=replace(options.augmentation, masks=3, mixup=0.2))
    run = replace(new_run(tmp_path / "run"), options=options)
    run.save()
    for source in (run.folder, run.folder / "run.toml"):
        train("fit", "--from", source, "--run", tmp_path / "new")
        assert fitted.pop() == (tmp_path / "new", options)
    train("fit", "--run", run.folder, "--resume")
    assert fitted.pop() == (run.folder, options)

    train(
        *("fit", "others", "--from", run.folder, "--run", "new", "--seed", 5, "--mixup", 0.1),
        *("--train-split", "train"),
    )
    _, changed = fitted.pop()
    assert changed == replace(
        options,
        data=("others",),
        seed=5,
        train_splits=("train",),
        augmentation=replace(options.augmentation, mixup=0.1),
    )
    train("fit", "--from", run.folder, "--run", "new", "--augment", "off")
    assert fitted.pop()[1].augmentation.masks == 0

    with pytest.raises(UsageError, match="--from"):
        train("fit", "--run", tmp_path / "new")
    with pytest.raises(DataError, match="not a run folder"):
        train("fit", "--run", tmp_path / "none", "--resume")


def test_tensorboard_and_csv_hold_the_same_epochs_and_go_on(tmp_path):
    """A second process appends to the CSV and writes events of its own, from its epoch on."""
    new_run(tmp_path, epochs=2)
    history = History(tmp_path / "history.csv", Epoch)
    assert [epoch.epoch for epoch in history.read()] == [1, 2]
    history.append(
        Epoch(
            epoch=3,
            seconds=1.0,
            learning_rate=0.1,
            loss=0.25,
            window_accuracy=math.nan,
            track_accuracy=math.nan,
            track_loss=math.nan,
        )
    )
    epochs = history.read()
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]

    values = {}
    files = sorted(tmp_path.glob("events.out.tfevents.*"))
    assert len(files) == 2
    for file in files:
        for step, tag, value in _events(file.read_bytes()):
            values[tag, step] = value
    assert values["train/loss", 3] == pytest.approx(0.25)
    assert values["train/loss", 1] == pytest.approx(2.0)
    assert values["validation/track_accuracy", 2] == pytest.approx(0.7)
    assert ("validation/track_accuracy", 3) not in values

    with (tmp_path / "history.csv").open("a") as file:
        file.write("4,1.0")
    with pytest.raises(DataError, match="remove its last line"):
        history.read()


def _events(records: bytes) -> list[tuple[int, str, float]]:
    """Read scalars from records of eight bytes of length, four of checksum, data, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    scalars = []
    while records:
        length = int.from_bytes(records[:8], "little")
        event = Event.FromString(records[12 : 12 + length])
        scalars += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
        records = records[16 + length :]
    return scalars


def test_files_move_together(tmp_path):
    with pytest.raises(KeyError), all_or_nothing(tmp_path / "out") as scratch:
        (scratch / "a").write_text("half")
        raise KeyError
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"), all_or_nothing(tmp_path / "file"):
        pass
