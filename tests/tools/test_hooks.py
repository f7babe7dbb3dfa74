"""What is looked at before a commit: the length of its subject, the size of its files; and that nothing is fetched."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import commit_subject  # noqa: E402
import large_files  # noqa: E402

yaml = pytest.importorskip("yaml")


@pytest.mark.parametrize(
    ("length", "fits"), [(1, False), (49, False), (50, True), (70, True), (71, False), (200, False)]
)
def test_a_subject_has_50_to_70_characters(length: int, fits: bool) -> None:
    found = commit_subject.complaint(
        "x" * length + "\n\nA body, as long as it has to be, whatever that is in characters and lines.\n"
    )
    assert (found is None) == fits
    if found:
        assert f"has {length} characters, 50 to 70 are asked for" in found


@pytest.mark.parametrize("subject", ["Merge main", 'Revert "x"', "fixup! x", "squash! x", "amend! x"])
def test_what_git_writes_itself_passes(subject: str) -> None:
    assert commit_subject.complaint(subject) is None
    assert commit_subject.complaint(subject.replace(" ", "-", 1)) is not None


def test_comments_and_empty_lines_before_the_subject_do_not_count() -> None:
    subject = "metric: add identity_similarity, which knows each person"
    assert 50 <= len(subject) <= 70
    assert commit_subject.complaint(f"# Please enter\n\n{subject}\n# Changes to be committed:\n#\tnew file\n") is None
    assert commit_subject.complaint("# only a comment\n") is None


def test_the_body_begins_on_the_third_line() -> None:
    assert commit_subject.complaint("x" * 60 + "\nand so on") == (
        "the second line of a message is empty; the body begins on the third"
    )


@pytest.mark.parametrize(
    ("subject", "code"), [("update README", 1), ("metric: add identity_similarity, which knows each person", 0)]
)
def test_the_hook_refuses_with_one_sentence(subject: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "COMMIT_EDITMSG").write_text(subject + "\n")
    command = [sys.executable, ROOT / "tools/commit_subject.py", tmp_path / "COMMIT_EDITMSG"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code
    assert result.stderr.count("\n") == code and result.stderr.startswith("error: the subject has 13" if code else "")


def test_a_file_above_a_megabyte_is_named_unless_it_may_be_that_large(tmp_path: Path) -> None:
    names = ("a.mp4", "b.png", "metrics/a2bench_metrics/weights/c.dat")
    for name, size in zip(names, (1_000_001, 1_000_000, 2_000_000), strict=True):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    assert large_files.too_large([*names, "gone.mp4"], tmp_path) == [
        "a.mp4 has 1.0 MB; at most 1 MB belong into a commit"
    ]


def test_no_file_that_is_here_would_be_refused() -> None:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert large_files.too_large(listed.stdout.decode().split("\0"), ROOT) == []


def test_every_hook_is_a_program_that_is_here_and_fetches_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [one["repo"] for one in config["repos"]] == ["local"]
    hooks = {hook["id"]: hook for one in config["repos"] for hook in one["hooks"]}
    assert set(hooks) == {"ruff", "ruff-format", "whitespace", "large-files", "subject"}
    for hook in hooks.values():
        assert hook["language"] == "system"
        program, *words = hook["entry"].split()
        assert program == "git" or program.startswith(".venv/bin/")
        assert all((ROOT / word).is_file() for word in words if word.startswith("tools/"))
    assert config["default_install_hook_types"] == ["pre-commit", "commit-msg"]
    assert config["default_stages"] == ["pre-commit"] and hooks["subject"]["stages"] == ["commit-msg"]


def test_the_subject_that_contributors_are_shown_is_one_that_they_could_use() -> None:
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    shown = re.findall(r"the area first \(`([^`]+)`\)", text)
    assert len(shown) == 1 and commit_subject.complaint(shown[0]) is None
