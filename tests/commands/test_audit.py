"""`genretag audit` as a user runs it."""

import json

import mutagen
import pytest
import typer
from commandline import digests, rows

from tagger.cli import app
from tagger.options import ANALYSIS


@pytest.fixture
def library(song, genretag, toy_model):
    """Two songs, one with a genre that contradicts what the toy model predicts."""
    folder = song("a.flac").parent
    song("b.flac")
    (folder / "broken.mp3").write_bytes(b"no music")
    _, output, _ = genretag("scan", folder, "--model", toy_model, "--jsonl", "-")
    predicted = json.loads(output.splitlines()[0])["genre"][0]
    other = {"Classical": "Thrash Metal"}.get(predicted, "Opera")
    for name, genre in (("a.flac", other), ("b.flac", f"Modern {predicted}")):
        tags = mutagen.File(folder / name)
        tags["genre"] = genre
        tags.save()
    return folder


def test_an_audit_lists_what_is_contradicted_and_writes_nothing(library, genretag, toy_model):
    before = digests(library)
    code, output, errors = genretag("audit", library, "--model", toy_model)
    assert (code, errors) == (3, "")
    listed = output[output.index("predicted") :].splitlines()
    assert str(library / "a.flac") in listed[1]
    assert "b.flac" not in output
    assert "broken.mp3" in output
    assert "3 tracks: 1 agree, 1 contradict, 1 cannot be told (1 not analysed)" in output
    assert digests(library) == before
    _, output, _ = genretag("audit", library, "--model", toy_model, "--limit", 0)
    assert "a.flac" not in output


def test_csv_and_json_on_standard_output_stand_alone(library, genretag, toy_model):
    code, output, _ = genretag("audit", library, "--model", toy_model, "--json")
    content = json.loads(output)
    assert (code, content["contradict"], content["agree"]) == (3, 1, 1)
    _, output, _ = genretag("audit", library, "--model", toy_model, "--csv", "-")
    assert [row["verdict"] for row in rows(output)] == ["contradict", "cannot_tell", "agree"]
    code, _, errors = genretag("audit", library, "--json", "--csv", "-")
    assert (code, "both print" in errors) == (2, True)


def test_genre_words_and_options_of_the_configuration_count(library, genretag, toy_model, home):
    genre = mutagen.File(library / "a.flac")["genre"][0]
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(
        "[scan]\ncsv = 'of-scan.csv'\nexclude = ['broken*']\n"
        f"[genre_words]\n{json.dumps(genre)} = ['classical', 'hiphop', 'metal', 'jaz']\n"
    )
    code, output, errors = genretag("audit", library, "--model", toy_model)
    assert (code, "2 agree" in output) == (0, True)
    assert "line 5: the model has no genre 'jaz'" in errors
    assert not (library.parent / "of-scan.csv").exists()


@pytest.mark.parametrize("command", ["audit", "report"])
def test_every_option_of_an_analysis_is_there(command):
    parameters = typer.main.get_command(app).commands[command].params
    assert set(ANALYSIS) <= {parameter.name for parameter in parameters}
