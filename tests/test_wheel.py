"""What a wheel holds and says: our own names alone, and the licences of what lies in it, with their texts."""

import csv
import importlib.util
import json
import re
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path
from types import ModuleType

import pytest
from packaging.licenses import canonicalize_license_expression

from a2bench.assets.weights import manifest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
IDENTIFIER = re.compile(r"(?:CC0|CC-BY(?:-SA)?|GPL|LGPL|MIT|BSD|Apache|CDLA)[A-Za-z0-9.-]*")
FIRST_WORDS = {
    "Apache-2.0": "Apache License Version 2.0, January 2004",
    "CC-BY-2.0": "Creative Commons Attribution 2.0",
    "CC-BY-3.0": "Creative Commons Legal Code Attribution 3.0 Unported",
    "CC-BY-4.0": "Creative Commons Attribution 4.0 International",
    "CC-BY-SA-3.0": "Creative Commons Legal Code Attribution-ShareAlike 3.0 Unported",
    "CC-BY-SA-4.0": "Creative Commons Attribution-ShareAlike 4.0 International",
    "CC0-1.0": "Creative Commons Legal Code CC0 1.0 Universal",
    "GPL-2.0-or-later": "GNU GENERAL PUBLIC LICENSE Version 2, June 1991",
    "LGPL-3.0-only": "GNU LESSER GENERAL PUBLIC LICENSE Version 3, 29 June 2007",
    "LicenseRef-Public-Domain": 'Images whose row in references/catalogue.csv says "public domain',
}
HOLDERS = ("BSD-2-Clause", "BSD-3-Clause", "MIT")
"""Licences whose text names the copyright holder: there is one beside each thing under them."""


def identifiers(licence: str) -> set[str]:
    """SPDX identifiers of the words of a licence in our tables; all that are named, since each may bind."""
    found = set(IDENTIFIER.findall(licence))
    if licence.startswith("public domain (US Government"):
        found.add("LicenseRef-Public-Domain")
    elif licence == "public domain (CC0, SpaceX)":
        found = {"CC0-1.0"}
    assert found, f"say in tests/test_wheel.py which SPDX identifier {licence!r} is"
    return found


def licences_of_images() -> set[str]:
    with (ROOT / "references/catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (ROOT / "references" / row["file"]).is_file()]
    assert rows
    return {identifier for row in rows for identifier in identifiers(row["licence"])}


def bundled_weights() -> list[dict[str, str]]:
    entries = json.loads((ROOT / "a2bench/assets/weights.json").read_text("utf-8"))
    return [entry for entry in entries if entry["source"].startswith("bundled:")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    return zipfile.ZipFile(next(iter(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"]))))


def test_the_wheel_installs_only_our_own_names(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    packages = {"a2bench", "a2bench_metrics", "a2bench_human_eval", "a2bench_leaderboard"}
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == packages
    assert "a2bench/prompts/a2bench-mini.jsonl" in names
    assert "a2bench/references/catalogue.csv" in names
    assert "a2bench/assets/weights.json" in names
    assert "a2bench_metrics/weights/NOTICE.md" in names
    bundled = [entry for entry in manifest().values() if entry.is_bundled]
    assert {f"{entry.module}/{part.path}" for entry in bundled for part in entry.files} <= set(names)
    assert "a2bench/show/report/page.html.j2" in names


def test_words_of_the_catalogue_become_identifiers() -> None:
    assert identifiers("GPL-2.0-or-later and CC-BY-SA-4.0") == {"GPL-2.0-or-later", "CC-BY-SA-4.0"}
    assert identifiers("LGPL-3.0-only (file metadata); package GPL-2.0-or-later") == {
        "LGPL-3.0-only",
        "GPL-2.0-or-later",
    }
    assert identifiers("public domain (US Government, NASA)") == {"LicenseRef-Public-Domain"}
    with pytest.raises(AssertionError, match="'shareware'"):
        identifiers("shareware")


def test_the_expression_names_every_licence_of_what_a_wheel_holds_and_no_other() -> None:
    wanted = {"Apache-2.0", *licences_of_images()}
    for entry in bundled_weights():
        wanted |= identifiers(entry["licence"])
    assert PROJECT["license"] == " AND ".join(sorted(wanted))
    assert canonicalize_license_expression(PROJECT["license"]) == PROJECT["license"]


def test_every_licence_of_the_expression_has_its_text_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    folder = f"a2bench-{_version(wheel)}.dist-info/licenses/"
    texts = {
        name.removeprefix(folder): " ".join(wheel.read(name).decode("utf-8").split())
        for name in wheel.namelist()
        if name.startswith(folder)
    }
    for identifier in PROJECT["license"].split(" AND "):
        if identifier in HOLDERS:
            assert [name for name in texts if identifier in name], identifier
        else:
            text = texts["LICENSE" if identifier == "Apache-2.0" else f"LICENSES/{identifier}.txt"]
            assert text.startswith(FIRST_WORDS[identifier]), (identifier, text[:80])
            assert len(text) > 5000 or identifier == "LicenseRef-Public-Domain"
    assert "GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007" in texts["LICENSES/LGPL-3.0-only.txt"]
    standard = {name for name in texts if name.startswith("LICENSES/")}
    assert {Path(name).stem for name in standard} <= set(PROJECT["license"].split(" AND ")), "a text of nothing here"


def test_the_metadata_tell_licences_pythons_and_addresses(wheel: zipfile.ZipFile) -> None:
    metadata = Parser().parsestr(wheel.read(f"a2bench-{_version(wheel)}.dist-info/METADATA").decode("utf-8"))
    assert metadata["License-Expression"] == PROJECT["license"]
    assert set(metadata.get_all("License-File", [])) >= {"LICENSE", "LICENSES/GPL-2.0-or-later.txt"}
    assert metadata.get_all("Project-URL")
    pythons = [c.rpartition(" ")[2] for c in metadata.get_all("Classifier", []) if ":: Python :: 3." in c]
    assert {"3.11", "3.12", "3.13"} <= set(pythons)
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_readme_of_an_index_has_no_picture_or_link_that_leads_nowhere(wheel: zipfile.ZipFile) -> None:
    hook = _hook()
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "](docs/report.jpg)" in readme
    relative = re.compile(r"\]\((?!https?://|#)[^)]*\)")
    for address in ("", "https://example.org/us/a2bench"):
        text = hook.index_readme(readme, address, "v0.1.0")
        assert not relative.findall(text)
        assert ("![" in text) == bool(address)
    assert "https://example.org/us/a2bench/raw/v0.1.0/docs/report.jpg" in text
    metadata = Parser().parsestr(wheel.read(f"a2bench-{_version(wheel)}.dist-info/METADATA").decode("utf-8"))
    assert not relative.findall(str(metadata.get_payload()))
    assert hook.project_urls("", "v1") == {}
    assert hook.project_urls("https://example.org/us/a2bench", "v1")["Repository"] == "https://example.org/us/a2bench"


def _version(wheel: zipfile.ZipFile) -> str:
    return Path(wheel.filename or "").name.split("-")[1]


def _hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
