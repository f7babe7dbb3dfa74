"""Where the value of an option comes from: flag > ``A2BENCH_*`` > project file > default.

The project file is ``a2bench.toml`` in the working directory or the nearest one above it. Its top level holds values
for all commands that know the option; a table ``[eval]`` (or another command) holds values for that command only.
"""

import tomllib
from pathlib import Path
from typing import Any

import click

from a2bench.errors import InputError, UnknownNameError

PROJECT_FILE = "a2bench.toml"


def project_file() -> Path | None:
    """The nearest project file at or above the working directory."""
    here = Path.cwd()
    return next((folder / PROJECT_FILE for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), None)


_OPTIONS: set[str] = set()
"""Names of the options of all commands that read the project file."""


class ProjectCommand(click.Command):
    """A command whose defaults may come from the project file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _OPTIONS.update(parameter.name for parameter in self.params if parameter.name)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the project file before the command line is parsed."""
        values = _project_values(self)
        if values:
            extra["default_map"] = {**(extra.get("default_map") or {}), **values}
        return super().make_context(info_name, args, parent, **extra)


def _project_values(command: click.Command) -> dict[str, Any]:
    path = project_file()
    if path is None:
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    own = data.get(str(command.name), {})
    shared = {key: value for key, value in data.items() if not isinstance(value, dict)}
    known = {parameter.name for parameter in command.params if parameter.name}
    for key in own:
        if key.replace("-", "_") not in known:
            raise UnknownNameError(f"key in [{command.name}] of {path}", key, known)
    for key in shared:
        if key.replace("-", "_") not in _OPTIONS:
            raise UnknownNameError(f"key in {path}", key, _OPTIONS)
    merged = {key.replace("-", "_"): value for key, value in {**shared, **own}.items()}
    return {key: value for key, value in merged.items() if key in known}


def origins(context: click.Context) -> dict[str, str]:
    """Where each option of a command got its value: ``flag``, ``environment``, ``project file`` or ``default``."""
    words = {
        "COMMANDLINE": "flag",
        "ENVIRONMENT": "environment",
        "DEFAULT_MAP": "project file",
        "DEFAULT": "default",
        "PROMPT": "flag",
    }
    found = {}
    for name in context.params:
        source = context.get_parameter_source(name)
        found[name] = words.get(source.name, source.name) if source else "default"
    return found
