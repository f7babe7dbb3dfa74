"""What a board says of its methods: the card of every metric, its facts, and what changed since its first version."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from a2bench.assets.weights import required_weights, weights_entry
from a2bench.base import registry
from a2bench.base.changes import Kind, changes_of
from a2bench.base.data import data_file
from a2bench.model.scores import MetricInfo
from a2bench_leaderboard.columns import Column


def board_methods(columns: Sequence[Column], suite: str) -> dict[str, Any]:
    """What inputs say of methods, so that a board can be read where its metrics are not installed.

    ``metrics``: by name of a column, what the installed metric says of itself, with its card; metrics that are not
    installed here are not in it. ``changes``: of everything that the board's numbers depend on, newest first.
    """
    return {
        "metrics": {
            column.name: _facts(column.name)
            for column in columns
            if not column.is_summary and column.name in registry.paths("metric")
        },
        "changes": changes_of(_methods_of(columns, suite)),
    }


def _methods_of(columns: Sequence[Column], suite: str) -> Iterable[tuple[Kind, str]]:
    yield "suite", suite
    yield "summary", "summary"
    yield "statistics", "statistics"
    for column in columns:
        if not column.is_summary:
            yield "metric", column.name
            for feature in feature_versions(column.made_by):
                yield "feature", feature


def feature_versions(made_by: str) -> dict[str, str]:
    """Version and back-end of each feature behind a column, by the feature's name."""
    features: dict[str, str] = json.loads(made_by).get("features", {}) if made_by.startswith("{") else {}
    return features


def _facts(name: str) -> dict[str, Any]:
    info: MetricInfo = registry.load("metric", name).info
    card = data_file("metrics", "cards", f"{name}.md")
    return {
        "version": info.version,
        "roles": list(info.roles),
        "licence": info.licence,
        "paper": info.paper,
        "protocol": [limit.demand() for limit in info.protocol],
        "expectations": [expectation.text for expectation in info.expectations],
        "weights": [
            {key: getattr(entry, key) for key in ("name", "what", "source", "licence", "commercial_use")}
            for entry in map(weights_entry, required_weights(name))
        ],
        "card": card.read_text(encoding="utf-8") if card else None,
    }
