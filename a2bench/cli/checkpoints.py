"""What ``a2bench weights`` says and does about the checkpoints of systems."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from a2bench.assets.checkpoints import CHECKPOINTS, Checkpoint, read_record, state, verify
from a2bench.cli.asking import ask_or_stop
from a2bench.errors import InputError, UnknownNameError


def take_checkpoints(
    names: tuple[str, ...], one_only: Mapping[str, object]
) -> tuple[list[Checkpoint], tuple[str, ...]]:
    """Take the checkpoints out of a list of names of weights.

    Raises:
        InputError: an option of ``one_only`` was given, and it is not for exactly one checkpoint.
        UnknownNameError: nothing of a name.
    """
    from a2bench.assets.weights import manifest

    for name in names:
        if name not in CHECKPOINTS and name not in manifest():
            raise UnknownNameError("weights", name, [*manifest(), *CHECKPOINTS])
    taken = [CHECKPOINTS[name] for name in dict.fromkeys(names) if name in CHECKPOINTS]
    for option, value in one_only.items():
        if value is not None and (len(taken) != 1 or len(names) != 1):
            raise InputError(f"{option} is for one checkpoint; name one of {', '.join(CHECKPOINTS)} and nothing else")
    return taken, tuple(name for name in names if name not in CHECKPOINTS)


def checkpoint_rows() -> list[dict[str, Any]]:
    """Every checkpoint for ``--json``."""
    rows = []
    for wanted in CHECKPOINTS.values():
        found = state(wanted)
        rows.append(
            {
                "name": wanted.name,
                "what": wanted.what,
                "source": f"hub:{wanted.repository}" + (f"@{found.revision}" if found.revision else ""),
                "licence": wanted.licence,
                "commercial_use": wanted.commercial_use,
                "bytes": found.bytes,
                "gigabytes": wanted.gigabytes,
                "here": found.status == "here",
                "status": found.status,
                "folder": str(found.folder) if found.status != "missing" else None,
                "remedy": wanted.command,
            }
        )
    return rows


def checkpoint_lines() -> Iterator[str]:
    """Every checkpoint for people."""
    for row in checkpoint_rows():
        use = "commercial use permitted" if row["commercial_use"] else "NOT for commercial use"
        known = CHECKPOINTS[row["name"]].size
        size = f"{row['bytes'] / 1e9:.1f} GB" if row["bytes"] else known or "size: the hub says"
        yield f"{row['status']:<11}  {row['name']:<18} {size:>18}  {row['what']}"
        yield f"             {row['source']}; {row['licence']}, {use}"
        yield f"             in {row['folder']}" if row["here"] else f"             -> {row['remedy']}"


def fetch_checkpoint(
    wanted: Checkpoint, from_: str | None, to: Path | None, revision: str | None, *, yes: bool
) -> None:
    """Say what will come, ask, fetch it and say where it is."""
    from a2bench.assets.checkpoints_fetch import fetch, listing, missing_files, source

    origin, target = source(from_), (to or wanted.folder).expanduser()
    record = listing(wanted, origin, target, revision)
    at = f"commit {record.revision}" if record.revision else "a folder of unknown commit"
    click.echo(f"{wanted.name}: {wanted.what}, {record.repository} at {at}, from {origin.text}", err=True)
    click.echo(f"  {len(record.files)} files, {record.bytes / 1e9:.2f} GB, into {target}", err=True)
    click.echo(f"  licence: {record.licence}", err=True)
    if not wanted.commercial_use:
        click.echo("  NOT for commercial use", err=True)
    with _bar("checking what is here") as told:
        missing = missing_files(record, target, told) if target.exists() else tuple(record.files)
    size = sum(record.files[path].bytes for path in missing)
    if missing:
        click.echo(f"  to fetch: {len(missing)} files, {size / 1e9:.2f} GB", err=True)
        if not yes:
            ask_or_stop(f"fetch {size / 1e9:.2f} GB?")
    with _bar("fetching") as told:
        folder = fetch(record, missing, origin, target, told)
    click.echo(f"{wanted.name}: {'complete' if missing else 'is here already'}, every file verified", err=True)
    click.echo(str(folder))


def verify_checkpoint(wanted: Checkpoint, folder: Path | None) -> bool:
    """Hash a checkpoint's files, say what is wrong, and return whether nothing is."""
    folder = (folder or wanted.folder).expanduser()
    to = f" --to {folder}" if folder != wanted.folder else ""
    if read_record(folder) is None and not folder.is_dir():
        click.echo(f"missing  {wanted.name}  -> {wanted.command}{to}")
        return False
    done = 0
    with _bar("hashing") as told:
        record = read_record(folder)

        def add(number: int) -> None:
            nonlocal done
            done += number
            told(done, record.bytes if record else done)

        wrong = dict(verify(folder, add))
    for path, complaint in wrong.items():
        click.echo(f"DAMAGED  {wanted.name}: {folder / path} {complaint}  -> {wanted.command}{to}")
    if not wrong:
        click.echo(f"ok       {wanted.name}")
    return not wrong


class _bar:
    """Bytes so far on stderr: one line that moves on a terminal, a line every half a minute elsewhere."""

    def __init__(self, what: str) -> None:
        self.what, self.last, self.started, self.first = what, 0.0, time.monotonic(), -1
        self.terminal = sys.stderr.isatty()

    def __enter__(self) -> Callable[[int, int], None]:
        return self._told

    def __exit__(self, *_: object) -> None:
        if self.terminal and self.last:
            click.echo(err=True)

    def _told(self, done: int, total: int) -> None:
        from a2bench.show.progress import duration

        now = time.monotonic()
        if self.first < 0:
            self.first, self.started = done, now
        if now - (self.last or self.started) < (0.2 if self.terminal else 30) and done < total:
            return
        self.last = now
        speed = (done - self.first) / (now - self.started) if now > self.started else 0
        left = f", {speed / 1e6:.0f} MB/s, about {duration((total - done) / speed)} left" if speed else ""
        text = f"{self.what}: {done / 1e9:.2f} of {total / 1e9:.2f} GB{left}"
        click.echo(f"\r{text:<79}" if self.terminal else text, err=True, nl=not self.terminal)
