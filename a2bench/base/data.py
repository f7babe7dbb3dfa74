"""Where the benchmark's data files are: those that come with it, and those that were fetched into our cache."""

import os
from pathlib import Path

import platformdirs


def data_dir(name: str) -> Path:
    """Return ``prompts/`` or ``references/``: inside the installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).parents[1]
    for root in (package, package.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"no data folder {name!r} in {package} or {package.parent}")


def cache_dir() -> Path:
    """Our folder for files that can be fetched again: ``A2BENCH_CACHE``, or the platform's cache folder."""
    return Path(os.environ.get("A2BENCH_CACHE") or platformdirs.user_cache_dir("a2bench"))


def fetched_path(sha256: str, suffix: str) -> Path:
    """Where a fetched image lies: under the hash of its bytes, whatever suites name it."""
    return cache_dir() / "references" / sha256[:2] / f"{sha256}{suffix.lower()}"


def fetched_image(sha256: str, suffix: str) -> Path | None:
    """The fetched image of that hash, or None. It was verified when it was fetched."""
    path = fetched_path(sha256, suffix)
    return path if path.is_file() else None


def data_file(folder: str, *parts: str) -> Path | None:
    """A file of a component's folder, such as ``metrics/cards/niqe.md``; None if it is not there.

    In a checkout it lies in that folder; in a wheel, what is shipped of it lies in the package itself.
    """
    package = Path(__file__).parents[1]
    found = (package.parent.joinpath(folder, *parts), package.joinpath(*parts))
    return next((path for path in found if path.is_file()), None)
