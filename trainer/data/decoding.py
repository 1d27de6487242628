"""From clips to strips, in several processes; no strip is made that is there already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from tagger.audio.decode import decode
from tagger.audio.frontend import Strip
from tagger.audio.pictures import SpectrogramPicture
from tagger.errors import DataError, TrackError, reason
from tagger.output.console import count_of, printable
from trainer.data import dataset as prepared
from trainer.data.images import is_picture, ready_picture
from trainer.data.manifest import Stamp, Stamps
from trainer.data.preparation import Preparation, Progress, Report
from trainer.data.sources import strip_files
from trainer.data.tracks_table import Row
from trainer.files import content_digest


def make_strips(
    source: Path,
    output: Path,
    rows: Sequence[Row],
    how: Preparation,
    stamps: Stamps,
    report: Report,
    progress: Progress,
) -> dict[str, Stamp]:
    """Make the strips that are not there; return the stamp of each file that could be decoded."""
    stamps.begin()
    strips = strip_files([row.file for row in rows])
    found = {
        stamp.file: stamp
        for stamp in stamps.known.values()
        if stamp.strip == strips.get(stamp.file) and stamp.is_current(source / stamp.file)
    }
    tasks = [
        # Absolute, since a process that decodes may stand elsewhere.
        _Task(
            source=source.absolute(),
            output=output.absolute(),
            file=file,
            strip=strip,
            known=stamps.known.get(file),
            how=how,
        )
        for file, strip in strips.items()
        if file not in found
    ]
    decoded = 0
    for done, (task, result) in enumerate(_in_processes(tasks, how.jobs), 1):
        progress(done, len(tasks), "clips")
        if isinstance(result, str):
            report(f"{printable(source / task.file)} {result}; left out")
            continue
        decoded += result.content != (task.known.content if task.known else None)
        found[task.file] = result
        stamps.add(result)
    stamps.finish(found.values())
    unchanged = len(found) - decoded
    report(
        f"{count_of(decoded, 'clip')} decoded, {unchanged} unchanged since the last time"
        if unchanged
        else f"{count_of(decoded, 'clip')} decoded"
    )
    return found


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One clip that may need a new strip."""

    source: Path
    output: Path
    file: str
    strip: str
    known: Stamp | None
    how: Preparation


def _in_processes(tasks: Sequence[_Task], jobs: int) -> Iterator[tuple[_Task, Stamp | str]]:
    """Yield what became of each task, in their order."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    results = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_prepare_clip)(task) for task in tasks
    )
    try:
        yield from zip(tasks, results, strict=True)
    except TerminatedWorkerError:
        raise DataError(
            "A clip, or want of memory, ended a process that decodes; what is done is kept, and "
            "with --jobs 1 the clip at fault ends the command alone."
        ) from None


def _prepare_clip(task: _Task) -> Stamp | str:
    """Write the strip of one clip, unless it is as before; return its stamp, or what is wrong."""
    clip, how = task.source / task.file, task.how
    try:
        if task.known and task.known.strip == task.strip and task.known.has_content_of(clip):
            status = clip.stat()
            return replace(task.known, size=status.st_size, mtime_ns=status.st_mtime_ns)
        strip, audio, seconds = _compute(clip, how)
        status = clip.stat()
        content = content_digest(clip)
    except TrackError as error:
        return str(error)
    except OSError as error:
        return f"cannot be read ({reason(error)})"
    except Exception as error:  # the next clip is not to suffer from what an odd one brings about
        return f"could not be analysed ({reason(error)})"
    prepared.save_strip(task.output / task.strip, strip, how.front_end.storage)
    return Stamp(
        file=task.file,
        strip=task.strip,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        content=content,
        audio=audio,
        seconds=seconds,
    )


def _compute(clip: Path, how: Preparation) -> tuple[Strip, str, float]:
    """Return the strip of a clip, or of a ready picture, a digest of it, and its seconds."""
    front_end = how.front_end
    if isinstance(front_end, SpectrogramPicture) and is_picture(clip):
        strip = ready_picture(clip, front_end)
        return strip, sha256(strip.tobytes()).hexdigest(), front_end.seconds
    samples = decode(clip, front_end.sample_rate, how.seconds)
    seconds = samples.size / front_end.sample_rate
    return front_end.compute(samples), sha256(samples.tobytes()).hexdigest(), seconds
