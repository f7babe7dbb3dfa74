"""Python environments for the set-up of the demo and for tests of packaging: interpreters, builds of torch, sizes.

Standard library only: these files run before anything is installed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""The Pythons that A2Bench is for."""


def interpreters() -> dict[str, Path]:
    """The supported Pythons of this machine, oldest first: version -> interpreter.

    Looked for on the path, among pyenv's and uv's; each is started once, since names on a path may be empty shims.
    """
    found: dict[str, Path] = {}
    for version in PYTHONS:
        for candidate in _candidates(version):
            if _version_of(candidate) == version:
                found[version] = candidate
                break
    return found


def _candidates(version: str) -> Iterator[Path]:
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        yield Path(getattr(sys, "_base_executable", sys.executable))
    if on_path := shutil.which(f"python{version}"):
        yield Path(on_path)
    folders = [
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python")),
    ]
    for folder in folders:
        for pattern in (f"{version}.*/bin/python{version}", f"cpython-{version}.*/bin/python{version}"):
            yield from sorted(folder.glob(pattern), reverse=True)


def _version_of(python: Path) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def uv() -> list[str]:
    """The command of uv: the checkout's own, or the one on the path.

    Raises:
        SystemExit: there is none; says what to type.
    """
    own = ROOT / ".venv/bin/uv"
    found = own if own.exists() else shutil.which("uv")
    if not found:
        sys.exit("uv is not here; type `make test` once, which sets up .venv with it, or `pip install uv`")
    return [str(found)]


def clean_environment(**more: str) -> dict[str, str]:
    """The variables for a command in another environment: nothing of this one leaks into it.

    Machines behind a proxy have its certificate in the system's store, where uv looks only when told; uv fetches no
    Python by itself; what is compiled once need not be compiled at every start.
    """
    left_out = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    kept = {
        name: value for name, value in os.environ.items() if name not in left_out and not name.startswith("A2BENCH_")
    }
    return {"UV_SYSTEM_CERTS": "1", "UV_HTTP_TIMEOUT": "180", "UV_PYTHON_DOWNLOADS": "never", **kept, **more}


def run(command: Sequence[str | Path], *, what: str, seconds: float | None = None) -> str:
    """Run a command in a clean environment and return what it printed.

    Raises:
        SystemExit: it failed; the message has its last lines.
    """
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=clean_environment(), text=True, timeout=seconds, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{what} failed (exit {done.returncode}):\n" + "\n".join(done.stdout.splitlines()[-25:]))
    return done.stdout


def gigabytes(folder: Path) -> float:
    """What a folder takes, hard links counted where they are."""
    return sum(path.lstat().st_size for path in folder.rglob("*")) / 1e9


@dataclass(frozen=True)
class Torch:
    """A build of torch that can be had here.

    kind: ``cpu`` or ``cuda``. why: what was chosen and from what, in a sentence.
    arguments: what uv has to be told.
    requirement: what pip has to install in place of the lock's torch, where pip alone is offered the build.
    """

    kind: str
    why: str
    arguments: tuple[str, ...] = ()
    requirement: str | None = None


def torch_build(python: Path, wanted: str, *, needs_torchvision: bool) -> Torch:
    """The smallest build of torch that this machine can use, among those that its package indexes offer.

    Args:
        python: an interpreter in the environment to be filled.
        wanted: a requirement, such as ``torch==2.15.0``.
        needs_torchvision: pip's own offers are then left out: an index's torchvision fits that index's torch alone.
    """
    if _has_gpu():
        return Torch("cuda", "this machine has an NVIDIA GPU: torch for CUDA")
    plan = _dry_run(python, [wanted])
    if plan is not None and not re.search(r"^ \+ nvidia-", plan, re.M):
        return Torch("cpu", "torch of the package index, which is for the CPU on this kind of machine")
    if _dry_run(python, [wanted, "--torch-backend=cpu"]) is not None:
        return Torch("cpu", "torch for the CPU, from PyTorch's own index", ("--torch-backend=cpu",))
    offered = [] if needs_torchvision else _offered_by_pip(python)
    if offered:
        why = f"torch {offered[0]}, which pip is offered here, since PyTorch's index cannot be reached"
        if f"torch=={offered[0].partition('+')[0]}" != wanted:
            why += f" (the lock has {wanted.removeprefix('torch==')})"
        return Torch("cpu", why, requirement=f"torch=={offered[0]}")
    return Torch(
        "cuda",
        "torch for CUDA, which this machine cannot use: no package index that can be reached from here offers a build "
        f"for the CPU and Python {_version_of(python)}; where PyTorch's own index can be reached, that one is taken",
    )


def _has_gpu() -> bool:
    """Whether NVIDIA's driver runs here."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    program = shutil.which("nvidia-smi")
    return program is not None and subprocess.run([program, "-L"], capture_output=True, check=False).returncode == 0


def _dry_run(python: Path, arguments: Iterable[str]) -> str | None:
    """What uv would install, or None where it cannot be had."""
    command = [
        *uv(),
        "pip",
        "install",
        "--dry-run",
        "--reinstall-package",
        "torch",
        "--python",
        str(python),
        *arguments,
    ]
    environment = clean_environment(UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="20")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    return done.stderr + done.stdout if done.returncode == 0 else None


def _offered_by_pip(python: Path) -> list[str]:
    """Versions of torch for the CPU that the indexes and folders of pip's own settings offer, newest first."""
    command = [str(python), "-m", "pip", "index", "versions", "torch"]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), check=False)
    found = re.search(r"^Available versions: (.*)$", done.stdout, re.M)
    return [version for version in found[1].split(", ") if version.endswith("+cpu")] if found else []


def locked(name: str) -> str:
    """The line of the lock for a package, such as ``torch==2.15.0``."""
    return next(line for line in LOCK.read_text("utf-8").splitlines() if line.startswith(f"{name}=="))


def constraints(folder: Path, *, without: Iterable[str] = ()) -> Path:
    """The lock as a file of constraints, without some packages."""
    left_out = tuple(f"{name}==" for name in without)
    lines = [line for line in LOCK.read_text("utf-8").splitlines() if not line.startswith(left_out)]
    path = folder / "constraints.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def installed(python: Path) -> dict[str, str]:
    """Package -> version in an environment."""
    listed = run([*uv(), "pip", "list", "--format", "json", "--python", python], what="listing packages")
    return {row["name"]: row["version"] for row in json.loads(listed[listed.index("[") :].splitlines()[0])}
