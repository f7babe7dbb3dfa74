"""Packages that metrics need: what to type for one that is missing, and what is said of one that cannot be imported.

Planning asks only whether a package can be found, because importing it may take seconds. That it is there and still
cannot be imported (a dependency is missing, a library is for another machine) shows when it is used.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from a2bench.assets.extras import neutral_line
from a2bench.errors import PackageError, first_line
from a2bench.model.metrics import FeatureInfo
from a2bench.model.scores import MetricInfo


def install_line(info: FeatureInfo | MetricInfo, package: str) -> str:
    """What to type to get a package that a feature or metric needs, as it stands in records (see ``extras``)."""
    if isinstance(info, FeatureInfo) and package in info.apart:
        return info.apart[package]
    extra = info.extra if isinstance(info, FeatureInfo) else "metrics"
    return neutral_line(extra)


def needed(module: str, info: FeatureInfo | MetricInfo) -> Any:
    """A module of one of the packages of ``info``, imported.

    Raises:
        PackageError: the import raised, whatever it was.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except Exception as error:
        raise PackageError(_complaint(info, package, error)) from error


def broken_import(infos: Iterable[FeatureInfo | MetricInfo], error: BaseException) -> str | None:
    """Why these features and metrics raised ``error``, if that is because a package cannot be imported; else None."""
    infos = list(infos)
    for info in infos:
        for package in info.packages:
            try:
                import_module(package)
            except Exception as found:
                return _complaint(info, package, found)
    # All can be imported, but one imports a part of itself, or of another package, later.
    missing = next((cause for cause in _causes(error) if isinstance(cause, ImportError)), None)
    if missing is None:
        return None
    for module in _modules(missing):
        for info in infos:
            if module.partition(".")[0] in info.packages:
                return _complaint(info, module.partition(".")[0], missing)
    return None


def _complaint(info: FeatureInfo | MetricInfo, package: str, error: BaseException) -> str:
    said = f"{type(error).__name__}: {first_line(error)}"
    return f"needs the package {package!r}, which cannot be imported ({said}); type `{install_line(info, package)}`"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _modules(error: BaseException) -> list[str]:
    """Names of the modules that an error passed through, the one that raised it first; then the one it names."""
    names, trace = [], error.__traceback__
    while trace is not None:
        names.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    named = error.name if isinstance(error, ImportError) and error.name else ""
    return [*reversed(names), named]
