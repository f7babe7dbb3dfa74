import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata, util
from pathlib import Path

import pytest

from a2bench.assets import extras
from a2bench.base import registry
from a2bench.model.metrics import FeatureInfo

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
SOURCES = [ROOT / "a2bench", ROOT / "metrics/a2bench_metrics", ROOT / "human_eval", ROOT / "leaderboard"]


class FakeDistribution:
    def __init__(self, direct_url: object) -> None:
        self.direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return json.dumps(self.direct_url) if self.direct_url else None


def installed_from(direct_url: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if this copy lay in a site-packages folder and pip had written this of where it came from."""
    monkeypatch.setattr(extras, "__file__", str(tmp_path / "site-packages/a2bench/assets/extras.py"))
    monkeypatch.setattr(metadata, "distribution", lambda name: FakeDistribution(direct_url))


def test_a_checkout_is_installed_from_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert extras.install_line("text").endswith("pip install -e '.[text]'") or "--python" in extras.install_line("text")
    assert shlex.split(extras.install_line("text"))[-2:] == ["-e", ".[text]"]
    monkeypatch.chdir(tmp_path)
    assert shlex.split(extras.install_line("text"))[-2:] == ["-e", f"{ROOT}[text]"]


def test_a_copy_from_an_index_is_named_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed_from(None, monkeypatch, tmp_path)
    assert shlex.split(extras.install_line("e2v", upgrade=True))[-2:] == ["-U", "a2bench[e2v]"]


def test_a_wheel_that_is_still_there_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = tmp_path / "dist of mine/a2bench-0.1.0-py3-none-any.whl"
    installed_from({"url": wheel.as_uri(), "archive_info": {}}, monkeypatch, tmp_path)
    assert shlex.split(extras.install_line("text"))[-1] == "a2bench[text]"
    wheel.parent.mkdir()
    wheel.touch()
    assert shlex.split(extras.install_line("text"))[-1] == f"a2bench[text] @ {wheel.as_uri()}"


def test_a_copy_from_a_repository_is_named_by_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = {"url": "https://example.org/a2bench.git", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}}
    installed_from(told, monkeypatch, tmp_path)
    assert shlex.split(extras.install_line("text"))[-1] == "a2bench[text] @ git+https://example.org/a2bench.git@0123abc"


def test_the_line_means_this_environment_whatever_pip_is_first_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other/pip"
    other.parent.mkdir()
    other.touch(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    line = shlex.split(extras.install_line("text"))
    assert Path(line[0]).absolute() == Path(sys.executable) or line[:4] == ["uv", "pip", "install", "--python"]
    monkeypatch.setattr(extras.util, "find_spec", lambda name: None)
    line = shlex.split(extras.install_line("text"))
    assert line[:4] == ["uv", "pip", "install", "--python"]
    assert Path(line[4]).absolute() == Path(sys.executable)


def test_neutral_lines_are_replaced_in_a_text_and_all_else_is_left() -> None:
    text = f"needs the package 'lpips'; type `{extras.neutral_line('quality')}` and pip install 'other[quality]'"
    line = extras.install_line("quality")
    assert extras.spoken(text) == f"needs the package 'lpips'; type `{line}` and pip install 'other[quality]'"


def test_the_packages_of_all_extras_are_known_by_the_name_that_is_imported() -> None:
    """A distribution whose import name differs from its own must stand in the table: seen on the installed ones."""
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0] for lines in EXTRAS.values() for line in lines}  # type: ignore[index]
    for distribution in names - {"a2bench"}:
        try:
            metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
        assert util.find_spec(_module_of(distribution)) is not None, distribution


def test_what_a_metric_needs_is_in_the_extra_that_its_message_names() -> None:
    infos = [registry.load(kind, name).info for kind in ("feature", "metric") for name in registry.paths(kind)]
    for info in infos:
        extra = info.extra if isinstance(info, FeatureInfo) else "metrics"
        apart = set(info.apart) if isinstance(info, FeatureInfo) else set()
        assert set(info.packages) - apart <= _modules_of(extra), info.name


def _modules_of(extra: str) -> set[str]:
    """What an extra brings, what it takes from other extras included."""
    modules: set[str] = set()
    for line in EXTRAS[extra]:
        if others := re.fullmatch(r"a2bench\[(.*)\]", line):
            modules |= {module for other in others[1].split(",") for module in _modules_of(other)}
        else:
            modules.add(_module_of(re.split(r"[^A-Za-z0-9._-]", line)[0]))
    return modules


def _module_of(distribution: str) -> str:
    return extras._OTHER_NAMES.get(distribution, distribution.replace("-", "_"))


def test_no_message_types_a_line_of_its_own_for_an_extra() -> None:
    written = re.compile(r"pip install[^`\n]*a2bench\[")
    for folder in SOURCES:
        for path in folder.rglob("*.py"):
            if path.name != "extras.py":
                assert not written.search(path.read_text("utf-8")), path


def test_no_page_types_a_line_for_a_package_that_no_index_has() -> None:
    written = re.compile(r"pip install '?a2bench\[[a-z0-9,-]+\]'?(?! @)")
    pages = [
        *ROOT.glob("*.md"),
        *(page for folder in ("docs", "metrics", "human_eval", "prompts") for page in (ROOT / folder).rglob("*.md")),
    ]
    for page in pages:
        if page.name != "CHANGELOG.md":
            assert not written.search(page.read_text("utf-8")), page


def test_every_extra_that_a_message_names_is_one_of_the_project() -> None:
    named = re.compile(
        r"\b(?:install_line|neutral_line)\([\"']([a-z0-9-]+)[\"']|\bextra=[\"']([a-z0-9-]+)[\"'](?=,$)", re.M
    )
    found = set()
    for folder in SOURCES:
        for path in folder.rglob("*.py"):
            found |= {one or two for one, two in named.findall(path.read_text("utf-8"))}
    assert found - {"forbid"} <= set(EXTRAS)
    assert {"e2v", "text", "leaderboard", "quality"} <= found


def test_a_command_without_its_packages_says_what_to_type(tmp_path: Path) -> None:
    """`rate` needs sqlalchemy; here a finder on the path says that it is not there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'sqlalchemy':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "a2bench", "rate", "status", "-d", str(tmp_path / "none.db")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: this needs the package 'sqlalchemy'; type `")
    assert "human-eval]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
