"""What a prediction says about the existing genre of a file."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.audit.findings import (
    MACHINE_MADE,
    NO_GENRE,
    NO_LABEL,
    UNCERTAIN,
    Auditor,
    Verdict,
    by_existing_genre,
    surest_first,
)
from tagger.audit.outputs import as_json, write_csv
from tagger.audit.word_map import WordMap
from tagger.pipeline.decide import Rules, decide
from tagger.tags.provenance import Provenance
from tagger.tracks import PredictedTrack, Prediction, Status, Track

LABELS = ("jazz", "metal", "rock")
SURE_METAL = (0.1, 0.7, 0.2)
UNSURE = (0.3, 0.4, 0.3)


@pytest.fixture
def audit():
    auditor = Auditor(LABELS, WordMap(LABELS))

    def one(probabilities, *existing, path="song.mp3", status=Status.OK, **more):
        track = Track(path=Path(path), existing=existing, **more)
        prediction = Prediction(status=status, probabilities=probabilities, error="is bad")
        predicted = PredictedTrack(track=track, prediction=prediction)
        return auditor.audit(decide(predicted, LABELS, Rules(min_confidence=0.5)))

    return one


@pytest.mark.parametrize(
    ("probabilities", "existing", "verdict", "reason"),
    [
        (SURE_METAL, ["Thrash Metal"], Verdict.AGREE, ""),
        (SURE_METAL, ["Jazz", "Metal"], Verdict.AGREE, ""),
        (SURE_METAL, ["Grunge", "Nonsense"], Verdict.CONTRADICT, ""),
        (SURE_METAL, ["Nonsense"], Verdict.CANNOT_TELL, NO_LABEL),
        (SURE_METAL, [], Verdict.CANNOT_TELL, NO_GENRE),
        (UNSURE, ["Jazz"], Verdict.CANNOT_TELL, UNCERTAIN),
        (UNSURE, ["Metal"], Verdict.CANNOT_TELL, UNCERTAIN),
    ],
)
def test_verdicts(audit, probabilities, existing, verdict, reason):
    finding = audit(probabilities, *existing)
    assert (finding.verdict, finding.reason) == (verdict, reason)
    assert (finding.genre, finding.confidence) == ("Metal", max(probabilities))


def test_nothing_can_be_told_of_a_file_that_cannot_be_read(audit):
    damaged = audit((), "Rock", status=Status.UNREADABLE)
    assert (damaged.verdict, damaged.reason) == (Verdict.CANNOT_TELL, "is bad")
    assert (damaged.genre, damaged.confidence) == ("", None)
    assert audit(SURE_METAL, tag_error="has bad tags").reason == "has bad tags"


def test_a_genre_that_genretag_wrote_is_no_evidence(audit):
    note = str(Provenance(model="toy", confidence=0.7, genres="Metal"))
    assert audit(SURE_METAL, "Metal", genre_source=note).reason == MACHINE_MADE
    assert audit(SURE_METAL, "Jazz", genre_source=note).verdict is Verdict.CONTRADICT  # edited


@pytest.fixture
def findings(audit):
    return [
        audit(SURE_METAL, "Metal", path="agrees.mp3"),
        audit(SURE_METAL, "Jazz", path="=doubtful.mp3"),
        audit((0.0, 0.9, 0.1), "Jazz", "Fusion", path="very doubtful.mp3"),
        audit(SURE_METAL, path="none.mp3"),
    ]


def test_the_surest_contradiction_comes_first(findings):
    paths = [finding.path.name for finding in surest_first(findings)]
    assert paths == ["very doubtful.mp3", "=doubtful.mp3", "none.mp3", "agrees.mp3"]


def test_agreement_by_existing_genre(findings):
    jazz, fusion, metal = by_existing_genre(findings)
    assert (jazz.genre, jazz.counts.total(), jazz.share) == ("Jazz", 2, 0)
    assert jazz.instead == {"Metal": 2}
    assert (fusion.genre, fusion.counts[Verdict.CONTRADICT]) == ("Fusion", 1)
    assert (metal.genre, metal.share) == ("Metal", 1)
    assert by_existing_genre(findings[3:]) == []


def test_the_csv_changes_nothing_when_it_is_applied_as_it_is(findings, tmp_path):
    from tagger.output.planfile import read_plan

    table = io.StringIO()
    write_csv(table, findings)
    first, second, *_ = csv.DictReader(io.StringIO(table.getvalue()))
    assert (first["verdict"], first["existing_genre"]) == ("contradict", "Jazz; Fusion")
    assert (first["genre"], first["confidence"], first["reason"]) == ("Metal", "0.9000", "")
    file = tmp_path / "audit.csv"
    file.write_text(table.getvalue())
    assert [*read_plan(file, overwrite=True)] == []
    file.write_text(table.getvalue().replace("skip", "write", 2))
    planned = read_plan(file)
    assert [(row.path.name, row.genres) for row in planned] == [
        ("very doubtful.mp3", ("Metal",)),
        ("=doubtful.mp3", ("Metal",)),
    ]
    assert second["path"] == "'=doubtful.mp3"


def test_the_csv_keeps_all_names_of_a_prediction(audit, tmp_path):
    from tagger.output.planfile import read_plan

    file = tmp_path / "audit.csv"
    with file.open("w") as table:
        write_csv(table, [replace(audit(SURE_METAL, "Jazz"), genres=("Metal", "Rock"))])
    file.write_text(file.read_text().replace("skip", "write"))
    assert [row.genres for row in read_plan(file)] == [("Metal", "Rock")]


def test_the_json(findings):
    content = json.loads(as_json(findings))
    assert (content["agree"], content["contradict"], content["cannot_tell"]) == (1, 2, 1)
    assert content["genres"][0] == {
        "genre": "Jazz",
        "contradict": 2,
        "cannot_tell": 0,
        "agree": 0,
        "agreement": 0.0,
        "instead": {"Metal": 2},
    }
    assert content["files"][0]["existing_genre"] == ["Jazz", "Fusion"]
    assert content["files"][0]["existing_probability"] == 0.1
