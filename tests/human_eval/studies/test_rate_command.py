import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from a2bench.cli import cli

COMMON = ["--size", "96x64", "--set", "fps=12", "--set", "warm_up=0"]


@pytest.fixture(scope="module")
def database(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study that simulated raters have filled."""
    path = str(tmp_path_factory.mktemp("study") / "study.db")
    made = rate("create", *map(str, runs), "-n", "one", "-d", path, *COMMON, "--votes", "4", "--ballots", "10")
    assert "study 'one' is ready" in made
    truth = "zanzibar-alpha=3,zanzibar-beta=0,zanzibar-gamma=-3"
    assert "votes; truth" in rate("simulate", "-d", path, "--raters", "9", "--truth", truth)
    return path


def rate(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["rate", *arguments], catch_exceptions=True)
    if code:
        assert result.exception is not None
        return str(result.exception)
    assert result.exception is None, result.exception
    return result.output


def test_simulated_raters_of_clear_taste_give_the_true_order(database: str) -> None:
    results = json.loads(rate("analyze", "-d", database, "--json"))
    overall = results["boards"][0]
    assert overall["dimension"] == "overall"
    assert [row["system"] for row in overall["systems"]] == ["zanzibar-alpha", "zanzibar-beta", "zanzibar-gamma"]
    assert all(row["elo"]["low"] < row["elo"]["value"] < row["elo"]["high"] for row in overall["systems"])


def test_how_studies_of_this_design_would_come_out_is_said_and_nothing_is_stored(database: str) -> None:
    before = rate("status", "-d", database, "--json")
    asked = [
        "simulate",
        "-d",
        database,
        "--raters",
        "9",
        "--truth",
        "zanzibar-alpha=2,zanzibar-beta=0,zanzibar-gamma=-2",
    ]
    lines = rate(*asked, "--studies", "40").splitlines()
    assert lines[0].startswith("40 studies of 6 cases x 9 raters x 4 votes per pair")
    shares = {line[:30].strip(): float(line[30:].split("%")[0]) for line in lines[1:5]}
    assert shares["true order found"] >= 95
    assert shares["a pair told apart wrongly"] == 0
    default, naive = (float(line[32:].split("%")[0]) for line in lines[6:8])
    assert naive < default
    assert rate("status", "-d", database, "--json") == before
    assert "give --raters 4 or more" in rate("simulate", "-d", database, "--raters", "3", "--studies", "40", code=2)


def test_metrics_are_held_against_people(database: str, runs: list[Path]) -> None:
    text = rate("analyze", "-d", database, *[part for run in runs for part in ("--runs", str(run))])
    assert "metrics against people" in text
    assert "identity_similarity" in text


def test_status_tells_progress_checks_and_a_whole_log(database: str) -> None:
    status = json.loads(rate("status", "-d", database, "--json"))
    assert status["votes"] == status["wanted"] == 6 * 3 * 4
    assert status["tampering"] == []
    assert "log: whole" in rate("status", "-d", database)


def test_an_export_is_the_same_in_all_formats_and_names_no_person(database: str, tmp_path: Path) -> None:
    rate("invite", "-d", database, "--count", "1", "--contacts", str(_write(tmp_path / "people.txt", "Ada Lovelace\n")))
    rate("export", str(tmp_path / "out"), "-d", database)
    parquet = pd.read_parquet(tmp_path / "out/votes.parquet")
    table = pd.read_csv(tmp_path / "out/votes.csv")
    assert len(parquet) == len(table) == len(json.loads((tmp_path / "out/votes.json").read_text())) > 0
    assert list(parquet["answer"]) == list(table["answer"])
    for path in (tmp_path / "out").iterdir():
        assert b"Lovelace" not in path.read_bytes()


def test_an_erased_rater_is_gone_from_the_export(runs: list[Path], tmp_path: Path) -> None:
    path = str(tmp_path / "s.db")
    rate("create", *map(str, runs), "-n", "two", "-d", path, *COMMON)
    rate("simulate", "-d", path, "--raters", "2", "--ballots", "5")
    rate("export", str(tmp_path / "before"), "-d", path)
    code = pd.read_parquet(tmp_path / "before/votes.parquet")["rater"].iloc[0]
    assert f"rater {code} is erased" in rate("erase", code, "-d", path, "--yes")
    rate("export", str(tmp_path / "after"), "-d", path)
    assert code not in set(pd.read_parquet(tmp_path / "after/votes.parquet")["rater"])


def test_a_spreadsheet_gets_no_formula(tmp_path: Path) -> None:
    from a2bench_human_eval.export import export_votes
    from a2bench_human_eval.results import PairResults

    table = pd.DataFrame({"case": ["=cmd()", "+1", "-x", "@x", "\tx", "plain"], "n": [1, 2, 3, 4, 5, 6]})
    export_votes(table, tmp_path, PairResults(protocol="pairwise", votes={}, boards=(), raters=()))
    cells = pd.read_csv(tmp_path / "votes.csv")["case"]
    assert [cell[0] for cell in cells] == ["'"] * 5 + ["p"]
    assert list(pd.read_parquet(tmp_path / "votes.parquet")["case"]) == list(table["case"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "-d", "nowhere.db"], "no database nowhere.db; `a2bench rate create"),
        (["create", "nothing", "-n", "x", "-d", "x.db"], "nothing is not a run"),
        (["create", "RUN", "-n", "x", "-d", "x.db"], "needs runs of two or more systems"),
        (["create", "RUN", "RUN", "-n", "x", "-d", "x.db"], "two runs are of system"),
        (["create", "RUN", "-n", "Bad Name", "-d", "x.db"], "name: String should match pattern"),
        (["create", "RUN", "-n", "x", "-d", "x.db", "--set", "fps"], "is not KEY=VALUE"),
        (["create", "RUN", "-n", "x", "-d", "x.db", "--set", "fpss=3"], "fpss: Extra inputs"),
        (["create", "RUN", "-n", "x", "-d", "x.db", "--size", "big"], "is not WIDTHxHEIGHT"),
        (["simulate", "-d", "DATABASE", "--truth", "nobody=1"], "--truth names 'nobody'"),
        (["erase", "R-NOBODY", "-d", "DATABASE", "--yes"], "no rater 'R-NOBODY'"),
        (["invite", "-d", "DATABASE", "--contacts", "nowhere.txt"], "nowhere.txt cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], message: str, database: str, runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    filled = [{"RUN": str(runs[0]), "DATABASE": database}.get(argument, argument) for argument in arguments]
    said = rate(*filled, code=2)
    assert message in said
    assert "\n" not in said


def test_help_imports_no_pandas_and_no_streamlit() -> None:
    code = (
        "import sys; from a2bench.cli import cli\n"
        "try: cli.main(['rate', '--help'], standalone_mode=False)\n"
        "finally: print([n for n in ('pandas', 'streamlit', 'sqlalchemy', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
