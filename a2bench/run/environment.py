"""What a run was made with: A2Bench and its commit, Python, the machine, and the versions of packages that count."""

import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from a2bench.base.version import __version__

PACKAGES = (
    "av", "diffusers", "dlib-bin", "insightface", "numpy", "open_clip_torch", "opencv-python-headless", "pillow",
    "pydantic", "scipy", "torch", "torchvision", "transformers",
)  # fmt: skip


@cache
def environment() -> dict[str, Any]:
    """A JSON record of the environment of this process."""
    return {
        "a2bench": __version__,
        **_commit(),
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> dict[str, Any]:
    """Commit and dirty flag when A2Bench runs from a checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=30
        ).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):  # no git, or no commit yet
        return {"commit": None, "dirty": None}
