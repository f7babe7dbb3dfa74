"""``a2bench doctor``: what works on this machine, and what to do about the rest."""

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from importlib import metadata, util
from pathlib import Path

import click

from a2bench.assets.extras import install_line, pip
from a2bench.base.wrapping import wrapped

MARKS = {"ok": "ok     ", "warning": "WARNING", "problem": "PROBLEM"}


@dataclass(frozen=True)
class Finding:
    """One check. status: ``ok``, ``warning`` (some things will not work) or ``problem`` (nothing will).

    names: what it is about, where that is a list (metrics, weights).
    """

    check: str
    status: str
    text: str
    remedy: str = ""
    names: tuple[str, ...] = field(default=())


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def doctor_command(as_json: bool) -> int:
    """Check Python, torch, device, codecs (a clip is really made and read), weights, metrics, suites, disk and fonts.

    What a metric needs is really imported; one cause is one line.
    """
    findings = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:  # said at once: to import everything takes a while
            for line in _lines(finding):
                click.echo(line)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    return 1 if any(finding.status == "problem" for finding in findings) else 0


def _lines(finding: Finding) -> Iterator[str]:
    """A finding as it is told; a command to type is a line of its own and stays whole."""
    yield from wrapped(finding.text, " " * 19, f"{MARKS[finding.status]}  {finding.check:<8}  ")
    if finding.remedy:
        yield f"{'':19}-> {finding.remedy}"


def _findings() -> Iterator[Finding]:
    """Of all checks; checks that die themselves come last, those that die of one thing in one line."""
    broken = list(_packages())
    yield from broken
    died: dict[str, list[str]] = {}
    for name, check in CHECKS.items():
        if broken and name not in STANDALONE:
            continue
        try:
            yield from check()
        except (Exception, SystemExit) as error:  # what is broken is what is looked for
            if os.environ.get("A2BENCH_DEBUG"):
                raise
            died.setdefault(f"{type(error).__name__}: {' '.join(str(error).split())}", []).append(name)
    for why, names in died.items():
        remedy = "repair the package that says so; A2BENCH_DEBUG=1 a2bench doctor tells where it happens"
        text = f"{', '.join(names)} could not be checked: {why}"
        yield Finding(names[0], "problem", text, remedy, tuple(names))


def _python() -> Iterator[Finding]:
    from a2bench.base.resources import num_cores

    version = platform.python_version()
    yield Finding("python", "ok", f"{version} on {sys.platform} {platform.machine()}, {num_cores()} cores")


def _packages() -> Iterator[Finding]:
    """What A2Bench itself stands on."""
    from a2bench.assets.extras import packages_of_extras, reinstall_line
    from a2bench.cli.importing import failing_imports

    for module, why in failing_imports(packages_of_extras().get("", {})).items():
        yield Finding(
            "packages", "problem", f"the package {module!r} cannot be imported ({why})", reinstall_line(module)
        )


def _torch() -> Iterator[Finding]:
    """Nothing where torch is not here or broken: that is told by the metrics that need it."""
    from a2bench.cli.importing import failing_imports

    if util.find_spec("torch") is None or failing_imports(["torch"]):
        return
    import torch

    from a2bench.base.resources import device
    from a2bench.errors import InputError

    yield Finding("torch", "ok", metadata.version("torch"))
    try:
        name = device()
    except InputError as error:
        yield Finding("device", "problem", str(error), "unset A2BENCH_DEVICE")
        return
    if name.startswith("cuda"):
        free, total = torch.cuda.mem_get_info()
        text = f"{torch.cuda.get_device_name()}, {free / 1e9:.0f} of {total / 1e9:.0f} GB free"
        yield Finding("device", "ok", text)
    else:
        yield Finding("device", "ok", f"{name}; no CUDA device: controls and metrics run, large systems do not")


def _codecs() -> Iterator[Finding]:
    import numpy as np

    from a2bench.errors import A2BenchError
    from a2bench.model.video import Video, read_video, write_video

    ramp = np.linspace(0, 255, 8 * 64 * 96 * 3).reshape(8, 64, 96, 3).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        try:
            write_video(Video(ramp, Fraction(24000, 1001)), path)
            decoded = read_video(path)
        except (A2BenchError, OSError, ValueError, TypeError, AttributeError, ImportError) as error:
            remedy = f"reinstall PyAV from its wheel: {pip()} -U --only-binary :all: av"
            yield Finding("codecs", "problem", f"an H.264 clip cannot be written and read back: {error}", remedy)
            return
    error_per_pixel = float(np.abs(decoded.frames.astype(int) - ramp).mean())
    exact = decoded.frames.shape == ramp.shape and decoded.fps == Fraction(24000, 1001) and error_per_pixel < 6
    text = f"PyAV {metadata.version('av')}: wrote and decoded an H.264 clip, mean error {error_per_pixel:.1f} of 255"
    yield Finding("codecs", "ok" if exact else "problem", text)


def _metrics() -> Iterator[Finding]:
    from a2bench.cli.doctor_needs import damaged_weights, metric_needs

    whole, damaged = damaged_weights()
    if whole:
        yield Finding("weights", "ok", f"SHA-256 as in the manifest: {', '.join(whole)}", names=tuple(whole))
    needs = metric_needs(damaged)
    for cause in needs.causes:
        spoilt = cause.text in damaged.values() or "cannot be imported" in cause.text
        status = "problem" if spoilt else "warning"
        text = f"{', '.join(cause.metrics)}: {cause.text}"
        yield Finding("metrics", status, text, cause.remedy, cause.metrics)
    if needs.able:
        yield Finding("metrics", "ok", f"{len(needs.able)} can run: {', '.join(needs.able)}", names=needs.able)
    yield from _extras(needs.broken)


