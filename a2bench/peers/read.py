"""Any result file of another suite, recognised by what is in it."""

import csv
from pathlib import Path

from a2bench.errors import InputError
from a2bench.peers import a2_bench, opens2v, vbench
from a2bench.peers.json_files import read_object, read_text
from a2bench.peers.reported import Reported

EXPECTED = (
    "expected an OpenS2V-Eval folder (aesthetic_score.json, ...), merged JSON or board CSV, a VBench "
    "*_eval_results.json (or a folder of them), or an A2-Bench JSON or CSV (human_face_similarity, env_clip, ...)"
)


def read_reported(path: Path, system: str | None = None, board: str | None = None) -> list[Reported]:
    """Read what others reported.

    Args:
        path: a file, or a folder of result files.
        system: name of the system, where the file holds one.
        board: which board of OpenS2V-Eval, where the file does not say.

    Raises:
        InputError: nothing of that name, or not a known format; the message says what was expected.
    """
    if path.is_dir():
        if opens2v.is_results_folder(path):
            return [opens2v.read_results_folder(path, system, board)]
        if files := vbench.result_files(path):
            return [vbench.read_results(files, system, path.name)]
        raise InputError(f"{path} holds no known result files; {EXPECTED}")
    if not path.is_file():
        raise InputError(f"no such file or folder: {path}")
    if path.suffix.lower() == ".zip":
        raise InputError(f"{path} is an archive; unpack it and name the folder")
    if path.suffix.lower() == ".csv":
        return _read_csv(path, system, board)
    document = read_object(path)
    if opens2v.is_merged(document):
        return [opens2v.read_merged(path, document, system, board)]
    if a2_bench.is_results(document):
        return [a2_bench.read_json(path, document, system)]
    if vbench.is_results(document):
        return [vbench.read_results([path], system)]
    raise InputError(f"{path} is in no known format; {EXPECTED}")


def _read_csv(path: Path, system: str | None, board: str | None) -> list[Reported]:
    lines = read_text(path).splitlines()
    try:
        header = next(csv.reader(lines), [])
        if opens2v.is_board_csv(header):
            rows = list(opens2v.read_board_csv(path, lines, board))
        elif a2_bench.is_results(header):
            rows = list(a2_bench.read_csv(path, lines))
        else:
            raise InputError(f"{path} is in no known format; {EXPECTED}")
    except csv.Error as error:
        raise InputError(f"{path} is not CSV: {error}") from None
    rows = [row for row in rows if system in (None, row.system)]
    if not rows:
        raise InputError(f"{path} has no row {system!r}" if system else f"{path} has no rows")
    return rows
