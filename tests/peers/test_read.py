"""Result files of other suites, in their published schemas with made-up numbers."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from a2bench.errors import InputError
from a2bench.peers.read import read_reported


def dump(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def opens2v_folder(folder: Path, ids: list[str]) -> Path:
    dice = random.Random(7)

    def metric(name: str, key: str, low: float, high: float, chosen: list[str], **more: float) -> None:
        dump(folder / name, {item: {key: round(dice.uniform(low, high), 4), **more} for item in chosen})

    metric("aesthetic_score.json", "aes_score", 3.5, 7.4, ids)
    metric("motion_smoothness.json", "motion_smoothness", 0.7, 1, ids)
    metric("motion_amplitude.json", "motion_fb", -0.4, 1.3, ids, motion_lk=1.0)
    metric("facesim.json", "cur_score", 0, 1, [item for item in ids if "face" in item], arc_score=0.5)
    metric("gmescore.json", "gme_score", 0.5, 0.8, ids)
    nexus = {k: {"nexus_score": 0 if n == 1 else round(dice.uniform(0, 0.08), 4)} for n, k in enumerate(ids)}
    dump(folder / "nexusscore.json", nexus)
    for repeat in (1, 2, 3):
        dump(folder / f"naturalscore_{repeat}.json", {item: str(dice.randint(1, 5)) for item in ids})
    return folder


# Written by OpenS2V-Nexus eval/merge_result.py (ef17513) for these very files.
OPEN = ["faceobj_1", "faceobj_14", "singleobj_3", "multihuman_2", "singleface_3"]
OPEN_HUMAN = ["singlehuman_1", "singleface_3"]
MERGED = {
    "open": (OPEN, 0.5002261333333333, {"aesthetics": 0.2986466666666668, "nexusscore": 0.344}),
    "human": (OPEN_HUMAN, 0.3110465, {"motion_amplitude": 0.36635, "naturalscore": 0.33333333333333326}),
    "single": ([*OPEN_HUMAN, "singleobj_3"], 0.4934308888888889, {"gmescore": 0.5585333333333333}),
}  # fmt: skip


@pytest.mark.parametrize("board", ["open", "human", "single"])
def test_an_opens2v_folder_gives_what_its_own_script_gives(tmp_path: Path, board: str) -> None:
    ids, total, some = MERGED[board]
    (row,) = read_reported(opens2v_folder(tmp_path / "mine", ids))
    assert row.suite.name == f"opens2v-v1.1-{board}" and row.system == "mine"
    assert row.suite.totals["total"].of(row.values) == pytest.approx(100 * total, abs=1e-9)
    for key, value in some.items():
        assert row.values[key] == pytest.approx(100 * value, abs=1e-9)


def test_every_kind_of_item_of_opens2v_is_known(tmp_path: Path) -> None:
    kinds = ["singleobj", "singlehuman", "singleface", "multiobject", "humanobj", "faceobj", "multiface", "multihuman"]
    (row,) = read_reported(opens2v_folder(tmp_path / "mine", [f"{kind}_7" for kind in kinds]))
    assert row.scored["gmescore"] == len(kinds)
    dump(tmp_path / "mine/gmescore.json", {"cat_1": {"gme_score": 0.5}})
    with pytest.raises(InputError, match="'cat_1' is no id of OpenS2V-Eval"):
        read_reported(tmp_path / "mine")


def test_items_that_opens2v_drops_without_a_word_are_counted(tmp_path: Path) -> None:
    folder = opens2v_folder(tmp_path / "mine", OPEN)
    dump(folder / "naturalscore_2.json", {"faceobj_1": "error", "faceobj_14": "4"})
    (row,) = read_reported(folder)
    assert row.scored["facesim"] == 3 and row.scored["nexusscore"] == 4 and row.items == 180
    assert row.notes == ("the judge gave no number 1 times; these answers are left out",)


def test_an_opens2v_metric_that_is_not_there_leaves_the_total_missing(tmp_path: Path) -> None:
    folder = opens2v_folder(tmp_path / "mine", OPEN)
    (folder / "gmescore.json").unlink()
    total = read_reported(folder)[0].document()["totals"]["total"]
    assert total["value"] is None and total["missing"] == ["gmescore"]


def test_a_merged_opens2v_file_says_its_board_by_its_name(tmp_path: Path) -> None:
    merged = {"total_score": 0.6357, "aes_score": 0.3344, "motion_smoothness": 0.9493, "facesim_cur": 0.942,
              "gme_score": 0.6768, "nexus_score": 0.2602, "natural_score": 0.6667}  # fmt: skip
    (row,) = read_reported(dump(tmp_path / "kling_Open-Domain.json", merged))
    total = row.document()["totals"]["total"]
    assert (row.system, row.suite.name) == ("kling", "opens2v-v1.1-open")
    # The project's own demo file has no motion amplitude: its printed total follows no published formula.
    assert total["published"] == pytest.approx(63.57) and total["missing"] == ["motion_amplitude"]
    with pytest.raises(InputError, match="--board open|single"):
        read_reported(dump(tmp_path / "kling.json", merged))


def test_the_board_of_opens2v_is_read_by_row(tmp_path: Path) -> None:
    path = tmp_path / "results_Human-Domain.csv"
    path.write_text(
        "Model,Venue,Evaluated by,TotalScore↑,Aesthetics↑,MotionSmoothness↑,MotionAmplitude↑,FaceSim↑,GmeScore↑,"
        'NaturalScore↑\n"[A, the first](https://example.org)",Open,Us,65.78%,52.78%,94.96%,11.76%,64.65%,69.53%,'
        "69.31%\n",
        encoding="utf-8",
    )
    (row,) = read_reported(path)
    assert row.system == "A, the first"
    assert row.published == {"total": 65.78}


def vbench(**scores: float) -> dict[str, Any]:
    return {key: [value, [{"video_path": "a-0.mp4", "video_results": value}]] for key, value in scores.items()}


QUALITY = {"subject_consistency": 0.9683, "background_consistency": 0.9666, "temporal_flickering": 0.9857,
           "motion_smoothness": 0.9898, "dynamic_degree": 0.6389, "aesthetic_quality": 0.6041,
           "imaging_quality": 0.6535}  # fmt: skip


def test_vbench_files_are_read_together_and_missing_dimensions_stay_missing(tmp_path: Path) -> None:
    folder = tmp_path / "vchitect"
    first = dict(list(QUALITY.items())[:3])
    dump(folder / "one_eval_results.json", vbench(**first))
    dump(folder / "two_eval_results.json", vbench(**{k: v for k, v in QUALITY.items() if k not in first}))
    dump(folder / "one_full_info.json", [])
    (row,) = read_reported(folder)
    totals = row.document()["totals"]
    assert totals["quality"]["value"] == pytest.approx(83.54, abs=0.01)
    assert totals["total"]["value"] is None and "scene" in totals["total"]["missing"]
    assert row.scored["imaging_quality"] == 1


def test_vbench_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    dump(tmp_path / "one_eval_results.json", vbench(scene=0.5))
    dump(tmp_path / "two_eval_results.json", vbench(scene=0.6))
    with pytest.raises(InputError, match="scene stands in"):
        read_reported(tmp_path)
    with pytest.raises(InputError, match="65.3, not a number from 0 to 1"):
        read_reported(dump(tmp_path / "x.json", vbench(imaging_quality=65.3)))


A2 = {"human_face_similarity": 0.398, "other_subject_clip": 0.809, "env_clip": 0.677, "image_quality": 0.683,
      "aesthetic_quality": 0.579, "motion_smoothness": 0.891, "dynamic_degree": 1.0, "clip_score": 28.188}  # fmt: skip


def test_a2_bench_results_are_read_by_the_names_of_its_leaderboard(tmp_path: Path) -> None:
    (row,) = read_reported(dump(tmp_path / "skyreels.json", A2))
    assert row.suite.totals["comprehensive"].of(row.values) == pytest.approx(0.818, abs=5e-4)
    path = tmp_path / "a2.csv"
    path.write_text(
        ",".join(["model", *A2]) + "\n" + ",".join(["mine", *map(str, A2.values())]) + "\n" + "other,0.5" + "," * 7
    )
    mine, other = read_reported(path)
    assert mine.values == row.values and other.values == {"id": 0.5}
    with pytest.raises(InputError, match="env_clip is 67.7, not a number up to 1"):
        read_reported(dump(tmp_path / "percent.json", {**A2, "env_clip": 67.7}))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "[1, 2]", "must hold a JSON object"),
        ("a.json", '{"x": 1', "line 1 is not JSON"),
        ("a.json", '{"x": 1}', "in no known format; expected an OpenS2V-Eval folder"),
        ("a.json", "[" * 100_000, "nested too deeply|is not JSON"),
        ("a.csv", "a,b\n1,2\n", "in no known format"),
        ("a.csv", "model,human_face_similarity,env_clip\n" + "x" * 200_000, "is not CSV: field larger"),
        ("a.zip", "PK", "unpack it"),
    ],
)
def test_what_is_no_result_file_is_refused_in_one_sentence(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_reported(tmp_path / name)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read_reported(tmp_path / "nothing")
    with pytest.raises(InputError, match="holds no known result files"):
        read_reported(tmp_path)
