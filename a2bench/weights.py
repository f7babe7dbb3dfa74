"""Where the weights behind the metrics are, and whether they are the ones we mean.

One manifest (``weights.json``) names each file with its source, revision, SHA-256, size and licence. Weights that come
inside an installed package are found there without importing the package; weights from a hub lie in our cache after
``a2bench weights fetch``. A file is verified by its hash before its first use in a process.
"""

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from a2bench import registry
from a2bench.data import cache_dir
from a2bench.errors import UnknownNameError, WeightsError
from a2bench.hashing import file_sha256
from a2bench.metrics import FeatureInfo


class WeightsFile(BaseModel):
    """One file of weights.

    source: ``package:NAME==VERSION`` (inside an installed Python package) or ``hub:OWNER/NAME@REVISION``.
    file: path inside the package's folder or the hub repository.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    what: str
    source: Annotated[str, Field(pattern=r"^(package:[A-Za-z0-9._-]+==[0-9.]+|hub:[\w.-]+/[\w.-]+@[0-9a-f]{40})$")]
    module: str = ""
    """Import name of the package, for ``package:`` sources."""
    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: int
    licence: str
    commercial_use: bool

    @property
    def path(self) -> Path | None:
        """Where the file is on this machine, or None."""
        if self.source.startswith("package:"):
            spec = importlib.util.find_spec(self.module)
            folders = spec.submodule_search_locations if spec else None
            path = Path(next(iter(folders))) / self.file if folders else None
        else:
            path = cache_dir() / "weights" / self.name / Path(self.file).name
        return path if path and path.is_file() else None

    @property
    def remedy(self) -> str:
        """What to type to get the file."""
        if self.source.startswith("package:"):
            return f"pip install {self.source.removeprefix('package:')}"
        return f"a2bench weights fetch {self.name}"


@cache
def manifest() -> dict[str, WeightsFile]:
    """All weights by name."""
    text = (Path(__file__).parent / "weights.json").read_bytes()
    return {entry.name: entry for entry in TypeAdapter(list[WeightsFile]).validate_json(text)}


def weights_file(name: str) -> WeightsFile:
    """One entry of the manifest.

    Raises:
        UnknownNameError: nothing of that name.
    """
    if name not in manifest():
        raise UnknownNameError("weights", name, manifest())
    return manifest()[name]


@cache
def verified_weights(name: str) -> Path:
    """The path of a file of weights, verified once in this process.

    Raises:
        WeightsError: it is missing, or its bytes are not the ones of the manifest.
    """
    entry = weights_file(name)
    path = entry.path
    if path is None:
        raise WeightsError(f"weights {name!r} are not on this machine; type `{entry.remedy}`")
    if file_sha256(path) != entry.sha256:
        raise WeightsError(f"weights {name!r} at {path} were altered (SHA-256 differs); get them with `{entry.remedy}`")
    return path


def required_weights(metric: str) -> tuple[str, ...]:
    """Names of all weights that a metric needs, its features' included, in order and without repetition."""
    names = dict.fromkeys(registry.load("metric", metric).info.weights)
    for info in feature_infos(metric):
        names.update(dict.fromkeys(info.weights))
    return tuple(names)


def feature_infos(metric: str) -> list[FeatureInfo]:
    """The infos of all features that a metric needs, those that features need themselves included."""
    infos: dict[str, FeatureInfo] = {}
    waiting = list(registry.load("metric", metric).info.features)
    while waiting:
        name = waiting.pop()
        if name not in infos:
            infos[name] = registry.load("feature", name).info
            waiting += infos[name].features
    return [infos[name] for name in sorted(infos)]


def unmet_needs(metric: str) -> list[str]:
    """A reason with its remedy for each package and each file of weights that a metric needs and this machine lacks."""
    packages = dict.fromkeys(registry.load("metric", metric).info.packages, "metrics")
    for info in feature_infos(metric):
        packages |= dict.fromkeys(info.packages, info.extra)
    reasons = [
        f"needs the package {package!r}; type `pip install 'a2bench[{extra}]'`"
        for package, extra in packages.items()
        if importlib.util.find_spec(package) is None
    ]
    entries = [weights_file(name) for name in required_weights(metric)]
    reasons += [f"needs weights {entry.name!r}; type `{entry.remedy}`" for entry in entries if entry.path is None]
    return reasons


def fetch(entry: WeightsFile) -> Path:
    """Download one file from its hub into our cache; an interrupted download goes on where it stopped.

    Raises:
        WeightsError: it comes from a package, the disk is too small, the network is closed or fails, or the bytes are
            not the ones of the manifest.
    """
    if entry.source.startswith("package:"):
        raise WeightsError(f"weights {entry.name!r} come inside a package; type `{entry.remedy}`")
    if os.environ.get("A2BENCH_OFFLINE"):
        raise WeightsError(f"weights {entry.name!r} are not here and the network is closed (A2BENCH_OFFLINE is set)")
    folder = cache_dir() / "weights" / entry.name
    _require_space(entry, folder)
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise WeightsError("fetching from a hub needs a package; type `pip install 'a2bench[text]'`") from None
    repository, _, revision = entry.source.removeprefix("hub:").partition("@")
    try:
        path = Path(hf_hub_download(repository, entry.file, revision=revision, local_dir=folder))
    except (OSError, ValueError, RuntimeError) as error:  # hub, network and disk errors all derive from these
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(
            f"weights {entry.name!r} could not be fetched from {entry.source}: {reason}; run the command again to go "
            f"on, or put the file {entry.file} of that revision into {folder} by hand"
        ) from error
    if file_sha256(path) != entry.sha256:
        path.unlink()
        raise WeightsError(
            f"weights {entry.name!r} from {entry.source} have another SHA-256 than the manifest; not kept"
        )
    return path


def _require_space(entry: WeightsFile, folder: Path) -> None:
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < entry.bytes * 1.05:
        raise WeightsError(
            f"weights {entry.name!r} need {entry.bytes / 1e6:.0f} MB, but {folder} has {free / 1e6:.0f} MB free; "
            "make room or set A2BENCH_CACHE to a folder on a larger disk"
        )
