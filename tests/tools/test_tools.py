"""The tools that set up and try environments: what they choose and what they notice; environments themselves they make
when they are run (`make demo`, `make test-matrix`, `make test-installed`)."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import environments  # noqa: E402
import installed  # noqa: E402
import matrix  # noqa: E402

CUDA_PLAN = "Would install 3 packages\n + nvidia-cublas==13.4.1.3\n + torch==2.15.0\n"
PLAIN_PLAN = "Would install 1 package\n + torch==2.15.0\n"


def offers(
    monkeypatch: pytest.MonkeyPatch,
    *,
    gpu: bool = False,
    index: str | None = CUDA_PLAN,
    cpu_index: bool = False,
    pip: tuple[str, ...] = (),
) -> None:
    """A machine: with a GPU or not; what its package index would install; what else is offered."""

    def plan(python: Path, arguments: list[str]) -> str | None:
        if "--torch-backend=cpu" in arguments:
            return PLAIN_PLAN if cpu_index else None
        return index

    monkeypatch.setattr(environments, "_has_gpu", lambda: gpu)
    monkeypatch.setattr(environments, "_dry_run", plan)
    monkeypatch.setattr(environments, "_offered_by_pip", lambda python: list(pip))


def choice(**more: Any) -> environments.Torch:
    return environments.torch_build(Path(sys.executable), "torch==2.15.0", **{"needs_torchvision": False, **more})


def test_the_interpreter_that_runs_is_found_by_its_version() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = environments.interpreters()
    assert set(found) <= set(environments.PYTHONS)
    if version in environments.PYTHONS:
        assert found[version].exists()


def test_a_machine_with_a_gpu_gets_torch_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, gpu=True, cpu_index=True)
    assert choice().kind == "cuda"


def test_without_a_gpu_torch_is_for_the_cpu_wherever_an_index_offers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, index=PLAIN_PLAN)
    assert (choice().kind, choice().arguments) == ("cpu", ())
    offers(monkeypatch, cpu_index=True)
    assert (choice().kind, choice().arguments) == ("cpu", ("--torch-backend=cpu",))
    offers(monkeypatch, pip=("2.13.0+cpu", "2.12.0+cpu"))
    assert choice().requirement == "torch==2.13.0+cpu"
    assert "the lock has 2.15.0" in choice().why


def test_what_cannot_be_chosen_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch)
    assert choice().kind == "cuda"
    assert "no package index that can be reached from here offers a build for the CPU" in choice().why
    offers(monkeypatch, pip=("2.13.0+cpu",))  # its torchvision is another index's
    assert choice(needs_torchvision=True).kind == "cuda"


def test_the_lock_becomes_constraints_without_what_is_replaced(tmp_path: Path) -> None:
    lines = environments.constraints(tmp_path, without=["torch"]).read_text().splitlines()
    assert not [line for line in lines if line.startswith("torch==")]
    assert [line for line in lines if line.startswith("torchvision==")]
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", environments.locked("torch"))


def test_nothing_of_this_environment_reaches_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org")
    found = environments.clean_environment(TMPDIR="/tmp/x")
    assert "PYTHONPATH" not in found and "A2BENCH_OFFLINE" not in found
    assert (found["PIP_INDEX_URL"], found["TMPDIR"]) == ("https://example.org", "/tmp/x")


def test_the_table_of_the_matrix_names_what_failed_and_what_is_absent() -> None:
    rows = [
        matrix.Row("3.11", "lock", True, "12 passed, 1 skipped", 10, 20, 1.5, "numpy 2.4.6"),
        matrix.Row("3.12", "lowest", False, "1 failed, 11 passed"),
        matrix.Row("3.14", "-", True, "this Python is not on this machine"),
    ]
    text = matrix.table(rows)
    assert re.search(r"^ok +3\.11 +lock +12 passed, 1 skipped +10 +20 +1\.5$", text, re.M)
    assert re.search(r"^FAILED +3\.12 +lowest +1 failed, 11 passed", text, re.M)
    assert "this Python is not on this machine" in text and "3.11 lock: numpy 2.4.6" in text


WARNS = "import warnings\ndef test_a(): warnings.warn('soon gone', DeprecationWarning)"


@pytest.mark.parametrize(
    ("code", "resolution", "passes"),
    [
        ("def test_a(): pass", "lock", True),
        ("def test_a(): assert 0", "lock", False),
        (WARNS, "newest", False),
        (WARNS, "lowest", True),
    ],
)
def test_the_matrix_reads_what_pytest_counts(code: str, resolution: str, passes: bool, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_it.py").write_text(code)
    outcome, passed = matrix.tested(Path(sys.executable), tmp_path, resolution, [str(tmp_path / "test_it.py")], 2)
    assert passed is passes
    assert outcome == ("1 passed" if passes else "1 failed")


def score(value: float | None, reason: str = "", *, status: str = "scored", video: str = "v") -> dict[str, Any]:
    return {"value": value, "reason": reason, "status": status, "video_sha256": video}


def complaints(record: dict[str, Any], *, extra: str = "metrics", able: tuple[str, ...] = ("niqe",),
               wanted: float | None = 5.0) -> list[str]:  # fmt: skip
    return installed.compared({("a", "niqe"): record}, {("a", "niqe"): score(wanted)}, extra, set(able))[2]


def test_an_installed_copy_with_the_numbers_of_the_lock_is_right() -> None:
    assert installed.compared({("a", "niqe"): score(5.001)}, {("a", "niqe"): score(5.0)}, "metrics", {"niqe"})[::2] == (
        1,
        [],
    )
    assert complaints(score(None, "needs weights 'x'"), wanted=None) == ["eval gave no number"]
    assert complaints(score(None, "type `pip install 'a2bench[metrics]'`"), extra="-") == []


def test_an_installed_copy_with_other_numbers_videos_or_words_is_not() -> None:
    assert "locked 5.0" in complaints(score(5.1))[0]
    assert "locked 5.0" in complaints(score(float("nan")))[0]
    assert "not that of the locked environment" in complaints(score(5.0, video="w"))[0]
    assert "failed: broken" in complaints(score(None, "broken", status="failed"))[0]
    assert "doctor does not call it able" in complaints(score(5.0), able=())[0]
    assert "is missing" in complaints(score(None, "type `pip install 'a2bench[metrics]'`"))[0]
    assert "is missing" in complaints(score(None, "no face"), extra="-")[0]
    assert "missing in the locked environment" in complaints(score(5.0), wanted=None)[0]
    assert installed.compared({}, {}, "-", set())[2] == ["eval left no scores"]


def test_the_list_of_packages_is_read_in_whatever_pip_has_to_say_besides() -> None:
    notice = "[notice] A new release of pip is available: 23.2 -> 26.1"
    listed = '[{"name": "PyYAML", "version": "6"}, {"name": "jaraco.text", "version": "4"}]'
    for told in (listed, f"{listed}\n\n{notice}\n", f"{notice}\n{listed}\n"):
        assert installed.package_names(told) == {"pyyaml", "jaraco-text"}
