"""`a2bench systems`: list the systems that can be evaluated, show one, and check one's own adapter."""

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from a2bench.base import registry
from a2bench.base.invalid import complaint
from a2bench.errors import A2BenchError, InputError

if TYPE_CHECKING:
    from a2bench.adapters.conformance import Check
    from a2bench.model.systems import NativeSettings

MARKS = {"pass": "ok  ", "fail": "FAIL", "note": "note"}


@click.group("systems")
def systems_group() -> None:
    """List systems, show one, check your own adapter."""


@systems_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List every installed system; one that cannot be loaded is listed with its error."""
    rows = installed_systems()
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    from a2bench.base.wrapping import wrapped

    keys = ("name", "kind", "device")
    table = [keys] + [tuple(str(row.get(key, "-")) for key in keys) for row in rows]
    widths = [max(len(cells[i]) for cells in table) for i in range(len(keys))]
    texts = ["description; licence"] + [
        f"broken: {row['error']}" if "error" in row else f"{row['description']}; {row['licence']}" for row in rows
    ]
    for cells, text in zip(table, texts, strict=True):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + "  "
        first, *more = wrapped(text, " " * len(padded))
        for line in (padded + first.lstrip(), *more):
            click.echo(line)


@systems_group.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(name: str, as_json: bool) -> None:
    """Show what the system NAME (or MODULE:CLASS) says about itself, and its options."""
    import inspect

    try:
        factory = registry.load("adapter", name)
        meta = factory.meta.model_dump(mode="json")
    except A2BenchError:
        raise
    except Exception as error:
        raise InputError(f"system {name!r} cannot be shown: {_one_line(error)}; see `a2bench systems check`") from None
    parameters = inspect.signature(factory).parameters.values()
    options = {p.name: None if p.default is p.empty else p.default for p in parameters}
    required = [p.name for p in parameters if p.default is p.empty]
    if as_json:
        click.echo(json.dumps({**meta, "options": options, "required_options": required}, indent=1))
        return
    from a2bench.base.wrapping import wrapped

    width = max(len(key) for key in meta)
    for key, value in {**meta, "native": native_text(factory.meta.native)}.items():
        if value not in ("", None):
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            shown = ("no", "yes")[value] if isinstance(value, bool) else shown
            for line in wrapped(shown, " " * (width + 2), f"{key.replace('_', ' '):{width}}  "):
                click.echo(line)
    for option, default in options.items():
        state = "required" if option in required else "optional" if default is None else f"default {default!r}"
        click.echo(f"{'option':{width}}  --set {option}=...  ({state})")
    click.echo(f"\n{inspect.cleandoc(factory.__doc__ or '')}")


@systems_group.command("template")
def template_command() -> None:
    """Print a working adapter to start from: `a2bench systems template > my_system.py`."""
    path = Path(__file__).parent.parent / "adapters" / "template.py"
    click.echo(path.read_text(encoding="utf-8"), nl=False)


@systems_group.command("check")
@click.argument("name")
@click.option("--set", "options", multiple=True, metavar="KEY=VALUE", help="An option of the system; repeatable.")
@click.option("--size", default="128x96", show_default=True, help="Frame size to try, if that one is too small for it.")
@click.option("--frames", default=9, show_default=True, help="Number of frames to try.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_command(name: str, options: tuple[str, ...], size: str, frames: int, as_json: bool) -> None:
    """Check the adapter NAME or MODULE:CLASS on two tiny cases; exit code 0 if it keeps all promises, else 1."""
    from a2bench.adapters.conformance import check_adapter, passed

    checks = tell_checks(check_adapter(name, _parsed(options), _settings(size, frames)), "system", name, as_json)
    if not passed(checks):
        raise click.exceptions.Exit(1)


def tell_checks(found: Iterable["Check"], kind: str, name: str, as_json: bool) -> list["Check"]:
    """Print each promise as it is tried, and a verdict; gives them all."""
    from a2bench.adapters.conformance import passed

    checks = []
    for check in found:
        checks.append(check)
        if not as_json:
            click.echo(f"{MARKS[check.status]}  {check.name}" + (f": {check.found}" if check.found else ""))
            if check.advice:
                click.echo(f"      -> {check.advice}")
    good = passed(checks)
    if as_json:
        listed = [{key: value for key, value in vars(check).items() if value} for check in checks]
        click.echo(json.dumps({kind: name, "passed": good, "checks": listed}, indent=1))
    else:
        click.echo(f"{name} passes" if good else f"{name} fails; the harness would not work with it")
    return checks


def installed_systems() -> list[dict[str, Any]]:
    """One row per system: its meta and where it is defined, or the error that came in the way."""
    rows: list[dict[str, Any]] = []
    for name, path in registry.paths("adapter").items():
        try:
            meta = registry.load("adapter", name).meta.model_dump(mode="json")
            rows.append({**meta, "name": name, "path": path})
        except Exception as error:  # anybody's package: whatever is wrong with it, the list goes on
            rows.append({"name": name, "path": path, "error": _one_line(error)})
    for point, reason in registry.broken_packages("adapter").items():
        rows.append({"name": point.partition(" ")[0], "path": point, "error": reason})
    return rows


def native_text(native: "NativeSettings | None") -> str:
    """What a system was released for, such as ``832x480, 69 frames at 15 fps; lengths: 4k+1 frames``."""
    if native is None:
        return ""
    made = native.settings()
    length = f"{native.seconds:g} s" if native.seconds else f"{made.num_frames} frames"
    limits = f"; lengths: {native.allowed_text()}" if native.lengths or native.frames_step > 1 else ""
    return f"{made.width}x{made.height}, {length} at {made.fps} fps{limits}"


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, A2BenchError) else f"{type(error).__name__}: {text}"


def _parsed(options: tuple[str, ...]) -> dict[str, str]:
    parsed = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key.isidentifier():
            raise click.UsageError(f"--set {option}: expected key=value")
        parsed[key] = value
    return parsed


def _settings(size: str, frames: int) -> Any:
    from pydantic import ValidationError

    from a2bench.model.systems import GenerationSettings

    try:
        width, height = (int(side) for side in size.lower().split("x"))
        return GenerationSettings(width=width, height=height, num_frames=frames, fps=Fraction(8))
    except ValidationError as error:
        raise click.UsageError(complaint(error).text()) from None
    except ValueError:
        raise click.UsageError(f"--size {size}: expected WIDTHxHEIGHT, as 128x96") from None
