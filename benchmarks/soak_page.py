"""The figures of `soak.py` as a page for people."""

from typing import Any


def page(report: dict[str, Any]) -> str:
    """Return a report as a page for people."""
    library, cache = report["library"], report["cache"]
    good = library["files"] - library["broken"]
    lines = [
        "# A large library, broken files and a kill",
        "",
        f"Measured on {report['date']}, on {report['cores']} cores that other programs were using,"
        f" with Python {report['python']}: `python benchmarks/soak.py --files {library['files']}`.",
        "Times are those of a busy machine; memory, counts and processor seconds are not touched by"
        " that.",
        "",
        f"{library['files']:,} short MP3s, {library['broken']:,} of them broken, and a tiny model:",
        "",
        "| command | seconds | main process, MB: early, late | workers, MB | most descriptors |"
        " processes left |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in library["commands"]:
        # The beginning is imports, and in the end the program is gone.
        early, late = one["peaks"][len(one["peaks"]) // 3], max(one["peaks"][-4:])
        lines.append(
            f"| {one['name']} | {one['seconds']} | {early}, {late} | {one['workers_mb']} |"
            f" {max(one['descriptors'])} | {one['processes_left']} |"
        )
    lines += [
        "",
        f"- When the first scan was killed, {library['cached when it was killed']:,} recordings"
        " were in the cache. The scan after it analysed the others:"
        f" {library['cached by the scan after it']:,} then, since broken files with the same bytes"
        f" are one. The second scan analysed {library['cached by the second scan']}.",
        f"- The table has {library['rows of the table']:,} rows for {library['files in it']:,}"
        f" files. Of {library['new files']} new files, `--new` listed {library['rows of --new']}.",
        f"- After `apply`: {_counts(library['after apply'])}, of {good:,} that could get a genre"
        " (files that are cut short may be among those that hold one).",
        f"- After `undo`: {_counts(library['after undo'])}; temporary files left:"
        f" {library['temporary files left']}.",
        "",
        f"A cache of {cache['rows']:,} rows, filled by hand, takes {cache['MB on disk']} MB on disk"
        f" ({cache['bytes a row']} bytes a row). In processor seconds:",
        "",
        "| | seconds |",
        "| --- | --- |",
    ]
    for name, value in cache.items():
        if name.startswith("seconds to "):
            lines.append(f"| {name.removeprefix('seconds to ')} | {value} |")
    return "\n".join(lines) + "\n"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())
