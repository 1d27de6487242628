"""Search for bad tags by coverage, with atheris (pip install '.[fuzz]'), for as long as you like.

    python tests/fuzz/by_coverage.py -max_total_time=600 [FOLDER of inputs]

Options are those of libFuzzer. Without a folder it begins with good files of all kinds.
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

with atheris.instrument_imports(include=["tagger.tags"]):
    import targets
from formats import KINDS, make  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        given = [word for word in sys.argv[1:] if not word.startswith("-")]
        if not given:
            for kind in KINDS:
                make(kind, Path(folder), 0.1)
        atheris.Setup([*sys.argv, *([] if given else [folder])], targets.read_containers)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
