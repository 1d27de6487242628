from pathlib import Path

from conftest import TOY_LABELS, write_toy_model

from tagger.identity import Identity
from tagger.state.cache import Cache
from tagger.state.maintenance import CacheMaintenance
from tagger.tracks import Prediction, Status, Track

ROWS = 2000


def test_pruning_takes_time_by_the_row_and_not_by_its_square(tmp_path):
    prediction, device = Prediction(status=Status.SILENT), Path("/").stat().st_dev
    with Cache(tmp_path) as cache:
        key = cache.key_for(write_toy_model(tmp_path / "toy.onnx"), 30.0, len(TOY_LABELS))
        for number in range(1, ROWS + 1):
            identity = Identity(device=device, inode=number, size=1, mtime_ns=1)
            mark = number.to_bytes(32)
            cache.store_prediction(mark, key, prediction)
            path = Path(f"/gone/{number}.mp3")
            cache.store_file(Track(path=path, identity=identity, fingerprint=mark))
    thousands = []
    with CacheMaintenance(tmp_path) as maintenance:
        # SQLite calls this after so many steps of its machine.
        maintenance._db.set_progress_handler(lambda: thousands.append(1), 1000)
        assert maintenance.prune(None) == (ROWS, ROWS)
    assert len(thousands) < ROWS