def _extras(told: dict[str, str]) -> Iterator[Finding]:
    """The extras that no metric needs; what is broken and told already is not told again."""
    from a2bench.assets.extras import reinstall_line
    from a2bench.cli.doctor_needs import EXTRAS, extra_needs

    needs = extra_needs(told)
    for module, (why, extras) in needs.broken.items():
        text = f"{', '.join(extras)}: the package {module!r} is installed but cannot be imported ({why})"
        yield Finding("extras", "problem", text, reinstall_line(module), tuple(extras))
    if needs.missing:
        texts = [f"{extra} ({EXTRAS[extra]}) lacks {', '.join(names)}" for extra, names in needs.missing.items()]
        names = tuple(needs.missing)
        yield Finding("extras", "warning", "; ".join(texts), install_line(",".join(names)), names)
    if needs.whole:
        text = "; ".join(f"{extra} ({EXTRAS[extra]})" for extra in needs.whole)
        yield Finding("extras", "ok", f"{text} can be imported", names=needs.whole)


def _checkpoints() -> Iterator[Finding]:
    from a2bench.assets.checkpoints import CHECKPOINTS, state
    from a2bench.errors import WeightsError

    for wanted in CHECKPOINTS.values():
        try:
            found = state(wanted)
        except WeightsError as error:
            yield Finding("systems", "warning", str(error), wanted.command)
            continue
        if found.status == "here":
            size = f"{found.bytes / 1e9:.1f} GB" if found.bytes else "complete"
            text = f"{wanted.name}: {size} in {found.folder}, not hashed now (`a2bench weights verify {wanted.name}`)"
            yield Finding("systems", "ok", text)
        else:
            what = "is not here" if found.status == "missing" else "was fetched only in part"
            yield Finding("systems", "warning", f"{wanted.name} ({wanted.what}) {what}", wanted.command)


def _plug_ins() -> Iterator[Finding]:
    """Whether what other packages bring can be loaded; metrics and their features are tried by `_metrics`."""
    from a2bench.base import registry
    from a2bench.cli.commands import broken_packages
    from a2bench.errors import A2BenchError

    broken: dict[str, list[str]] = {}
    kinds: tuple[registry.Kind, ...] = ("adapter", "metric", "feature")
    for kind in kinds:
        for name, why in registry.broken_packages(kind).items():
            broken.setdefault(why, []).append(name)
    for name, why in broken_packages().items():
        broken.setdefault(why, []).append(name)
    whole = []
    for name in registry.paths("adapter"):
        try:
            registry.load("adapter", name)
        except A2BenchError as error:
            broken.setdefault(str(error), []).append(name)
        else:
            whole.append(name)
    for why, names in broken.items():
        remedy = "uninstall or repair the package that brings it"
        yield Finding("plug-ins", "warning", f"{', '.join(names)}: {why}", remedy, tuple(names))
    if whole:
        yield Finding("adapters", "ok", ", ".join(whole), names=tuple(whole))


def _suites() -> Iterator[Finding]:
    from a2bench.errors import A2BenchError
    from a2bench.model.cases import load_suite, suite_paths

    for name in suite_paths():
        try:
            suite = load_suite(name)
        except A2BenchError as error:
            yield Finding("suites", "problem", str(error))
        else:
            yield Finding("suites", "ok", f"{name}: {len(suite.cases)} cases, revision {suite.revision}")


def _disk() -> Iterator[Finding]:
    from a2bench.base.data import cache_dir

    for what, folder in (("runs", Path.cwd()), ("cache", cache_dir())):
        there = folder
        while not there.exists():
            there = there.parent
        free = shutil.disk_usage(there).free
        text = f"{free / 1e9:.1f} GB free for {what} in {folder}"
        if not os.access(there, os.W_OK):
            yield Finding("disk", "warning", f"{folder} cannot be written", "choose another folder with --output")
        elif free < 2e9:
            yield Finding("disk", "warning", text, "free some space: a run of 200 videos takes about 0.5 GB")
        else:
            yield Finding("disk", "ok", text)


def _fonts() -> Iterator[Finding]:
    from PIL import ImageFont, features

    if features.check("freetype2"):
        font = ImageFont.load_default(size=16)
        yield Finding(
            "fonts",
            "ok",
            f"{' '.join(map(str, font.getname()))}, which comes with Pillow"
            if isinstance(font, ImageFont.FreeTypeFont)
            else "built-in bitmap font",
        )
    else:
        remedy = f"reinstall Pillow from its wheel: {pip()} -U --only-binary :all: pillow"
        yield Finding("fonts", "warning", "this Pillow has no FreeType: contact sheets get a small font", remedy)


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "python": _python,
    "torch": _torch,
    "codecs": _codecs,
    "metrics": _metrics,
    "systems": _checkpoints,
    "plug-ins": _plug_ins,
    "suites": _suites,
    "disk": _disk,
    "fonts": _fonts,
}
STANDALONE = ("python", "disk", "fonts")
"""Checks that still tell something where a package that A2Bench itself stands on is broken."""
