"""Where the value of an option comes from: flag > ``A2BENCH_*`` > project file > default.

The project file is ``a2bench.toml`` in the working directory or the nearest one above it. Its top level holds values
for all commands that know the option; a table ``[eval]``, or ``[board.build]`` for a command of a group, holds values
for that command only. A key or a table that no command knows is an error, whatever command runs.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from a2bench.errors import InputError, UnknownNameError

PROJECT_FILE = "a2bench.toml"

MAKING = ("eval", "generate", "score")
OTHER_MEANING: Mapping[str, tuple[str, ...]] = {
    "output": ("eval", "generate"),
    "suite": (*MAKING, "metrics validate"),
    "metrics": (*MAKING, "metrics validate", "metrics real-clips"),
    "cases": MAKING,
    "set": (*MAKING, "systems check"),
    "size": MAKING,
    "seed": ("generate",),
    "force": ("generate",),
}
"""Words that mean another thing in other commands: a value at the top level is for these; others need their table."""
ONLY_IN_TABLES = frozenset(
    {"all", "ballots", "from", "markdown", "name", "open", "price-per-call", "price-per-hour", "to", "votes", "yes"}
)
"""Words that mean something else in each command that knows them."""


def project_file() -> Path | None:
    """The nearest project file at or above the working directory."""
    here = Path.cwd()
    return next((folder / PROJECT_FILE for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), None)


def project_defaults(root: click.Group) -> dict[str, Any]:
    """What the project file says, as click's nested ``default_map`` for a whole command line; nothing without a file.

    Args:
        root: the group of all commands; they are imported, to hold every key against them.

    Raises:
        InputError: the file is not TOML, a key needs a table, or a value is not what its option takes.
        UnknownNameError: a key or a table that no command knows.
    """
    path = project_file()
    if path is None:
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows put a mark at the front
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    data = _with_dashes(data, path)
    _check(root, data, path)
    defaults: dict[str, Any] = {}
    for name, command in _named_leaves(root):
        place = defaults
        for word in name:
            place = place.setdefault(word, {})
        options, values = _options(command), _values(name, data)
        for key in options.keys() & values.keys():
            place[str(options[key].name)] = _value(values[key], options[key], f"{key} in {path}")
    return defaults


def _with_dashes(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Keys as options are typed: ``num_frames`` and ``num-frames`` are one."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        typed = key.replace("_", "-")
        if typed in found:
            raise InputError(f"{path} says {typed!r} twice, with a dash and with an underscore; leave one out")
        found[typed] = _with_dashes(value, path) if isinstance(value, dict) else value
    return found


def _check(root: click.Group, data: Mapping[str, Any], path: Path) -> None:
    known = {key for command in _leaves(root) for key in _options(command)}
    for key in _plain(data):
        if key not in known and key in _commands(root):
            raise InputError(f"{key!r} in {path} is a command: write its options into a table [{key}]")
        if key not in known:
            raise UnknownNameError(f"key in {path}", key, known)
        if key in ONLY_IN_TABLES:
            users = [" ".join(name) for name, command in _named_leaves(root) if key in _options(command)]
            raise InputError(
                f"{key!r} at the top of {path} says not for which command, and means something else in each; put it "
                f"into a table, such as [{users[0].replace(' ', '.')}]"
            )
    _check_tables(root, data, path, ())


def _check_tables(command: click.Command, table: Mapping[str, Any], path: Path, name: tuple[str, ...]) -> None:
    """Hold each table's name, and the keys of each command's table, against what there is."""
    commands = _commands(command)
    keys = {key for leaf in _leaves(command) for key in _options(leaf)}
    for key, value in table.items():
        if isinstance(value, dict):
            if key not in commands and key in keys:
                raise InputError(f"{key!r} in {path} is an option and takes no table; write `{key} = ...`")
            if key not in commands:
                known = [".".join((*name, word)) for word in commands]
                raise UnknownNameError(f"table in {path}", ".".join((*name, key)), known)
            _check_tables(commands[key], value, path, (*name, key))
        elif name and key not in keys:
            raise UnknownNameError(f"key in [{'.'.join(name)}] of {path}", key, keys)


def _values(name: tuple[str, ...], data: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says for one command: the top level as far as it is meant for it, then table after table."""
    words = " ".join(name)
    values = {key: value for key, value in _plain(data).items() if words in OTHER_MEANING.get(key, (words,))}
    table = data
    for word in name:
        inner = table.get(word)
        table = inner if isinstance(inner, dict) else {}  # `metrics` is a key of `eval` and a group of commands
        values |= _plain(table)
    return values


def _value(value: Any, option: click.Option, where: str) -> Any:
    """A value of the file as the option takes it.

    Words separated by commas may be a list, an option that may be repeated one word, and a text a number or a date.

    Raises:
        InputError: it is something else, or not among what the option allows.
    """
    entries = value if isinstance(value, list) else [value]
    if option.multiple:
        return [_text(entry, where) for entry in entries]
    if option.is_flag or option.count and isinstance(value, bool):
        return _expected(value, bool, "true or false", where)
    if isinstance(option.type, click.types.IntParamType):
        _expected(value, int, "a whole number", where)
    elif isinstance(option.type, click.types.FloatParamType):
        _expected(value, (int, float), "a number", where)
    elif isinstance(option.type, (click.Path, click.Choice)):
        value = _text(value, where)
    else:
        return ",".join(_text(entry, where) for entry in entries)
    if isinstance(option.type, click.Path):
        return value  # whether it is there concerns only the command that runs
    kind: Any = option.type
    try:
        return kind.convert(value, option, None)
    except click.BadParameter as error:
        raise InputError(f"{where}: {error.message}") from None


def _text(value: Any, where: str) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else str(_expected(value, (int, float), "a text", where))


def _expected(value: Any, kinds: type | tuple[type, ...], what: str, where: str) -> Any:
    """The value if it is of these kinds; true and false are no numbers."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise InputError(f"{where}: expected {what}, got {value!r}")
    return value


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if not isinstance(value, dict)}


def _commands(command: click.Command) -> dict[str, click.Command]:
    """The commands of a group, by name; none of what is no group."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: child for name, child in found.items() if child is not None}


def _named_leaves(
    command: click.Command, name: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that is no group, with its words."""
    if isinstance(command, click.Group):
        for word, child in _commands(command).items():
            yield from _named_leaves(child, (*name, word))
    else:
        yield name, command


def _leaves(command: click.Command) -> Iterator[click.Command]:
    return (leaf for _, leaf in _named_leaves(command))


def _options(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by their long names without dashes in front."""
    return {
        word.removeprefix("--"): parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for word in parameter.opts
        if word.startswith("--")
    }


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
