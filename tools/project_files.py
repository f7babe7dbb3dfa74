"""Writes who and where the project is into the files that say it: `make docs`.

Address, author, contact, version, licence and description stand in pyproject.toml and nowhere else. CITATION.cff is
made as a whole, SECURITY.md between two comments, of the README the line with ``git clone``. While a setting is empty,
the files say so instead of inventing something.
"""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- Made by `make docs` from the settings of the project in pyproject.toml. -->\n"
END = "<!-- End of what `make docs` makes. -->\n"
_CLONE = re.compile(r"^git clone \S+ a2bench", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """What pyproject.toml says of the project; address, author and contact may be empty."""

    address: str
    author: str
    contact: str
    version: str
    licence: str
    description: str
    keywords: tuple[str, ...]


def read_project(pyproject: str) -> Project:
    """Of the text of pyproject.toml."""
    found = tomllib.loads(pyproject)
    project, hook = found["project"], found["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    return Project(
        hook["address"].rstrip("/"),
        hook["author"],
        hook["contact"],
        project["version"],
        project["license"].partition(" AND ")[0],
        project["description"],
        tuple(project["keywords"]),
    )


def citation(project: Project) -> str:
    """CITATION.cff, by the schema 1.2.0; texts are JSON strings, which YAML reads as such."""
    lines = [
        "# Made by `make docs` from pyproject.toml; change that instead.",
        "cff-version: 1.2.0",
        "type: software",
        'message: "If you use A2Bench, please cite it with its version, and what your metrics and systems come from."',
        "title: A2Bench",
        "authors:",
        f"  - name: {json.dumps(project.author or 'The authors of A2Bench', ensure_ascii=False)}",
        *([f"    email: {json.dumps(project.contact)}"] if project.author and project.contact else []),
        f"version: {json.dumps(project.version)}",
        f"license: {project.licence}",
        f"abstract: {json.dumps(project.description, ensure_ascii=False)}",
        "keywords:",
        *(f"  - {json.dumps(word)}" for word in project.keywords),
        *([f"repository-code: {json.dumps(project.address)}"] if project.address else []),
    ]
    return "\n".join(lines) + "\n"


def where_to_tell(project: Project) -> str:
    """Where a hole is told of in confidence."""
    ways = []
    if project.contact:
        ways.append(f"- Write to {project.contact}.")
    if "//github.com/" in project.address:
        ways.append(f"- Or open a private report: {project.address}/security/advisories/new")
    if ways:
        return "\n".join(ways) + "\n"
    return (
        "**No contact has been set yet** (`contact` and `address` in `pyproject.toml`, under\n"
        "`[tool.hatch.metadata.hooks.custom]`). Until there is one, tell privately whoever gave you this copy, and\n"
        "do not describe the hole in a public issue.\n"
    )


def texts(root: Path) -> dict[str, str]:
    """What each file should hold, by its path below the root."""
    project = read_project((root / "pyproject.toml").read_text(encoding="utf-8"))
    security = (root / "SECURITY.md").read_text(encoding="utf-8")
    before, begin, rest = security.partition(BEGIN)
    _, end, after = rest.partition(END)
    readme = (root / "README.md").read_text(encoding="utf-8")
    if not (begin and end) or len(_CLONE.findall(readme)) != 1:
        raise ValueError("SECURITY.md lacks its two comments, or README.md the one line with `git clone`")
    return {
        "CITATION.cff": citation(project),
        "SECURITY.md": f"{before}{begin}\n{where_to_tell(project)}\n{end}{after}",
        "README.md": _CLONE.sub(f"git clone {project.address or 'REPOSITORY'} a2bench", readme),
    }


def main() -> None:
    """Write the files that do not hold what they should."""
    for name, text in texts(ROOT).items():
        path = ROOT / name
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            path.write_text(text, encoding="utf-8")
        print(f"{name}: {'written anew' if changed else 'as it should be'}")


if __name__ == "__main__":
    main()
