"""The priority of `scan --nice`."""

import psutil
import pytest

from tagger.runtime.priority import lower_priority


@pytest.mark.parametrize("forbidden", [False, True])
def test_processor_and_disk_serve_others_first(monkeypatch, forbidden):
    """With a stand-in: the tests are to keep their own priority."""
    asked: list[tuple[str, int]] = []

    class Process:
        def nice(self, value: int) -> None:
            asked.append(("processor", value))
            if forbidden:
                raise psutil.AccessDenied

        def ionice(self, value: int) -> None:
            asked.append(("disk", value))

    for name, value in (("LINUX", True), ("WINDOWS", False), ("IOPRIO_CLASS_IDLE", 3)):
        monkeypatch.setattr(psutil, name, value, raising=False)
    monkeypatch.setattr(psutil, "Process", Process)
    lower_priority()
    assert asked == [("processor", 19), ("disk", 3)]
