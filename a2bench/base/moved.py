"""Where modules of version 0.1.0 are now: what others wrote for it goes on working.

Adapters, metrics and scripts import their types from modules of that version. Each old name gives the names of the
module that has taken its place; new code imports from `a2bench` itself.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED = {
    "archives": "base.archives",
    "cases": "model.cases",
    "checkpoints": "assets.checkpoints",
    "conformance": "adapters.conformance",
    "counting": "base.counting",
    "harness": "run",
    "harness.execute": "run.execute",
    "harness.ledger": "results.ledger",
    "harness.one_video": "run.one_video",
    "harness.records": "model.records",
    "harness.request": "run.request",
    "harness.run": "run.stages",
    "harness.store": "run.store",
    "hashing": "base.hashing",
    "ledger": "model.ledger",
    "metrics": "model.metrics",
    "registry": "base.registry",
    "resources": "base.resources",
    "scores": "model.scores",
    "steps": "base.steps",
    "systems": "model.systems",
    "tiers": "model.tiers",
    "video": "model.video",
    "weights": "assets.weights",
}
"""Module of 0.1.0 below ``a2bench`` -> the one that has its names now."""


def place_of(name: str) -> str | None:
    """The module that a module of 0.1.0 is now, by their full names; None for any other name."""
    package, _, rest = name.partition(".")
    return f"a2bench.{MOVED[rest]}" if package == "a2bench" and rest in MOVED else None


class _Moved(MetaPathFinder, Loader):
    """Finds the old names after everybody else has failed to."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module in the place of an old one."""
        if place_of(fullname) is None:
            return None
        return ModuleSpec(fullname, self, is_package=fullname == "a2bench.harness")

    def exec_module(self, module: ModuleType) -> None:
        """Fill it with the names of the new one."""
        found = import_module(str(place_of(module.__name__)))

        def look_up(name: str) -> Any:
            return getattr(found, name)

        # Looked up when it is asked for: a name that a test or a user replaces is replaced for all.
        module.__dict__.update({"__getattr__": look_up, "__doc__": found.__doc__})


def keep_old_names() -> None:
    """Let the old names be imported, once for the process."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.append(_Moved())
