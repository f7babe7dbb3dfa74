"""Lists fit a terminal of 100 columns, and say which metrics are measured by default and how to get their weights."""

import io
import json
import re

import pytest

from a2bench.assets.weights import required_weights, weights_entry
from a2bench.base import registry
from tests.cli.conftest import Run


@pytest.mark.parametrize("command", [["metrics", "list"], ["systems", "list"], ["suites", "list"], ["weights", "list"]])
def test_a_list_fits_100_columns(a2bench: Run, command: list[str]) -> None:
    result = a2bench(*command)
    assert result.code == 0
    wide = [line for line in result.out.splitlines() if len(line) > 100]
    assert not [line for line in wide if not re.search(r"`[^`]{60,}`|\S{60,}", line)]  # what is copied stays whole


def test_metrics_list_says_which_are_default(a2bench: Run) -> None:
    lines = a2bench("metrics", "list").out.splitlines()
    for name in registry.paths("metric"):
        words = next(line for line in lines if line.split()[0] == name).split()
        assert (words[1] == "default") == registry.load("metric", name).info.default


def test_weights_fetch_default_gets_what_the_default_metrics_lack(
    a2bench: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(
        "a2bench.assets.weights_fetch.fetch", lambda entry, told: fetched.append(entry.name) or "fetched"
    )
    default = [row["name"] for row in json.loads(a2bench("metrics", "list", "--json").out) if row["default"]]
    lacking = {name for metric in default for name in required_weights(metric) if not weights_entry(name).is_here}
    assert a2bench("weights", "fetch", "default", "--yes").code == 0
    assert {name for name in fetched if not weights_entry(name).module} == {
        name for name in lacking if not weights_entry(name).module
    }
    assert lacking


@pytest.mark.parametrize(
    ("answer", "told"), [("", "nobody answered; say --yes to go on"), ("n\n", "as the answer was no"), ("y\n", "")]
)
def test_what_is_large_is_fetched_after_a_yes_only(
    answer: str, told: str, a2bench: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(
        "a2bench.assets.weights_fetch.fetch", lambda entry, told: fetched.append(entry.name) or "fetched"
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    result = a2bench("weights", "fetch", "raft-large-things")
    assert (result.code, fetched) == ((2, []) if told else (0, ["raft-large-things"]))
    assert told in result.err
