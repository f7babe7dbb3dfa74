"""Results for Every Eval Ever: what its schema 0.3.0 asks for, and no number that the board does not have.

The rules are those of ``every_eval_ever/schemas/eval.schema.json`` and ``validator/validation_core.py`` of
github.com/evaleval/every_eval_ever at 9bce413 that concern what we write, in our own words.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from a2bench.base.files import file_key
from a2bench.model.cases import load_suite
from a2bench_leaderboard.board.document import board_document
from a2bench_leaderboard.board.every_eval_ever import every_eval_ever_files
from a2bench_leaderboard.board.inputs import board_inputs

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import METRICS, Demo, write_demo_run  # noqa: E402

MINI = load_suite("a2bench-mini")
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these properties and no others."""
    properties = required | optional
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


INTERVAL = closed({"lower": NUMBER, "upper": NUMBER}, confidence_level={"type": "number", "maximum": 1}, method=TEXT)
WHOLE = {"type": "integer"}
RESULT = closed(
    {
        "evaluation_name": TEXT,
        "source_data": closed(
            {"dataset_name": TEXT, "source_type": {"enum": ["other"]}}, additional_details=TEXTS
        ),
        "metric_config": closed(
            {
                "lower_is_better": {"type": "boolean"},
                "score_type": {"enum": ["continuous"]},
                "min_score": {"anyOf": [NUMBER, {"enum": ["-Infinity"]}]},
                "max_score": {"anyOf": [NUMBER, {"enum": ["Infinity"]}]},
            },
            metric_id=TEXT, metric_name=TEXT, metric_unit=TEXT, additional_details=TEXTS,
            metric_parameters={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
        ),
        "score_details": closed(
            {"score": NUMBER},
            details=TEXTS,
            uncertainty=closed({}, confidence_interval=INTERVAL, num_samples=WHOLE, num_bootstrap_samples=WHOLE),
        ),
    },
    evaluation_result_id=TEXT,
    generation_config=closed({}, additional_details=TEXTS),
)  # fmt: skip
SCHEMA = closed(
    {
        "schema_version": {"enum": ["0.3.0"]},
        "evaluation_id": TEXT,
        "retrieved_timestamp": TEXT,
        "source_metadata": closed(
            {
                "source_type": {"enum": ["documentation", "evaluation_run"]},
                "source_organization_name": TEXT,
                "evaluator_relationship": {"enum": ["first_party", "third_party", "collaborative", "other"]},
            },
            source_name=TEXT,
            additional_details=TEXTS,
        ),
        "model_info": closed(
            {
                "name": TEXT,
                "id": {"type": "string", "pattern": "^[^/]+/[^/]+$"},
                "additional_details": TEXTS | {"required": ["deployment_type", "model_availability"]},
            }
        ),
        "eval_library": closed({"name": TEXT, "version": TEXT}),
        "evaluation_results": {"type": "array", "items": RESULT},
    }
)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("runs")
    metrics = (*METRICS, "niqe", "motion_amount")
    runs = [
        write_demo_run(folder / name, Demo(system=name, flaws=0.0, metrics=metrics, **facts), MINI)
        for name, facts in (
            ("alpha", {"quality": 0.9}),
            ("Beta.2", {"quality": 0.5}),
            ("gamma", {"failed": (MINI.cases[0].id,)}),
        )
    ]
    return board_document(board_inputs(runs, release="2026.1", date="2026-11-27"))


@pytest.fixture(scope="module")
def records(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {Path(path).stem: json.loads(text) for path, text in every_eval_ever_files(document).items()}


def test_every_file_keeps_the_rules_of_the_schema(records: dict[str, dict[str, Any]]) -> None:
    assert len(records) == 3
    for record in records.values():
        jsonschema.Draft7Validator(SCHEMA).validate(record)
        assert record["evaluation_id"].rsplit("/", 1) == [
            f"a2bench-mini/{record['model_info']['id']}", record["retrieved_timestamp"],
        ]  # fmt: skip
        assert record["retrieved_timestamp"] == "1795737600"  # `date -u -d 2026-11-27 +%s`
        for result in record["evaluation_results"]:
            config, score = result["metric_config"], result["score_details"]["score"]
            assert float(config["min_score"]) <= score <= float(config["max_score"]) and math.isfinite(score)
            assert result["evaluation_result_id"] == f"{record['evaluation_id']}/{result['evaluation_name']}"


def test_the_numbers_are_the_boards(document: dict[str, Any], records: dict[str, dict[str, Any]]) -> None:
    (entry,) = (entry for entry in document["entries"] if entry["name"] == "alpha")
    for result in records["alpha"]["evaluation_results"]:
        cell = entry["numbers"]["all"][result["evaluation_name"]]
        interval = result["score_details"]["uncertainty"]["confidence_interval"]
        assert (result["score_details"]["score"], interval["lower"], interval["upper"]) == (
            cell["value"], cell["low"], cell["high"],
        )  # fmt: skip
    lower = {
        r["evaluation_name"] for r in records["alpha"]["evaluation_results"] if r["metric_config"]["lower_is_better"]
    }
    assert "niqe" in lower


def test_what_is_missing_or_has_no_better_side_is_left_out_and_named(records: dict[str, dict[str, Any]]) -> None:
    names = {result["evaluation_name"] for result in records["gamma"]["evaluation_results"]}
    left_out = records["gamma"]["source_metadata"]["additional_details"]["left out"]
    assert "summary:headline" not in names and "summary:headline (0 of 20 samples)" in left_out
    assert "motion_amount" not in names and "motion_amount (" in left_out


def test_files_have_plain_names_and_records_the_systems_own(records: dict[str, dict[str, Any]]) -> None:
    assert records[file_key("Beta.2")]["model_info"]["additional_details"]["name"] == "Beta.2"


def test_without_a_date_there_is_no_time(document: dict[str, Any]) -> None:
    undated = document | {"release": None}
    (text, *_) = every_eval_ever_files(undated).values()
    assert json.loads(text)["retrieved_timestamp"] == "unknown"
