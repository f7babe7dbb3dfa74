"""What to type so that an extra of A2Bench is installed into the very environment that runs this copy.

A wheel, a checkout and a file that was given to pip by name are installed by different lines: ``pip install
'a2bench[text]'`` in a checkout would ask a package index for another A2Bench, or for one that is not there.
"""

import json
import os
import re
import shlex
import shutil
import sys
from functools import cache
from importlib import metadata, util
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

NAME = "a2bench"
_NEUTRAL = re.compile(rf"pip install (?P<upgrade>-U )?'{NAME}\[(?P<extra>[a-z0-9,-]+)\]'")
_REQUIREMENT = re.compile(r"""(?P<name>[A-Za-z0-9._-]+)(.*;.*\bextra\s*==\s*['"](?P<extra>[^'"]+))?""")
_OTHER_NAMES = {
    "dlib-bin": "dlib",
    "markdown-it-py": "markdown_it",
    "open-clip-torch": "open_clip",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "protobuf": "google.protobuf",
}
"""Distribution -> what it is imported as, where that is not the name itself with underscores."""


def neutral_line(extra: str) -> str:
    """The line of an A2Bench that came from a package index; in records, which are read on other machines too."""
    return f"pip install '{NAME}[{extra}]'"


def install_line(extra: str, *, upgrade: bool = False) -> str:
    """The line that installs an extra beside this copy, wherever it is typed."""
    return " ".join([pip(), *(["-U"] if upgrade else []), *_what(extra)])


def spoken(text: str) -> str:
    """A text with every neutral line in it replaced by the one for this copy."""
    return _NEUTRAL.sub(lambda found: install_line(found["extra"], upgrade=bool(found["upgrade"])), text)


def pip() -> str:
    """``pip install`` where that means this environment; else the same said so that it does."""
    here = Path(sys.executable)
    if util.find_spec("pip") is None:
        return f"uv pip install --python {shlex.quote(_short(here))}"
    found = shutil.which("pip")
    if found and Path(found).parent == here.parent:
        return "pip install"
    return f"{shlex.quote(_short(here))} -m pip install"


def extra_of(module: str) -> str | None:
    """The extra that brings a package of this import name; None where none does, or nothing is installed."""
    found = [(len(packages), extra) for extra, packages in packages_of_extras().items() if extra and module in packages]
    return min(found)[1] if found else None  # the smallest: the build lists what `all` takes from the others too


@cache
def packages_of_extras() -> dict[str, dict[str, str]]:
    """Extra (none: ``""``) -> import name -> distribution of what it asks for itself.

    Empty where A2Bench is only on the path and not installed.
    """
    try:
        lines = metadata.requires(NAME) or []
    except metadata.PackageNotFoundError:
        return {}
    extras: dict[str, dict[str, str]] = {}
    for line in lines:
        found = _REQUIREMENT.match(line)
        if found and found["name"] != NAME:
            module = _OTHER_NAMES.get(found["name"], found["name"].replace("-", "_"))
            extras.setdefault(found["extra"] or "", {})[module] = found["name"]
    return extras


def reinstall_line(module: str) -> str:
    """The line that installs a package anew, whatever state it is in."""
    known = [packages[module] for packages in packages_of_extras().values() if module in packages]
    distribution = (known or metadata.packages_distributions().get(module) or [module])[0]
    flag = "--reinstall" if pip().startswith("uv") else "--force-reinstall --no-deps"
    return f"{pip()} {flag} {distribution}"


def _what(extra: str) -> list[str]:
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "metrics/a2bench_metrics").is_dir():
        where = "." if Path.cwd() == checkout else str(checkout)
        return ["-e", _quoted(f"{where}[{extra}]")]
    origin = _origin()
    return [_quoted(f"{NAME}[{extra}] @ {origin}" if origin else f"{NAME}[{extra}]")]


def _quoted(text: str) -> str:
    """In quotes always: shells differ in what they do with brackets."""
    return shlex.quote(text) if "'" in text else f"'{text}'"


def _origin() -> str | None:
    """The address that this copy was installed from by name (PEP 610), where it can still be had."""
    try:
        told = json.loads(metadata.distribution(NAME).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    url = str(told.get("url", ""))
    if version := told.get("vcs_info"):
        return f"{version['vcs']}+{url}@{version['commit_id']}"
    parts = urlsplit(url)
    return url if url and (parts.scheme != "file" or Path(url2pathname(parts.path)).exists()) else None


def _short(path: Path) -> str:
    """Relative where it lies below the current folder."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
