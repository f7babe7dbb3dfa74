"""A study's votes as files for others: Parquet, CSV and JSON, with pseudonyms and without anything personal."""

import json
from pathlib import Path
from typing import Any

from a2bench_human_eval.votes_table import Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def export_votes(table: Table, folder: Path, analysis: dict[str, Any]) -> list[Path]:
    """Write ``votes.parquet``, ``votes.csv``, ``votes.json`` and ``results.json`` into a folder.

    In the CSV a text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("votes.parquet", "votes.csv", "votes.json", "results.json")]
    table.to_parquet(paths[0], index=False)
    safe = table.map(
        lambda value: f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
    )
    safe.to_csv(paths[1], index=False)
    table.to_json(paths[2], orient="records", indent=1, force_ascii=False)
    paths[3].write_text(json.dumps(analysis, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return paths
