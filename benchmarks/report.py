"""The results of a benchmark as JSON, a table and a chart."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_report(found: Mapping[str, Any], folder: Path) -> str:
    """Write speed.json, speed.md and speed.png; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    text = _tables(found)
    (folder / "speed.md").write_text(text, "utf-8")
    _chart(found, folder / "speed.png")
    return text


def _tables(found: Mapping[str, Any]) -> str:
    machine, compared = found["machine"], found["comparison"]
    starts = found["starts"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    stages = found["stages"]
    lines = [
        "# Speed",
        "",
        f"{found['date']}, {machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}; {versions}; model: {found['model']}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| times as fast as the usual way, {compared['tracks']} MP3s of 3–5 minutes, start "
        f"included | **{compared['median_times_as_fast']}** (rounds: "
        f"{', '.join(map(str, compared['times_as_fast']))}) |",
        "| share of the wall time in which ONNX Runtime computes | "
        f"{compared['share_of_onnx_runtime']:.0%}; "
        f"{compared['share_of_onnx_runtime_once_running']:.0%} once it has its first tracks, after "
        f"{compared['seconds_to_the_first_tracks']} s |",
        "| share of the cores' time in which a process of the scan computes | "
        f"{compared['share_of_the_cores']:.0%} |",
        *(
            f"| `{name}` against `import typer` | {seconds / starts['import typer']:.1f} × |"
            for name, seconds in starts.items()
            if name != "import typer"
        ),
        "",
        f"The usual way (`usual.py`) analysed {compared['sample_of_the_usual_way']} tracks, drawn "
        "again in each round. Its time for all tracks is extrapolated: start-up plus the number of "
        "tracks times its mean time a track. Most tracks are copies of twenty generated files.",
        "",
        "Milliseconds a track, each stage alone in one process (writing with every flush):",
        "",
        "| | " + " | ".join(next(iter(stages.values()))) + " |",
        "| --- |" + " --- |" * len(next(iter(stages.values()))),
        *(
            f"| {kind} | " + " | ".join(f"{value:.2f}" for value in row.values()) + " |"
            for kind, row in stages.items()
        ),
        "",
    ]
    if found["growth"]:
        lines += [
            "Milliseconds a file as a library grows, start included (copies of MP3s of 4–6 s, one "
            "run each):",
            "",
            "| files | " + " | ".join(map(str, found["growth"])) + " |",
            "| --- |" + " --- |" * len(found["growth"]),
            "| ms a file | " + " | ".join(map(str, found["growth"].values())) + " |",
            "",
        ]
    return "\n".join(lines)


def _chart(found: Mapping[str, Any], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (fast, parts) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    compared = found["comparison"]
    fast.barh(["usual way", "genretag"], [1, compared["median_times_as_fast"]], color="#4477aa")
    fast.set_xlabel("tracks per second, usual way = 1")
    fast.bar_label(fast.containers[0], fmt="%.0f ×", padding=3, fontsize=9)
    fast.margins(x=0.12)
    fast.set_title(f"{compared['tracks']} MP3s of 3–5 minutes, start included", fontsize=10)
    left = dict.fromkeys(found["stages"], 0.0)
    for stage in next(iter(found["stages"].values())):
        values = {kind: row[stage] for kind, row in found["stages"].items()}
        parts.barh(list(values), list(values.values()), left=list(left.values()), label=stage)
        left = {kind: left[kind] + values[kind] for kind in left}
    parts.set_xlabel("milliseconds a track, stage by stage")
    figure.legend(loc="outside lower right", ncols=6, fontsize=8, frameon=False)
    machine = found["machine"]
    figure.suptitle(
        f"{machine['processor']}, {machine['cores']} cores, {found['date']}", fontsize=9
    )
    figure.savefig(file, dpi=120)
