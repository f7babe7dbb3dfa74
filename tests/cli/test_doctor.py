import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from a2bench.assets.extras import packages_of_extras
from a2bench.cli import doctor, doctor_needs
from a2bench.cli.doctor_needs import metric_needs
from a2bench.cli.importing import failing_imports

BROKEN = {
    "raises_error": "raise OSError('libGL.so.1: cannot open shared object file')",
    "raises_exit": "raise SystemExit('no licence')",
    "raises_base": "class Odd(BaseException): pass\nraise Odd('two\\nlines')",
    "calls_exit": "import os; os._exit(3)",
    "crashes": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
    "fails_inside": "import no_such_package_at_all",
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules are found before all others, in this process' children too."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])))
    return folder


def test_imports_that_raise_exit_or_crash_are_told_from_those_that_work(packages: Path) -> None:
    for name, code in {**BROKEN, "works": "print('[not an answer]')", "works_too": ""}.items():
        (packages / f"{name}.py").write_text(code)
    failed = failing_imports(["works", *BROKEN, "works_too"])
    assert set(failed) == set(BROKEN)
    assert failed["raises_error"] == "OSError: libGL.so.1: cannot open shared object file"
    assert failed["raises_exit"] == "SystemExit: no licence"
    assert failed["raises_base"] == "Odd: two lines"
    assert failed["calls_exit"] == "its import ends Python with exit code 3"
    assert failed["crashes"] == "its import ends Python with SIGILL"
    assert failed["fails_inside"] == "ModuleNotFoundError: No module named 'no_such_package_at_all'"


def test_an_import_that_hangs_is_given_up_and_the_rest_is_tried(packages: Path) -> None:
    (packages / "hangs.py").write_text("import time; time.sleep(600)")
    (packages / "works.py").write_text("")
    assert failing_imports(["hangs", "works"], seconds=6) == {"hangs": "its import had not ended after 6 s"}


def test_a_limit_is_for_one_import_and_not_for_all(packages: Path) -> None:
    for number in range(4):
        (packages / f"slow{number}.py").write_text("import time; time.sleep(1.6)")
    assert failing_imports([f"slow{number}" for number in range(4)], seconds=6) == {}


def run_doctor(packages: Path, broken: dict[str, str]) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and findings of ``a2bench doctor --json`` where some packages are broken and all large ones empty."""
    large = {module for extra, found in packages_of_extras().items() if extra for module in found}
    large |= {"torchvision", "pyiqa"}
    for module in large | set(broken):
        (packages / f"{module}.py").write_text(broken.get(module, ""))
    command = [sys.executable, "-P", "-m", "a2bench", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=packages.parent, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("code", [BROKEN["raises_error"], BROKEN["raises_exit"], BROKEN["crashes"]])
def test_a_metric_is_ok_only_when_what_it_needs_can_be_imported(code: str, packages: Path) -> None:
    exit_code, findings = run_doctor(packages, {"cv2": code, "torch": code})
    assert exit_code == 1
    about = {package: [f for f in findings if f"'{package}'" in f["text"]] for package in ("cv2", "torch")}
    for package, lines in about.items():
        assert len(lines) == 1, (package, lines)  # one cause is one line
        assert "cannot be imported" in lines[0]["text"]
        assert lines[0]["remedy"]
        assert lines[0]["status"] == "problem"
    able = next(f["names"] for f in findings if f["check"] == "metrics" and f["status"] == "ok")
    assert "pose_copy" in able or "niqe" in able
    assert not {"sharpness", "warping_error", "identity_similarity", "object_similarity"} & set(able)
    assert {"sharpness", "warping_error", "identity_similarity"} <= set(about["cv2"][0]["names"])
    assert {"python", "codecs", "suites", "disk", "fonts"} <= {f["check"] for f in findings if f["status"] == "ok"}


@pytest.mark.parametrize("package", ["av", "numpy", "pydantic"])
def test_doctor_outlives_packages_that_a2bench_itself_stands_on(package: str, packages: Path) -> None:
    exit_code, findings = run_doctor(packages, {package: BROKEN["raises_exit"]})
    assert exit_code == 1
    told = [finding for finding in findings if "no licence" in finding["text"]]
    assert [(finding["check"], finding["status"]) for finding in told] == [("packages", "problem")]
    assert f"'{package}'" in told[0]["text"]
    assert told[0]["remedy"]
    assert {"python", "disk", "fonts"} <= {finding["check"] for finding in findings if finding["status"] == "ok"}


def test_a_check_that_fails_in_a_way_nobody_thought_of_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies() -> Iterator[doctor.Finding]:
        yield doctor.Finding("first", "ok", "lost with the rest")
        sys.exit("gone\nnow")

    checks = {"one": dies, "two": dies, "three": lambda: iter([doctor.Finding("three", "ok", "went on")])}
    monkeypatch.setattr(doctor, "CHECKS", checks)
    result = CliRunner().invoke(doctor.doctor_command, [], standalone_mode=False)
    assert result.return_value == 1
    assert "went on" in result.output
    assert result.output.count("SystemExit: gone now") == 1
    assert "one, two could not be checked" in result.output


def test_findings_fit_the_terminal_and_what_is_to_be_typed_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    remedy = "pip install " + " ".join(f"package-{number}" for number in range(20))
    found = doctor.Finding("metrics", "warning", ", ".join(["a_metric"] * 40) + ": needs a package", remedy)
    monkeypatch.setattr(doctor, "CHECKS", {"one": lambda: iter([found])})
    lines = CliRunner().invoke(doctor.doctor_command, []).output.splitlines()
    assert lines[0].startswith("WARNING  metrics   a_metric, a_metric")
    assert len(lines) > 3
    assert all(line.startswith(" " * 21) for line in lines[1:-1])
    assert max(len(line) for line in lines[:-1]) <= 100
    assert lines[-1] == f"{'':19}-> {remedy}"


def test_a_module_inside_a_package_that_is_not_there_is_missing() -> None:
    assert not doctor_needs._is_there("no_such_package_at_all.part")
    assert not doctor_needs._is_there("json.no_such_part")
    assert doctor_needs._is_there("importlib.metadata")


def test_needs_with_one_remedy_are_one_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_needs, "failing_imports", lambda names: {})
    needs = metric_needs({})
    remedies = [cause.remedy for cause in needs.causes if cause.remedy]
    assert len(remedies) == len(set(remedies))
    assert not {name for cause in needs.causes for name in cause.metrics} & set(needs.able)


def test_damaged_weights_keep_a_metric_from_being_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_needs, "failing_imports", lambda names: {})
    assert "niqe" in metric_needs({}).able
    needs = metric_needs({"niqe-pristine": "weights 'niqe-pristine' are damaged"})
    assert "niqe" not in needs.able
    assert [cause.metrics for cause in needs.causes if "damaged" in cause.text] == [("niqe",)]
