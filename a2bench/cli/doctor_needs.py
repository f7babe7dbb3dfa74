"""What metrics and extras lack on this machine: each cause once, with everything that it keeps from working."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import util

from a2bench.assets.extras import packages_of_extras, reinstall_line, spoken
from a2bench.assets.weights import feature_infos, manifest, unmet_needs, verified_folder, weights_entry
from a2bench.base import registry
from a2bench.cli.importing import failing_imports
from a2bench.errors import A2BenchError, WeightsError
from a2bench.model.metrics import FeatureInfo
from a2bench.model.scores import MetricInfo

EXTRAS = {
    "e2v": "the included model SkyReels-A2",
    "human-eval": "a2bench rate",
    "leaderboard": "a2bench compare, board and submit",
    "postgresql": "studies on a PostgreSQL server",
}
"""Extras that no metric needs, and what needs them; what metrics lack is told with the metrics."""
_REASON = re.compile(r"(?P<what>.+?); type `(?P<remedy>[^`]+)`")


@dataclass(frozen=True)
class Cause:
    """One thing that is lacking, what to type, and the metrics that cannot run without it."""

    text: str
    remedy: str
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Needs:
    """Metrics that can run here, causes for the others, and what was imported in vain: package -> why."""

    able: tuple[str, ...]
    causes: tuple[Cause, ...]
    broken: dict[str, str]


def metric_needs(damaged: dict[str, str]) -> Needs:
    """Try for every metric whether its packages can be imported and its weights are here.

    Args:
        damaged: weights that are here but not as in the manifest, and why (`damaged_weights`).
    """
    wanted: dict[str, tuple[MetricInfo | FeatureInfo, ...]] = {}
    reasons: dict[str, list[tuple[str, str]]] = {}
    for name in registry.paths("metric"):
        try:
            wanted[name] = (registry.load("metric", name).info, *feature_infos(name))
            reasons[name] = [_parted(reason) for reason in unmet_needs(name)]
        except A2BenchError as error:
            reasons[name] = [(str(error), "uninstall or repair the package that brings it")]
    packages = {package for infos in wanted.values() for info in infos for package in info.packages}
    broken = failing_imports(sorted(package for package in packages if util.find_spec(package)))
    for name, infos in wanted.items():
        for info in infos:
            reasons[name] += [_of_broken(package, broken[package]) for package in info.packages if package in broken]
            reasons[name] += [(damaged[weights], "") for weights in info.weights if weights in damaged]
    return Needs(tuple(name for name, found in reasons.items() if not found), tuple(_grouped(reasons)), broken)


def damaged_weights() -> tuple[list[str], dict[str, str]]:
    """Names of all weights that are here and as in the manifest; those that are here but damaged, and why."""
    whole, damaged = [], {}
    for entry in manifest().values():
        if entry.is_here:
            try:
                verified_folder(entry.name)
            except WeightsError as error:
                damaged[entry.name] = spoken(str(error))
            else:
                whole.append(entry.name)
    return whole, damaged


@dataclass(frozen=True)
class ExtraNeeds:
    """Extras that no metric needs: whole ones; extra -> distributions that are missing; what else was found broken.

    broken: module -> why, and the extras that it keeps from working.
    """

    whole: tuple[str, ...]
    missing: dict[str, list[str]]
    broken: dict[str, tuple[str, list[str]]]


def extra_needs(known: dict[str, str]) -> ExtraNeeds:
    """Try for the extras of `EXTRAS` whether their packages can be imported.

    Args:
        known: packages that are known to be broken and have been told; they are not tried again.
    """
    extras = {extra: packages for extra, packages in packages_of_extras().items() if extra in EXTRAS}
    there = {module for packages in extras.values() for module in packages if _is_there(module)}
    failed = failing_imports(sorted(there - set(known)))
    lacking = {extra: [name for module, name in packages.items() if module not in there]
               for extra, packages in extras.items()}  # fmt: skip
    broken = {module: (why, [extra for extra in extras if module in extras[extra]]) for module, why in failed.items()}
    whole = tuple(
        extra for extra in extras if not lacking[extra] and not set(extras[extra]) & (set(known) | set(failed))
    )
    return ExtraNeeds(whole, {extra: names for extra, names in lacking.items() if names}, broken)


def _is_there(module: str) -> bool:
    """Whether a module can be found; of one inside a package, the package is imported for that."""
    try:
        return util.find_spec(module) is not None
    except ImportError:  # the package around it is not there
        return False


def _parted(reason: str) -> tuple[str, str]:
    """What is lacking and what to type, from a reason for an empty score."""
    found = _REASON.fullmatch(reason)
    if not found:
        return spoken(reason), ""
    text, remedy = found["what"], spoken(found["remedy"])
    if weights := re.fullmatch(r"needs weights '([^']+)'", text):
        entry = weights_entry(weights[1])
        text += f" ({entry.what}, {entry.bytes / 1e6:,.0f} MB)"
    return text, remedy


def _of_broken(package: str, why: str) -> tuple[str, str]:
    return f"the package {package!r} is installed but cannot be imported ({why})", reinstall_line(package)


def _grouped(reasons: dict[str, list[tuple[str, str]]]) -> Iterator[Cause]:
    """Causes with the same remedy are one; without a remedy, those with the same text."""
    groups: dict[str, tuple[dict[str, None], str, dict[str, None]]] = {}
    for name, found in reasons.items():
        for text, remedy in found:
            texts, _, names = groups.setdefault(remedy or text, ({}, remedy, {}))
            texts[text] = names[name] = None
    for texts, remedy, names in groups.values():
        yield Cause(_joined(texts), remedy, tuple(names))


def _joined(texts: Iterable[str]) -> str:
    """Several needs in one phrase: ``needs the package 'a'`` and ``... 'b'`` become ``needs the packages 'a', 'b'``."""
    listed = list(texts)
    packages = [found[1] for text in listed if (found := re.fullmatch(r"needs the package ('[^']+')", text))]
    if len(packages) == len(listed) > 1:
        return f"needs the packages {', '.join(packages)}"
    return "; ".join(listed)
