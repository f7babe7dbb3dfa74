"""The tables that other suites have published, as data with their sources."""

import csv
import json
import re
from functools import cache
from importlib.resources import files

from a2bench.peers.definitions import SUITES
from a2bench.peers.reported import Reported


@cache
def published_tables() -> dict[str, tuple[Reported, ...]]:
    """Every published table by name: rows in the order of the source."""
    folder = files("a2bench.peers").joinpath("tables")
    entries = json.loads(folder.joinpath("tables.json").read_text(encoding="utf-8"))
    tables = {}
    for entry in entries:
        suite = SUITES[entry["suite"]]
        lines = folder.joinpath(f"{entry['name']}.csv").read_text(encoding="utf-8").splitlines()
        tables[entry["name"]] = tuple(
            Reported(
                suite=suite,
                system=row["system"],
                values={key: float(row[key]) for key in suite.dimensions},
                published={key: float(row[key]) for key in suite.totals},
                source=entry["source"],
                notes=tuple(re.split(r"(?<=\.) ", entry["note"])),
            )
            for row in csv.DictReader(lines)
        )
    return tables
