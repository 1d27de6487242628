"""Which settings hold in a folder."""

from pathlib import Path

import pytest

from tagger.pipeline.folders import FolderRules
from tagger.settings.schema import FolderRule


@pytest.fixture
def rules(tmp_path) -> tuple[FolderRule, ...]:
    return (
        FolderRule(path=tmp_path / "a" / "b", min_confidence=0.9),
        FolderRule(path=tmp_path / "a", min_confidence=0.8, album=True),
        FolderRule(path=tmp_path / "a" / "b" / "c", album=False, skip=True),
    )


def settings(rules: FolderRules, folder: Path) -> tuple[object, ...]:
    rule = rules.of(folder)
    return rule.min_confidence, rule.album, rule.skip


def test_of_several_rules_the_innermost_that_says_something_counts(rules, tmp_path):
    found = FolderRules(rules)
    assert settings(found, tmp_path) == (None, None, None)
    assert settings(found, tmp_path / "a") == (0.8, True, None)
    assert settings(found, tmp_path / "ab") == (None, None, None)
    assert settings(found, tmp_path / "a" / "b" / "x") == (0.9, True, None)
    assert settings(found, tmp_path / "a" / "b" / "c" / "x") == (0.9, False, True)


def test_the_command_line_beats_folders(rules, tmp_path):
    found = FolderRules(rules, but_not={"album", "top"})
    assert settings(found, tmp_path / "a") == (0.8, None, None)
    assert not found.any_albums


def test_links_lead_to_the_rules_of_their_folders(rules, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "link", Path("link"), Path("a")):
        assert FolderRules(rules).of(path).min_confidence == 0.8
