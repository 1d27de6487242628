"""What a prepared data set says about its tracks."""

import numpy as np

from tagger.audio.log_mel import MelStrip
from trainer.data import dataset as prepared
from trainer.data.tracks_table import Row, write_rows


def test_a_track_knows_its_artist_from_whichever_data_set_names_it(tmp_path):
    for folder, group in (("plain", ""), ("named", "The Band")):
        rows = [
            Row(file=f"{genre}.npy", genre=genre, track="one", split="train", group=group)
            for genre in ("jazz", "rock")
        ]
        for row in rows:
            prepared.save_strip(
                tmp_path / folder / row.file, np.zeros((128, 128), np.float32), np.float16
            )
        write_rows(tmp_path / folder / "tracks.csv", rows)
        prepared.write_front_end(tmp_path / folder, MelStrip())
    data = prepared.load([tmp_path / "plain", tmp_path / "named"])
    assert [track.group for track in data.tracks] == ["The Band"] * 2
    assert [track.group for track in prepared.load([tmp_path / "plain"]).tracks] == [""] * 2
