"""A study's votes as files for others: Parquet, CSV and JSON, with pseudonyms and without anything personal."""

import json
from pathlib import Path

from a2bench.base.files import check_outside_of_runs, replacing, write_atomically
from a2bench.errors import InputError
from a2bench_human_eval.results import StudyResults
from a2bench_human_eval.votes_table import Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def export_votes(table: Table, folder: Path, results: StudyResults) -> list[Path]:
    """Write ``votes.parquet``, ``votes.csv``, ``votes.json`` and ``results.json`` into a folder.

    In the CSV a text that a spreadsheet would take for a formula gets an apostrophe in front.

    Raises:
        InputError: the folder has other files of these names.
    """
    check_outside_of_runs(folder)
    paths = [folder / name for name in ("votes.parquet", "votes.csv", "votes.json", "results.json")]
    there = [path for path in paths if path.exists()]
    if there and len(there) < len(paths):  # an export writes all four
        raise InputError(f"{there[0]} is there already and is of no earlier export; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(paths[0]) as temporary:
        table.to_parquet(temporary, index=False)
    safe = table.map(
        lambda value: f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
    )
    with replacing(paths[1]) as temporary:
        safe.to_csv(temporary, index=False)
    with replacing(paths[2]) as temporary:
        table.to_json(temporary, orient="records", indent=1, force_ascii=False)
    write_atomically(paths[3], (json.dumps(results.document(), indent=2, allow_nan=False) + "\n").encode())
    return paths
