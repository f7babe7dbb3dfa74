"""Where the benchmark's data files are."""

from pathlib import Path


def data_dir(name: str) -> Path:
    """Return ``prompts/`` or ``references/``: inside the installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).parent
    for root in (package, package.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"no data folder {name!r} in {package} or {package.parent}")
