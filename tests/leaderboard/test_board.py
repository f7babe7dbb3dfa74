import csv
import io
import json
import random
import re
import runpy
import shutil
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import InputError
from a2bench.model.cases import load_suite
from a2bench.model.records import RunManifest
from a2bench.results.run import Run
from a2bench.run.store import RunStore
from a2bench.statistics.clusters import clustered_interval
from a2bench_leaderboard.board import folder as board_folder
from a2bench_leaderboard.board.document import board_document
from a2bench_leaderboard.board.facts import EXISTED, Price
from a2bench_leaderboard.board.figures import cost_points
from a2bench_leaderboard.board.folder import board_files, verify_board, write_board
from a2bench_leaderboard.board.inputs import board_inputs
from a2bench_leaderboard.board.reading import read_json
from a2bench_leaderboard.board.releases import earlier_releases

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import HOSTILE, METRICS, Demo, write_demo_run  # noqa: E402
from page_reader import PageReader  # noqa: E402

MINI = load_suite("a2bench-mini")
SYSTEMS: dict[str, dict[str, Any]] = {
    "alpha": {"licence": "Apache-2.0", "parameters": 14_000_000_000, "open_weights": True},
    "beta": {"licence": "proprietary", "open_weights": False},
}
VOTES = {
    "protocol": "pairwise",
    "boards": [
        {
            "dimension": "overall",
            "confirmatory": True,
            "votes": 40,
            "reason": None,
            "systems": [
                {
                    "system": "alpha", "elo": {"value": 1050.0, "low": 1010.0, "high": 1090.0}, "rank": 1,
                    "ranks": [1, 1], "p_best": 0.9, "votes": 40,
                },
                {
                    "system": "elsewhere", "elo": {"value": 950.0, "low": 910.0, "high": 990.0}, "rank": 2,
                    "ranks": [2, 2], "p_best": 0.1, "votes": 40,
                },
            ],
            "both_bad_share": 0.0, "left_share": {"value": 0.5}, "alpha": {"value": 0.4, "raw_agreement": 0.7},
            "wins": [[0.0, 30.0], [10.0, 0.0]], "ties": [[0.0, 0.0], [0.0, 0.0]], "names": ["alpha", "elsewhere"],
            "warnings": [], "side_effect": None, "fragility": None, "swap_consistency": {"value": 0.8},
            "weighted": {"systems": [], "warnings": [], "side_effect": None, "fragility": None, "reason": "too few"},
        }
    ],
    "votes": {"rating": 40},
    "raters": [
        {
            "rater": "secret-rater", "ballots": 40, "checks": 4, "passed": 4, "median_seconds": 9.0, "left_share": 0.5,
            "tie_share": 0.0, "weight": 0.97, "flags": [],
        }
    ],
}  # fmt: skip
"""As 0.1.0 wrote it: without schema, rubric and texts."""


def demo(folder: Path, kind: str = "system", title: str = "", **facts: Any) -> Path:
    metrics = (*METRICS, "niqe", "temporal_flicker", "motion_smoothness")
    run = write_demo_run(folder, Demo(shared_video=True, flaws=0.0, metrics=metrics, **facts), MINI)
    store = RunStore(run)
    manifest: RunManifest = store.manifest()
    system = manifest.system.model_copy(update={"kind": kind, "title": title, **SYSTEMS.get(manifest.system.name, {})})
    store.write_manifest(manifest.model_copy(update={"system": system, "adapter": "command", "options": {}}))
    for number, sample in enumerate(list(store.samples.values())):
        store.record_sample(sample.model_copy(update={"seconds": 30.0 + 10 * (number % 5)}))
    return run


