"""Print the CPU seconds that a board takes from a quarter of a million scores, and that torch stays out of it.

python benchmarks/board.py [systems cases seeds metrics]: the figures of docs/leaderboard.md.
"""

import sys
import time

import numpy as np

from a2bench.base.hashing import bytes_sha256
from a2bench.model.records import SampleId
from a2bench.results.expectations import summary_infos
from a2bench_leaderboard.board.document import board_document
from a2bench_leaderboard.board.folder import board_files


def invented_inputs(systems: int, cases: int, seeds: int, metrics: int) -> dict[str, object]:
    """Inputs of a board with invented values: ``systems * cases * seeds`` of every metric and row of the summary."""
    dice = np.random.default_rng(1)
    names = [*(info.name for info in summary_infos()), *(f"m{number}" for number in range(metrics))]
    samples: list[SampleId] = [(f"c{case:03}", seed) for case in range(cases) for seed in range(seeds)]
    of_case = dice.normal(50, 10, cases).repeat(seeds)
    roles = [["character"], ["character", "object"], ["character", "object", "background"]]
    column = {
        "group": "other",
        "direction": "higher",
        "range": [0, 100],
        "unit": "",
        "version": "1",
        "backend": "",
        "made_by": "",
    }
    validity = {"state": "not checked", "reason": ""}
    facts: dict[str, object] = {
        "kind": "system", "revision": "1", "licence": "", "open_weights": None, "url": "", "tier": None, "tiers": [],
        "settings": {"width": 832, "height": 480, "num_frames": 81, "fps": "16"}, "videos_done": len(samples),
        "scores_from": "measured",
        "sha256": "", "description": "", "facts": [], "failures": [], "unmeasured": [],
        "cost": {"videos": 1, "failed": 0, "seconds": 1.0, "seconds_per_video": 1.0, "peak_memory": {},
                 "price_per_video": None},
        "price": {"per_hour": None, "per_call": None},
        "seconds": [60.0 + n % 7 for n in range(len(samples))], "parameters": None, "cost_unknown": None,
    }  # fmt: skip
    kept = {"verdict": "lost", "spans": [["kept", 0, 3.0], ["lost", 3.0, 5.0]], "others": []}
    ledger = [[{"element": role, **kept} for role in roles[int(case[1:]) % 3]] for case, _ in samples]
    videos = [[bytes_sha256(f"{number} {sample}".encode()) for sample in samples] for number in range(systems)]
    shown = {"poster": None, "strip": None, "width": 832, "height": 480, "num_frames": 81, "fps": "16"}
    return {
        "schema": 1,
        "a2bench": "",
        "release": None,
        "releases": [],
        "suite": {"name": "invented", "revision": ""},
        "cases": [
            {
                "id": f"c{n:03}",
                "elements": roles[n % 3],
                "tags": [f"t{n % 5}"],
                "prompt": [["A ", -1], *([role, index] for index, role in enumerate(roles[n % 3])), [" waits.", -1]],
                "references": [{"id": role, "role": role, "phrase": role, "image": ""} for role in roles[n % 3]],
            }
            for n in range(cases)
        ],
        "columns": [{**column, "name": name, "title": name, "validity": validity} for name in names],
        "entries": [
            {
                **facts,
                "name": f"s{number:02}",
                "system": f"s{number:02}",
                "title": f"s{number:02}",
                "samples": samples,
                "videos": videos[number],
                "ledger": ledger,
                "values": {name: (of_case + number / 3 + dice.normal(0, 5, len(samples))).tolist() for name in names},
            }
            for number in range(systems)
        ],
        "submissions": None,
        "people": None,
        "published": [],
        "methods": {"metrics": {}, "changes": []},
        "media": {
            "choice": "all",
            "files": {f"{sha256}.mp4": 1 for of in videos for sha256 in of},
            "videos": {sha256: {**shown, "file": f"{sha256}.mp4"} for of in videos for sha256 in of},
            "references": {},
        },
    }


def main() -> None:
    """Build once, and print what it took."""
    size = [int(word) for word in sys.argv[1:]] or [15, 216, 3, 23]
    loaded = time.process_time()
    inputs = invented_inputs(*size)
    started = time.process_time()
    board_document(inputs)
    numbers = time.process_time()
    board_files(inputs)
    done = time.process_time()
    systems, cases, seeds, metrics = size
    sys.stdout.write(
        f"{systems * cases * seeds * metrics} scores ({systems} systems, {cases} cases, {seeds} seeds, {metrics} "
        f"metrics): imports {loaded:.1f}, all numbers {numbers - started:.1f}, numbers and files {done - numbers:.1f} "
        f"CPU seconds; torch imported: {'torch' in sys.modules}\n"
    )


if __name__ == "__main__":
    main()
