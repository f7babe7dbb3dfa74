"""``a2bench doctor``: what works on this machine, and what to do about the rest."""

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib import metadata, util
from pathlib import Path

import click


@dataclass(frozen=True)
class Finding:
    """One check. status: ``ok``, ``warning`` (some things will not work) or ``problem`` (nothing will)."""

    check: str
    status: str
    text: str
    remedy: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def doctor_command(as_json: bool) -> int:
    """Check Python, torch, device, codecs (a clip is really written and decoded), weights, suites, disk and fonts."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python, _torch, _codecs, _weights, _checkpoints, _plug_ins, _suites, _disk, _fonts,
    )  # fmt: skip
    findings = [finding for check in checks for finding in check()]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        marks = {"ok": "ok     ", "warning": "WARNING", "problem": "PROBLEM"}
        for finding in findings:
            click.echo(f"{marks[finding.status]}  {finding.check:<8}  {finding.text}")
            if finding.remedy:
                click.echo(f"                   -> {finding.remedy}")
    return 1 if any(finding.status == "problem" for finding in findings) else 0


def _python() -> Iterator[Finding]:
    from a2bench.resources import num_cores

    version = platform.python_version()
    yield Finding("python", "ok", f"{version} on {sys.platform} {platform.machine()}, {num_cores()} cores")


def _torch() -> Iterator[Finding]:
    if util.find_spec("torch") is None:
        yield Finding("torch", "warning", "not installed: metrics with networks stay unscored", _EXTRA)
        return
    import torch

    from a2bench.errors import InputError
    from a2bench.resources import device

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


_EXTRA = "pip install 'a2bench[metrics]'"


def _codecs() -> Iterator[Finding]:
    import numpy as np

    from a2bench.errors import A2BenchError
    from a2bench.video import Video, read_video, write_video

    ramp = np.linspace(0, 255, 8 * 64 * 96 * 3).reshape(8, 64, 96, 3).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        try:
            write_video(Video(ramp, Fraction(24000, 1001)), path)
            decoded = read_video(path)
        except (A2BenchError, OSError, ValueError) as error:
            remedy = "reinstall PyAV from its wheel: pip install --force-reinstall --only-binary :all: av"
            yield Finding("codecs", "problem", f"an H.264 clip cannot be written and read back: {error}", remedy)
            return
    error_per_pixel = float(np.abs(decoded.frames.astype(int) - ramp).mean())
    exact = decoded.frames.shape == ramp.shape and decoded.fps == Fraction(24000, 1001) and error_per_pixel < 6
    text = f"PyAV {metadata.version('av')}: wrote and decoded an H.264 clip, mean error {error_per_pixel:.1f} of 255"
    yield Finding("codecs", "ok" if exact else "problem", text)


def _weights() -> Iterator[Finding]:
    from a2bench.errors import WeightsError
    from a2bench.weights import manifest, verified_folder

    for entry in manifest().values():
        if not entry.is_here:
            yield Finding("weights", "warning", f"{entry.name} ({entry.what}) is not here", entry.remedy)
            continue
        try:
            verified_folder(entry.name)
        except WeightsError as error:
            yield Finding("weights", "problem", str(error))
        else:
            yield Finding("weights", "ok", f"{entry.name}: {entry.what}, SHA-256 as in the manifest")


def _checkpoints() -> Iterator[Finding]:
    from a2bench.checkpoints import CHECKPOINTS, state
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
    from a2bench import registry
    from a2bench.errors import A2BenchError

    kinds: tuple[registry.Kind, ...] = ("adapter", "metric", "feature")
    for kind in kinds:
        broken = [f"{name}: {error}" for name, error in registry.broken_packages(kind).items()]
        for name in registry.paths(kind):
            try:
                registry.load(kind, name)
            except A2BenchError as error:
                broken.append(f"{name}: {error}")
        if broken:
            remedy = "uninstall or repair the package that brings it"
            yield Finding(f"{kind}s", "warning", "; ".join(broken), remedy)
        else:
            yield Finding(f"{kind}s", "ok", ", ".join(registry.paths(kind)) or "none")


def _suites() -> Iterator[Finding]:
    from a2bench.cases import load_suite, suite_paths
    from a2bench.errors import A2BenchError

    for name in suite_paths():
        try:
            suite = load_suite(name)
        except A2BenchError as error:
            yield Finding("suites", "problem", str(error))
        else:
            yield Finding("suites", "ok", f"{name}: {len(suite.cases)} cases, revision {suite.revision}")


def _disk() -> Iterator[Finding]:
    from a2bench.data import cache_dir

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
        remedy = "reinstall Pillow from its wheel: pip install --force-reinstall --only-binary :all: pillow"
        yield Finding("fonts", "warning", "this Pillow has no FreeType: contact sheets get a small font", remedy)
