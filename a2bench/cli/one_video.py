"""``a2bench generate --prompt``: one video by hand, with a bar of its steps."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from a2bench.cli.interrupt import interruptible
from a2bench.errors import AdapterError, InputError
from a2bench.model.cases import ROLES, Role

ONLY_BY_HAND = ("character", "object", "background", "seed", "force")
ONLY_FOR_SUITES = (
    "suite", "variant", "language", "cases", "limit", "quick", "seeds", "workers",
    "retry", "fail_on_error", "verify", "dry_run", "why", "batch_size", "remake",
)  # fmt: skip


def refuse_mixture(ctx: click.Context, by_hand: bool) -> None:
    """Refuse options on the command line that belong to the other use of ``a2bench generate``.

    Raises:
        InputError: names the option.
    """
    for name in ONLY_FOR_SUITES if by_hand else ONLY_BY_HAND:
        if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise InputError(
                f"{option} is for the videos of a suite; leave it out, or leave --prompt out"
                if by_hand
                else f"{option} is for one video by hand; add --prompt, or leave it out"
            )


def make_by_hand(ctx: click.Context, given: dict[str, Any], model: str, options: dict[str, str], settings: Any) -> int:
    """Make the video that the command line asks for, and say where it is."""
    from a2bench.base.resources import worker_environment
    from a2bench.run.execute import LocalExecutor
    from a2bench.run.one_video import generate_video, system_meta
    from a2bench.show.progress import StepProgress, duration

    refuse_mixture(ctx, by_hand=True)
    output = given["output"]
    if output is None:
        raise InputError("--output is missing: name the video, such as -o out.mp4")
    silent = given["quiet"] or given["as_json"]
    environment = worker_environment(given["device"], given["batch_size"], given["offline"])
    departures = system_meta(model, options).departures(settings)
    if departures and not silent:
        click.echo(f"not native: {', '.join(departures.values())}", err=True)
    with (
        _kept_on_failure() as logs,
        interruptible(ctx, "nothing was written"),
        StepProgress(output.name, quiet=silent) as progress,
    ):
        executor = LocalExecutor(1, logs, timeout=given["timeout"], environment=environment, on_step=progress.step)
        made = generate_video(
            model,
            given["prompt"],
            _references(given),
            output,
            seed=given["seed"],
            settings=settings,
            options=options,
            force=given["force"],
            executor=executor,
        )
    if given["as_json"]:
        click.echo(json.dumps({"path": str(made.path), **made.record}, indent=2))
        return 0
    if not given["quiet"]:
        video = made.record["video"]
        click.echo(
            f"{video['num_frames']} frames of {video['width']}x{video['height']}, seed {made.record['seed']}, in "
            f"{duration(made.record['seconds'])}; how it was made: {made.record_path}",
            err=True,
        )
    for remark in made.record["remarks"]:
        click.echo(f"REMARK: {remark}", err=True)
    click.echo(str(made.path))
    return 0


def _references(given: dict[str, Any]) -> list[tuple[Role, Path]]:
    return [(role, path) for role in ROLES for path in given[role]]


@contextmanager
def _kept_on_failure() -> Iterator[Path]:
    """A folder for what the system prints; it stays, and is named, when the system breaks unexpectedly."""
    logs = Path(tempfile.mkdtemp(prefix="a2bench-"))
    log = logs / "worker-0.log"
    keep = False
    try:
        yield logs
    except AdapterError as error:
        notes = getattr(error, "__notes__", [])
        keep = bool(notes) or log.is_file() and log.stat().st_size > 0
        if keep:
            with log.open("a") as file:
                file.writelines(notes)
            raise AdapterError(f"{error}; what it printed is in {log}") from error
        raise
    finally:
        if not keep:
            shutil.rmtree(logs)
