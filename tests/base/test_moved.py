"""What others wrote for 0.1.0 imports its names still, and they are the same objects."""

import subprocess
import sys
from importlib import import_module

import pytest

from a2bench.base.moved import MOVED


@pytest.mark.parametrize("old", MOVED)
def test_a_module_of_the_first_version_is_found(old: str) -> None:
    new = import_module(f"a2bench.{MOVED[old]}")
    there = import_module(f"a2bench.{old}")
    names = [name for name in vars(new) if not name.startswith("_")]
    assert all(getattr(there, name) is getattr(new, name) for name in names)


def test_an_adapter_of_the_first_version_runs_in_a_new_process() -> None:
    code = (
        "from a2bench.cases import Case\nfrom a2bench.systems import ModelMeta\nfrom a2bench import registry\n"
        "import a2bench.model.cases\nassert Case is a2bench.model.cases.Case\nprint(registry.load.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("a2bench.base.registry", "")


def test_other_names_are_missing_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'a2bench.caes'"):
        import_module("a2bench.caes")
