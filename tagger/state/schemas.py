"""The tables of the two files in the state folder."""

from tagger.state.database import Schema

JOURNAL = Schema(
    name="journal",
    file_name="journal.sqlite3",
    irreplaceable=True,
    steps=(
        """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    started REAL NOT NULL,      -- seconds since 1970, UTC
    command TEXT NOT NULL
);
CREATE TABLE write (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id),
    path BLOB NOT NULL,         -- as the file system has it, UTF-8 or not
    temporary BLOB NOT NULL,    -- path of the copy in which the change is made
    old TEXT NOT NULL,          -- JSON: of each tag that held a genre, its texts and its bytes
    new TEXT NOT NULL,
    fingerprint BLOB NOT NULL,  -- SHA-256 of samples of the audio bytes and their length
    state TEXT NOT NULL
);
CREATE INDEX write_of_run ON write (run);
CREATE INDEX write_by_state ON write (state) WHERE state = 'begun';
CREATE TABLE plan (
    path BLOB PRIMARY KEY,      -- a file, with its stat key when it was last put into a CSV
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
""",
        # what is to be noted beside the genres of its row about where they came from
        "ALTER TABLE plan ADD COLUMN source TEXT NOT NULL DEFAULT ''",
        # finds the writes of a file that was moved
        "CREATE INDEX write_of_audio ON write (fingerprint)",
    ),
)

CACHE = Schema(
    name="cache",
    file_name="cache.sqlite3",
    steps=(
        """
CREATE TABLE model (
    digest BLOB PRIMARY KEY,    -- SHA-256 of the file
    name TEXT NOT NULL          -- for `genretag cache info`
) WITHOUT ROWID;
CREATE TABLE model_file (       -- an unchanged model file need not be read for its digest
    inode INTEGER, device INTEGER,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (inode, device)
) WITHOUT ROWID;
CREATE TABLE cache_key (        -- all that predictions depend on besides the audio
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number is never used again, whatever was cleared
    model BLOB NOT NULL,        -- digest
    seconds TEXT NOT NULL,      -- analysed of each track, or "full"
    analysis INTEGER NOT NULL,  -- version of the code between file and model
    UNIQUE (model, seconds, analysis)
);
CREATE TABLE prediction (
    fingerprint BLOB,           -- of the audio, in whatever file it is
    cache_key INTEGER,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    seconds REAL NOT NULL,      -- of audio that were analysed
    probabilities BLOB NOT NULL,  -- float32, in the order of the model's labels
    PRIMARY KEY (fingerprint, cache_key)
) WITHOUT ROWID;
CREATE TABLE file (             -- the stat key, and what is known of a file with it
    inode INTEGER, device INTEGER,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    path BLOB NOT NULL,         -- where it was seen last
    fingerprint BLOB NOT NULL,
    genres TEXT NOT NULL,       -- JSON list of those in its tag
    tag_error TEXT NOT NULL,    -- why its tags cannot be read
    seen REAL NOT NULL,         -- seconds since 1970, UTC
    PRIMARY KEY (inode, device)
) WITHOUT ROWID;
""",
        # why no genre could be written into the file
        "ALTER TABLE file ADD COLUMN refusal TEXT NOT NULL DEFAULT ''",
        # what its tag notes about where its genres came from
        "ALTER TABLE file ADD COLUMN genre_source TEXT NOT NULL DEFAULT ''",
        # two bytes a part of the track: the best label and its probability; empty: not known
        "ALTER TABLE prediction ADD COLUMN timeline BLOB NOT NULL DEFAULT x''",
    ),
)
