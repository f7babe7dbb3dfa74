"""`a2bench.toml` holds for every command, and what no command knows is refused with a suggestion."""

import sys
from pathlib import Path

import click
import pytest

from a2bench.cli import cli, main
from a2bench.cli.settings import OTHER_MEANING, project_defaults
from a2bench.errors import InputError, UnknownNameError


def defaults(text: str) -> dict[str, dict[str, object]]:
    Path("a2bench.toml").write_text(text, encoding="utf-8")
    return project_defaults(cli)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def leaves(group: click.Group, name: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        found += leaves(command, (*name, word)) if isinstance(command, click.Group) else [((*name, word), command)]
    return found


def test_a_table_holds_for_every_command_there_is() -> None:
    for name, command in leaves(cli):
        flags = [o for o in command.params if isinstance(o, click.Option) and o.is_flag]
        for option in flags:
            key = option.opts[0].removeprefix("--")
            found: object = defaults(f"[{'.'.join(name)}]\n{key} = true\n")
            for word in name:
                assert isinstance(found, dict)
                found = found[word]
            assert found == {option.name: True}, name


def test_a_key_at_the_top_holds_wherever_it_means_the_same() -> None:
    found = defaults('validity = "mine.json"\nworkers = 2\nsuite = "a2bench-mini"\nsize = "64x48"\n')
    for command in ("eval", "score", "report", "compare"):
        assert found[command]["validity"] == "mine.json"
    assert found["board"]["build"]["validity"] == "mine.json"  # type: ignore[index]
    assert found["metrics"]["validate"]["workers"] == 2  # type: ignore[index]
    assert found["eval"]["suite"] == "a2bench-mini" and found["eval"]["size"] == "64x48"
    assert "suite_file" not in found["board"]["build"]  # type: ignore[operator]
    assert "size" not in found["rate"]["create"]  # type: ignore[operator]


def test_the_nearest_table_wins() -> None:
    found = defaults("workers = 1\n[eval]\nworkers = 2\n[metrics]\nworkers = 3\n[metrics.validate]\nworkers = 4\n")
    assert found["score"]["workers"] == 1
    assert found["eval"]["workers"] == 2
    assert found["metrics"]["real-clips"]["workers"] == 3  # type: ignore[index]
    assert found["metrics"]["validate"]["workers"] == 4  # type: ignore[index]


def test_dashes_underscores_and_lists_are_read_as_people_write_them() -> None:
    found = defaults('num_frames = 9\nmetrics = ["sharpness", "niqe"]\nset = ["a=1", "b=2"]\n')
    assert found["eval"] == {"num_frames": 9, "metrics": "sharpness,niqe", "set_": ["a=1", "b=2"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[evel]\nlimit = 1\n", "unknown table in .*'evel'. Did you mean 'eval'?"),
        ("[board.biuld]\njson = true\n", "unknown table in .*'board.biuld'. Did you mean 'board.build'?"),
        ("[eval]\nlimitt = 1\n", r"unknown key in \[eval\] of .*'limitt'. Did you mean 'limit'?"),
        ("[board]\njsn = true\n", r"unknown key in \[board\] of .*'jsn'. Did you mean 'json'?"),
        ("worker = 1\n", "unknown key in .*'worker'. Did you mean 'workers'?"),
        ("[eval.more]\nlimit = 1\n", "unknown table|unknown key"),
    ],
)
def test_a_misspelt_key_or_table_is_an_error_with_a_suggestion(text: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        defaults(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('limit = "x"', "limit in .*a2bench.toml: expected a whole number, got 'x'"),
        ("limit = true", "expected a whole number, got True"),
        ("limit = [1]", r"expected a whole number, got \[1\]"),
        ("limit = 0", "limit in .*: 0 is not in the range"),
        ("limit = 1.5", "expected a whole number, got 1.5"),
        ('timeout = "1"', "expected a number, got '1'"),
        ("quick = 1", "quick in .*: expected true or false, got 1"),
        ('offline = "no"', "expected true or false, got 'no'"),
        ("output = 5.5\nvalidity = true", "validity in .*: expected a text, got True"),
        ("cases = [[1]]", r"cases in .*: expected a text, got \[1\]"),
        ("seeds = false", "seeds in .*: expected a text, got False"),
        ('variant = "shrt"', "variant in .*: 'shrt' is not one of"),
        ("set = [true]", "set in .*: expected a text, got True"),
        ("limit = {a = 1}", "'limit' in .* is an option and takes no table; write `limit = ...`"),
        ("[eval.set]\na = 1", "'set' in .* is an option and takes no table"),
        ("eval = 5", r"'eval' in .* is a command: write its options into a table \[eval\]"),
        ("[[eval]]\nlimit = 1", r"into a table \[eval\]"),
        ("num_frames = 9\nnum-frames = 8", "'num-frames' twice"),
    ],
)
def test_a_value_that_its_option_does_not_take_is_refused_by_file_and_key(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        defaults(text)


def test_values_are_read_as_what_they_plainly_mean() -> None:
    found = defaults('set = "a=1"\nseeds = 7\nfps = 23.976\noutput = 2026-01-31\nverbose = true\ntimeout = 5\n')["eval"]
    assert found == {
        "set_": ["a=1"], "seeds": "7", "fps": "23.976", "output": "2026-01-31", "verbose": True, "timeout": 5.0,
    }  # fmt: skip
    assert defaults("\ufeffworkers = 1\n")["score"]["workers"] == 1


def test_a_word_that_means_something_else_everywhere_needs_a_table() -> None:
    with pytest.raises(InputError, match=r"'name' at the top of .*put it into a table, such as \[suites.import\]"):
        defaults('name = "mine"\n')
    assert defaults('[rate.create]\nname = "mine"\n')["rate"]["create"] == {"name": "mine"}  # type: ignore[comparison-overlap]


def test_what_is_said_of_other_meanings_is_true() -> None:
    """Every command named in the table exists and knows the word."""
    known = {" ".join(name): {o for p in command.params for o in p.opts} for name, command in leaves(cli)}
    for key, commands in OTHER_MEANING.items():
        for command in commands:
            assert command in known
        assert any(f"--{key}" in known[command] for command in commands)


@pytest.mark.parametrize("command", [["suites", "list"], ["metrics", "list"], ["doctor"], ["cost", "nowhere"]])
def test_every_command_refuses_a_file_with_a_misspelt_table(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a2bench.toml").write_text("[evel]\nlimit = 1\n")
    monkeypatch.setattr(sys, "argv", ["a2bench", *command])
    with pytest.raises(SystemExit) as caught:
        main()
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.count("\n") == 1 and "Did you mean 'eval'?" in err


def test_help_is_had_beside_a_broken_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a2bench.toml").write_text("[evel\n")
    monkeypatch.setattr(sys, "argv", ["a2bench", "eval", "--help"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