def write_votes(folder: Path) -> Path:
    """``results.json`` and ``votes.parquet`` as of `a2bench rate export`: two of three prefer alpha to beta."""
    rows = [
        {
            "rater": f"r{rater}", "ballot": 3 * number + rater, "purpose": "rating", "case": case.id, "seed": 0,
            "left": "beta" if rater else "alpha", "right": "alpha" if rater else "beta",
            "question": "overall", "dimension": "overall", "answer": ("left", "right", "left")[rater],
        }
        for number, case in enumerate(MINI.cases[:8])
        for rater in range(3)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(folder / "votes.parquet", index=False)
    (folder / "results.json").write_text(json.dumps(VOTES))
    return folder / "results.json"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [
        demo(folder / "alpha", quality=0.9),
        demo(folder / "beta", system="beta", quality=0.3, title=HOSTILE),
        demo(folder / "gamma", system="gamma", quality=0.6, failed=(MINI.cases[0].id,)),
        demo(folder / "collage", "control", system="collage", quality=0.95),
    ]


@pytest.fixture(scope="module")
def inputs(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    votes = write_votes(tmp_path_factory.mktemp("votes"))
    return board_inputs(runs, votes=votes, prices={"alpha": Price(per_hour=3.6)})


@pytest.fixture(scope="module")
def document(inputs: dict[str, Any]) -> dict[str, Any]:
    return board_document(inputs)


def entry_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in document["entries"] if entry["name"] == name)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def board(*arguments: Any) -> Any:
    return CliRunner().invoke(cli, ["board", *map(str, arguments)], standalone_mode=False)


@pytest.mark.parametrize("reason", [None, "there are no pairwise votes"])
def test_what_people_were_asked_stands_on_the_pages(inputs: dict[str, Any], reason: str | None) -> None:
    asked = "Which <b>one</b> would you keep?"
    people = inputs["people"] | {"text": asked, "agreement_reason": reason}
    files = board_files(inputs | {"people": people})
    for name in ("index.html", "systems/alpha.html"):
        page = files[name].decode()
        assert page.count("Which &lt;b&gt;one&lt;/b&gt; would you keep?") >= (2 if name == "index.html" else 1)
        assert asked not in page
    assert inputs["people"]["text"] is None  # of a file of 0.1.0
    assert "“overall”" in board_files(inputs)["systems/alpha.html"].decode()


def test_the_numbers_are_those_of_the_summary(document: dict[str, Any], runs: list[Path]) -> None:
    for run in runs:
        current = Run.open(run)
        cells = entry_of(document, current.manifest.system.name)["numbers"]["all"]
        for row in current.totals:
            cell = cells[f"summary:{row.name}"]
            assert cell["value"] == (None if row.value is None else pytest.approx(row.value, rel=1e-5))
            assert (cell["scored"], cell["total"]) == (row.scored, row.total)
            if row.interval:
                assert [cell["low"], cell["high"]] == pytest.approx(row.interval, rel=1e-5, abs=1e-5)


def test_missing_stays_missing_and_cannot_help(document: dict[str, Any]) -> None:
    cells = entry_of(document, "gamma")["numbers"]["all"]
    assert cells["summary:headline"]["value"] is None and cells["summary:headline"]["scored"] == len(MINI.cases) - 1
    assert cells["text_alignment"]["value"] is not None and "ranks" not in cells["text_alignment"]
    assert cells["text_alignment"]["unranked"] == "lacks 1 case that others have"
    assert not any("gamma" in (pair["first"], pair["other"]) for pair in document["pairs"]["text_alignment"])


def test_ranks_are_sets_and_controls_stand_below_without_one(document: dict[str, Any]) -> None:
    assert [entry["kind"] for entry in document["entries"]] == ["system", "system", "system", "control"]
    best = entry_of(document, "collage")["numbers"]["all"]
    assert (
        best["summary:headline"]["value"] > entry_of(document, "alpha")["numbers"]["all"]["summary:headline"]["value"]
    )
    assert not any("ranks" in cell for cell in best.values())
    ranks = {name: entry_of(document, name)["numbers"]["all"]["text_alignment"]["ranks"] for name in ("alpha", "beta")}
    assert ranks == {"alpha": [1, 1], "beta": [2, 2]}
    assert "motion_amount" not in document["pairs"]  # it has no better side


def invented(cases: int) -> dict[str, Any]:
    benchmark = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/board.py"))
    found: dict[str, Any] = benchmark["invented_inputs"](systems=3, cases=cases, seeds=1, metrics=2)
    return found


def test_a_board_on_which_no_pair_can_be_told_apart_says_so_once() -> None:
    few = board_files(invented(4))
    said = "with 4 cases no difference, however large, can be clear among 3 pairs of systems"
    assert json.loads(few["leaderboard.json"])["cannot_tell"] == said
    assert few["index.html"].decode().count(said) == few["LEADERBOARD.md"].decode().count(said) == 1
    for pair in (pair for pairs in json.loads(few["leaderboard.json"])["pairs"].values() for pair in pairs):
        assert pair["cases_to_separate"] is None or pair["cases_to_separate"] >= 7
    enough = board_files(invented(20))
    assert json.loads(enough["leaderboard.json"])["cannot_tell"] is None
    assert "can be told apart" not in enough["index.html"].decode()


def test_no_interval_of_a_board_leaves_the_range_of_its_number() -> None:
    changed = invented(4)
    for column in changed["columns"]:
        column["range"] = [0, 100] if column["name"].startswith("summary:") else [None, None]
    for entry in changed["entries"]:
        entry["values"]["summary:headline"] = [100.0 for _ in entry["samples"]]
    document = board_document(changed)
    for entry in document["entries"]:
        for column in document["columns"]:
            cell, (low, high) = entry["numbers"]["all"][column["name"]], column["range"]
            if cell["low"] is not None and low is not None:
                assert low <= cell["low"] <= cell["high"] <= high
        assert entry["numbers"]["all"]["summary:headline"]["low"] < 50  # four videos of 100 are not [100, 100]


def test_parts_of_the_cases_have_numbers_of_their_own(document: dict[str, Any], inputs: dict[str, Any]) -> None:
    part = next(part for part in document["slices"] if part["name"] == "role:background")
    cases = {case["id"] for case in inputs["cases"] if "background" in case["elements"]}
    assert part["cases"] == len(cases) < len(MINI.cases)
    entry = next(entry for entry in inputs["entries"] if entry["name"] == "alpha")
    values = entry["values"]["text_alignment"]
    chosen = [v for (case, _), v in zip(entry["samples"], values, strict=True) if case in cases]
    cell = entry_of(document, "alpha")["numbers"]["role:background"]["text_alignment"]
    assert cell["value"] == pytest.approx(np.mean(chosen), rel=1e-5) and cell["total"] == len(cases)


def test_seeds_of_a_case_are_one_case(inputs: dict[str, Any]) -> None:
    doubled = deepcopy(inputs)
    entry = next(entry for entry in doubled["entries"] if entry["name"] == "alpha")
    entry["samples"] = [[case, seed] for case, _ in entry["samples"] for seed in (0, 1)]
    entry["values"] = {name: [v for v in values for _ in (0, 1)] for name, values in entry["values"].items()}
    for name in ("videos", "seconds"):
        entry[name] = [v for v in entry[name] for _ in (0, 1)]
    once, twice = board_document(inputs), board_document(doubled)
    assert once["pairs"] == twice["pairs"]
    one, two = (entry_of(found, "alpha")["numbers"]["all"]["text_alignment"] for found in (once, twice))
    assert two == one | {"scored": 2 * one["scored"], "total": 2 * one["total"]}


def test_a_board_of_controls_alone_is_sorted_by_the_first_number_that_is_there(inputs: dict[str, Any]) -> None:
    changed = deepcopy(inputs)
    changed["entries"] = [entry for entry in changed["entries"] if entry["kind"] == "control"]
    (only,) = changed["entries"]
    worse = deepcopy(only) | {"name": "a-worse-control"}
    for entry in (only, worse):
        entry["values"]["summary:headline"] = [None] * len(entry["samples"])
        entry["values"]["summary:consistency"] = [90.0 if entry is only else 10.0] * len(entry["samples"])
    changed["entries"].append(worse)
    document = board_document(changed)
    assert document["order"] == "summary:consistency"
    assert [entry["name"] for entry in document["entries"]] == [only["name"], "a-worse-control"]


def test_a_board_is_made_again_byte_for_byte_whatever_the_order_of_runs(runs: list[Path], tmp_path: Path) -> None:
    moved = [Path(shutil.copytree(run, tmp_path / "elsewhere" / run.name)) for run in reversed(runs)]
    for name, given in (("one", runs), ("two", moved)):
        assert board("build", *given, "-o", tmp_path / name).return_value == 0
    files = [files_of(tmp_path / name) for name in ("one", "two")]
    assert files[0] == files[1] and {"index.html", "systems/beta.html", "compare.html"} < files[0].keys()
    assert str(tmp_path).encode() not in b"".join(files[0].values())
    assert board("verify", tmp_path / "one").return_value == 0
    assert board("verify", tmp_path / "one", *(a for run in runs for a in ("--run", run))).return_value == 0
    assert "no difference" in board("diff", tmp_path / "one", tmp_path / "two").stdout


@pytest.mark.parametrize("edits", [22, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_single_edit_is_found(inputs: dict[str, Any], tmp_path: Path, edits: int) -> None:
    folder = write_board(inputs, tmp_path / "board").parent
    names = sorted(files_of(folder))
    assert verify_board(folder) == []
    dice = random.Random(5)
    for number in range(edits):
        path = folder / names[number % len(names)]
        pristine = path.read_bytes()
        data = bytearray(pristine)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        try:
            assert verify_board(folder), f"{path.name}, edit {number}"
        except InputError as error:  # inputs that are no JSON any more
            assert path.name == "inputs.json" and ("damaged" in str(error) or "schema 1" in str(error))
        path.write_bytes(pristine)
    (folder / "leaderboard.csv").unlink()
    (folder / "extra.html").write_text("hello")
    assert verify_board(folder) == ["leaderboard.csv: missing", "extra.html: does not belong to the board"]


def test_edited_inputs_are_found_even_with_a_board_made_to_fit(inputs: dict[str, Any], tmp_path: Path) -> None:
    forged = deepcopy(inputs)
    forged["entries"][0]["values"]["text_alignment"][3] = 0.99
    folder = write_board(forged, tmp_path / "board").parent
    assert verify_board(folder) == [
        f"inputs.json: the values of {forged['entries'][0]['name']!r} are not those of its hash"
    ]
    problems = verify_board(folder, inputs)
    assert problems[0] == "inputs.json: entries[0].values.text_alignment[3] is not what the runs say"


def test_a_board_of_another_version_is_held_against_its_manifest_and_its_numbers_against_its_inputs(
    inputs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_board({**inputs, "a2bench": "0.0.9"}, tmp_path / "board").parent
    monkeypatch.setattr(board_folder, "page_html", lambda document, sha256: "drawn otherwise now")
    assert board_folder.built_by_another(json.loads((folder / "inputs.json").read_text())) == "0.0.9"
    assert verify_board(folder) == []
    page = folder / "leaderboard.csv"
    page.write_bytes(page.read_bytes() + b" ")
    assert verify_board(folder) == ["leaderboard.csv: altered, SHA256SUMS says otherwise"]
    forged = json.loads((folder / "leaderboard.json").read_text())
    number = forged["entries"][0]["numbers"]["all"]["text_alignment"]
    number["value"] = 1.0
    (folder / "leaderboard.json").write_text(json.dumps(forged))
    assert any("text_alignment.value does not follow from inputs.json" in problem for problem in verify_board(folder))


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"schema": 1}', b'{"schema": 1, "columns": 3}'])
def test_damaged_inputs_are_told_in_a_sentence(inputs: dict[str, Any], tmp_path: Path, damage: bytes) -> None:
    folder = write_board(inputs, tmp_path / "board").parent
    (folder / "inputs.json").write_bytes(damage)
    result = board("verify", folder)
    assert result.return_value == 1 or isinstance(result.exception, InputError)
    assert "Traceback" not in result.output


def test_what_is_from_outside_stays_text(inputs: dict[str, Any], tmp_path: Path) -> None:
    hostile = deepcopy(inputs)
    for entry in hostile["entries"]:
        entry["licence"] = entry["tier"] = HOSTILE
        if entry["name"] == "alpha":
            entry["title"] = r"\input{alpha} & 5% $y$ #_"
    for case in hostile["cases"][:5]:
        case["tags"] = ["=cmd|' /C calc'!A0", HOSTILE]
    folder = write_board(hostile, tmp_path / "board").parent
    page = PageReader(folder / "index.html")
    assert not [tag for tag, attributes in page.tags if tag == "img" or any(key.startswith("on") for key in attributes)]
    assert not [tag for tag, attributes in page.tags if tag == "style" or "style" in attributes]
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert [script.get("src") for script in scripts if script.get("type") != "application/json"] == ["board.js"]
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and "unsafe" not in policy and policy.startswith("default-src 'none'")
    for name in ("leaderboard.csv", "pairs.csv"):
        for row in csv.reader(io.StringIO((folder / name).read_text())):
            assert not any(re.match(r"[=@\t\r]|[+-](?![\d.])", cell) for cell in row)
    assert "<img" not in (folder / "LEADERBOARD.md").read_text()
    row = next(line for line in (folder / "leaderboard.tex").read_text().splitlines() if "alpha" in line)
    assert row.startswith(r"\textbackslash{}input\{alpha\} \& 5\% \$y\$ \#\_ & ") and row.count(" & ") == 5


def test_heads_say_which_settings_differ_where_these_change_the_number(inputs: dict[str, Any]) -> None:
    changed = deepcopy(inputs)
    changed["entries"][0]["settings"]["fps"] = "8"

    def told(made: dict[str, Any]) -> dict[str, str]:
        page = board_files(made)["index.html"].decode()
        heads = re.findall(r'<th scope="col" class="number.*?</th>', page, re.DOTALL)
        heads = [head for head in heads if "<button" in head]
        names = [re.findall(r'<button type="button">([a-zA-Z ]+)', head)[0] for head in heads]
        differing = [re.findall(r">([a-z ]+ differs?)<", head) for head in heads]
        return {name.strip(): found[0] for name, found in zip(names, differing, strict=True) if found}

    assert told(inputs) == {}
    assert told(changed)["Temporal steadiness"] == "fps differs"
    assert "Consistency" not in told(changed)


def test_results_of_others_stand_apart_and_raters_nowhere(document: dict[str, Any], inputs: dict[str, Any]) -> None:
    files = board_files(inputs)
    page = files["index.html"].decode()
    assert "Not measured here" in page and "SkyReels-A2" in page
    assert page.index("</table>") < page.index("Published by others") < page.index("Kling")
    assert not any("Kling" in entry["title"] for entry in document["entries"])
    assert "Rated by people, without a run here: elsewhere." in page
    assert not any(b"secret-rater" in data for data in files.values())


def test_a_metric_that_fails_the_controls_is_grey_and_says_so(inputs: dict[str, Any]) -> None:
    failing = deepcopy(inputs)
    column = next(column for column in failing["columns"] if column["name"] == "text_alignment")
    column["validity"] = {"state": "fails", "reason": "blur beats collage"}
    files = board_files(failing)
    page = files["index.html"].decode()
    assert page.count('class="number fails"') == 1 + 4 and "FAILS the controls" in page
    assert "FAILS the controls" in files["LEADERBOARD.md"].decode()


def test_cost_stands_beside_quality_and_what_is_not_known_says_why(inputs: dict[str, Any]) -> None:
    changed = deepcopy(inputs)
    beta = next(entry for entry in changed["entries"] if entry["name"] == "beta")
    beta["cost_unknown"] = EXISTED
    beta["price"] = {"per_hour": None, "per_call": 0.35}
    beta["cost"]["price_per_video"] = 0.35
    document = board_document(changed)
    paid = entry_of(document, "beta")["spending"]
    assert paid["seconds"]["value"] is None and paid["price"]["value"] == 0.35  # a price per call needs no clock
    alpha = entry_of(document, "alpha")["spending"]
    assert alpha["seconds"]["value"] == 50 and alpha["price"]["value"] == pytest.approx(50 * 3.6 / 3600)
    spent = [(case.id, 30.0 + 10 * (n % 5)) for n, case in enumerate(MINI.cases)]
    low, high = clustered_interval(spent, (0.0, None)) or (0, 0)
    assert (alpha["seconds"]["low"], alpha["seconds"]["high"]) == pytest.approx((low, high), rel=1e-5)
    points, left_out = cost_points(document, "seconds")
    assert [point.name for point in points] == ["alpha", "collage"]
    assert left_out == [f"beta: {EXISTED}", "gamma: no Headline (19 of 20 samples)"]
    page = board_files(changed)["index.html"].decode()
    assert page.count('<circle class="dot"') == 4 and EXISTED in page  # two against seconds, two against the price
    cards = {name: data.decode() for name, data in board_files(changed).items() if name.startswith("systems/")}
    assert EXISTED in cards["systems/beta.html"] and EXISTED not in cards["systems/alpha.html"]
    assert "Plot of price" in page and page.index("<details>") < page.index('class="plot radar"')


def test_what_people_prefer_stands_beside_each_number(
    inputs: dict[str, Any], document: dict[str, Any], runs: list[Path], tmp_path: Path
) -> None:
    found = {column["name"]: column["agreement"] for column in document["columns"]}
    means = {name: (name_values(inputs, "alpha", name), name_values(inputs, "beta", name)) for name in found}
    alpha, beta = (values[:8] for values in means["text_alignment"])
    assert found["text_alignment"]["value"] == np.mean([a > b for a, b in zip(alpha, beta, strict=True)])
    assert found["text_alignment"]["pairs"] == 8 and found["motion_amount"] is None  # it has no better side
    page = board_files(inputs)["index.html"].decode()
    assert "Do the numbers agree with people?" in page and "people 1.000" in page
    votes = write_votes(tmp_path)
    (tmp_path / "votes.parquet").unlink()
    alone = board_inputs(runs, votes=votes)
    assert (
        alone["people"]["agreement"] is None and "Not known: votes.parquet" in board_files(alone)["index.html"].decode()
    )
    (tmp_path / "votes.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match=r"is no votes.parquet"):
        board_inputs(runs, votes=votes)


def name_values(inputs: dict[str, Any], entry: str, column: str) -> list[float]:
    return next(e for e in inputs["entries"] if e["name"] == entry)["values"][column]


def test_a_lead_that_hangs_on_the_weights_is_told(inputs: dict[str, Any]) -> None:
    assert board_document(inputs)["weights"] == [{"entry": "alpha", "leads": 1.0}, {"entry": "beta", "leads": 0.0}]
    traded = deepcopy(inputs)
    for entry in traded["entries"]:
        for name in ("consistency", "text", "quality", "motion"):
            first = name == "text" if entry["name"] == "alpha" else name == "motion"
            entry["values"][f"summary:{name}"] = [90.0 if first else 50.0] * len(entry["samples"])
    alpha, beta = board_document(traded)["weights"]
    # By symmetry each leads where its strong dimension weighs more: half of all weights; 2,000 draws.
    assert alpha["leads"] + beta["leads"] == 1 and alpha["leads"] == pytest.approx(0.5, abs=0.04)


def test_boards_differ_in_what_changed(inputs: dict[str, Any], tmp_path: Path) -> None:
    changed = deepcopy(inputs)
    changed["entries"] = [entry for entry in changed["entries"] if entry["name"] != "gamma"]
    changed["columns"][0]["version"] = "2"
    older = deepcopy(inputs)
    for version, of in ((1, older), (2, changed)):
        column = next(column for column in of["columns"] if column["name"] == "text_alignment")
        column["made_by"] = json.dumps({"features": {"clip": f"{version} CLIP"}})
    words = {"date": "2027-01-01", "what": "Other prompts.", "comparable": "No."}
    new = [("summary", "summary", 2), ("feature", "clip", 2), ("feature", "clip", 3), ("metric", "niqe", 2)]
    changed["methods"]["changes"] = [
        {"kind": k, "name": n, "version": v, **words, "what": f"{n} {v}."} for k, n, v in new
    ]
    one = write_board(older, tmp_path / "one").parent
    two = write_board(changed, tmp_path / "two").parent
    said = board("diff", one, two).stdout
    assert "entry gone: gamma" in said and "summary:headline: version 1 -> 2" in said and "summary 2." in said
    assert json.loads(board("diff", one, two, "--json").stdout)["removed"] == ["gamma"]
    assert "feature clip (behind text_alignment): 1 CLIP -> 2 CLIP" in said and "clip 2." in said
    assert "niqe 2." not in said and "clip 3." not in said


def test_a_release_is_never_overwritten_with_other_bytes(inputs: dict[str, Any], tmp_path: Path) -> None:
    frozen = {**inputs, "release": {"name": "2026.1", "date": None}}
    folder = write_board(frozen, tmp_path / "2026.1").parent
    before = files_of(folder)
    write_board(frozen, folder)
    for other in (inputs, {**inputs, "release": {"name": "2026.1", "date": "2026-12-01"}}):
        with pytest.raises(InputError, match=r"holds the frozen release 2026\.1 \(sha256 [0-9a-f]{64}\).*board diff"):
            write_board(other, folder)
    assert files_of(folder) == before
    (folder / "leaderboard.json").write_text("{")  # what is damaged is still a release
    with pytest.raises(InputError, match="frozen release"):
        write_board(inputs, folder)
    write_board(frozen, folder)
    assert files_of(folder) == before
    with pytest.raises(InputError, match=r"is release 2026\.1 already"):
        earlier_releases(tmp_path, tmp_path / "other", "2026.1")
    (folder / "leaderboard.csv").write_text("")
    with pytest.raises(InputError, match=r"leaderboard\.csv is not as release 2026\.1 was built"):
        earlier_releases(tmp_path, tmp_path / "other", "2026.2")


def test_runs_that_cannot_share_a_board_are_refused(runs: list[Path], tmp_path: Path) -> None:
    short = write_demo_run(tmp_path / "short", Demo(system="short"), MINI, (MINI.cases[1].id,))
    with pytest.raises(InputError, match="over 1 of the board's 20 cases"):
        board_inputs([runs[0], short])
    with pytest.raises(InputError, match="named twice"):
        board_inputs([runs[0], runs[0]])
    with pytest.raises(InputError, match="measured in two ways"):  # the hostile run names another back-end
        board_inputs([runs[0], demo(tmp_path / "other", system="other", hostile=True)])
    for text, why in (
        ('{"boards": [1]}', "no results.json"),
        (json.dumps(VOTES).replace("1050.0", '"many"'), "no results.json"),
        (json.dumps(VOTES).replace("1050.0", "NaN"), "no results.json"),
        (json.dumps(VOTES | {"boards": []}), "no vote that counts yet"),
    ):
        (tmp_path / "votes.json").write_text(text)
        with pytest.raises(InputError, match=why):
            board_inputs(runs[:1], votes=tmp_path / "votes.json")
    with pytest.raises(InputError, match="something other than a board"):
        write_board({**board_inputs(runs[:1])}, tmp_path)
    with pytest.raises(InputError, match="no board"):
        read_json(tmp_path, "inputs.json")


def test_approximate_videos_are_taken_only_when_one_says_so(runs: list[Path], tmp_path: Path) -> None:
    fast = demo(tmp_path / "fast", system="fast")
    store = RunStore(fast)
    for sample in list(store.samples.values()):
        store.record_sample(sample.model_copy(update={"tier": "approximate"}))
    result = board("build", runs[0], fast, "-o", tmp_path / "board")
    assert isinstance(result.exception, InputError) and "'fast' has videos of the tier 'approximate'" in str(
        result.exception
    )
    assert board("build", runs[0], fast, "-o", tmp_path / "board", "--any-tier").return_value == 0
    assert "20 samples approximate" in (tmp_path / "board/index.html").read_text()
    assert board("verify", tmp_path / "board", "--run", runs[0], "--run", fast).return_value == 0


def test_a_quarter_of_a_million_scores_do_not_keep_one_waiting() -> None:
    benchmark = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/board.py"))
    large = benchmark["invented_inputs"](systems=15, cases=216, seeds=3, metrics=23)
    started = time.process_time()
    found = json.loads(board_files(large)["leaderboard.json"])
    seconds = time.process_time() - started
    assert len(found["pairs"]["m0"]) == 105 and found["entries"][0]["name"] == "s14"
    # The promise is 3 seconds, 2.1 were measured (docs/leaderboard.md); a busy machine needs more of them.
    assert seconds < 6


def test_no_command_of_the_board_imports_torch(runs: list[Path], tmp_path: Path) -> None:
    code = (
        "import sys; from a2bench.cli import cli; output, *runs = sys.argv[1:]\n"
        "for words in (['board', 'build', *runs, '-o', output], ['board', 'verify', output], ['compare', *runs]):\n"
        "    cli.main(words, standalone_mode=False)\n"
        "print('TORCH', 'torch' in sys.modules)"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "board"), str(runs[0]), str(runs[2])]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "TORCH False", done.stderr


def test_the_table_is_sorted_and_filtered_by_keyboard(browser: Any, inputs: dict[str, Any], tmp_path: Path) -> None:
    page_file = write_board(inputs, tmp_path / "board")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    names = "[...document.querySelectorAll('#board tbody.system tr')].map((row) => row.dataset.name)"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(names) == ["alpha", "beta", "gamma"]  # gamma has no headline
    page.focus("#board thead th:first-child button")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.evaluate(names) == ["gamma", "beta", "alpha"]
    assert page.get_attribute("#board thead th:first-child", "aria-sort") == "descending"
    before = page.inner_text("#board tr[data-name=alpha] td[data-column='0']")
    page.select_option("#slice", "role:background")
    after = page.inner_text("#board tr[data-name=alpha] td[data-column='0']")
    assert before != after and "20/20" not in after
    page.select_option("#group", "text")
    assert page.is_hidden("#board td[data-column='0'] >> nth=0")
    for filter_, value in (("#open", "open"), ("#size", "large"), ("#licence", "0")):
        page.select_option(filter_, value)
        assert page.inner_text("#count") == "1 of 3 systems" and page.is_visible("#board tr[data-name=alpha]")
        page.select_option(filter_, "*")
    assert page.inner_text("#count") == "3 systems"
    page.select_option("#group", "*")
    assert told == [] and all(address.startswith(page_file.parent.as_uri()) for address in asked)
    page.close()
