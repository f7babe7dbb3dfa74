import base64
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

# These lie beside this file; conftest.py puts its folder on the path.
from demo_run import HOSTILE, METRICS, Demo, box_at, write_demo_run
from page_reader import PageReader, media_paths
from tiny_suite import write_suite

from a2bench.base.counting import take_counts
from a2bench.base.files import file_key
from a2bench.errors import InputError
from a2bench.model.cases import Suite
from a2bench.results.run import Run
from a2bench.run.store import RunStore
from a2bench.show.report import write_report
from a2bench.show.tables import table_text
from tests.browsers import CHROMIUM, chromium
from tests.loopback import PATIENCE


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_everything_the_page_names_is_there_and_nothing_else(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    page = write_report([run], run / "report")
    named = media_paths(page)
    present = {
        path.relative_to(page.parent).as_posix() for path in (page.parent / "media").rglob("*") if path.is_file()
    }
    assert named == present
    assert "media/videos/alpha/cat-cup-seed0.mp4" in named
    assert len(named) == 3 + 3 + 3 + 4  # videos, posters, strips, references


def test_page_refers_to_nothing_on_a_network(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    page = write_report([run], run / "report")
    text = page.read_text()
    reader = PageReader(page)
    assert "http:" not in text and "https:" not in text and "//cdn" not in text
    assert not re.search(
        r"\bfetch\(|XMLHttpRequest|import\(|@import|innerHTML|insertAdjacentHTML|document\.write|eval\(", text
    )
    for tag, attributes in reader.tags:
        for name in ("src", "href", "poster", "srcset"):
            value = attributes.get(name) or ""
            assert not value or value == "data:," or value.startswith(("#", "tables/")), (tag, value)
    assert not any(tag == "link" and attributes.get("rel") != "icon" for tag, attributes in reader.tags)


def test_policy_names_style_and_script_by_hash_and_forbids_the_rest(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    reader = PageReader(write_report([run], run / "report"))
    script = next(text for attributes, text in reader.scripts if not attributes)

    def named(text: str) -> str:
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert "default-src 'none'" in reader.policy
    assert f"script-src '{named(script)}'" in reader.policy
    assert f"style-src '{named(reader.styles[0])}'" in reader.policy
    assert "unsafe" not in reader.policy
    assert not any(name.startswith("on") or name == "style" for _, attributes in reader.tags for name in attributes)


def test_hostile_strings_stay_text(tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", HOSTILE)
    harmless = write_demo_run(tmp_path / "harmless", Demo(), write_suite(tmp_path / "other", "We see"))
    run = write_demo_run(tmp_path / "run", Demo(hostile=True, failed=("cup",)), suite)
    reader = PageReader(write_report([run], run / "report"))
    expected = PageReader(write_report([harmless], harmless / "report"))
    assert [tag for tag, _ in reader.tags] == [tag for tag, _ in expected.tags]
    assert reader.overview["cases"][0]["prompt"][0][0].startswith(HOSTILE)
    assert reader.overview["runs"][0]["system"]["title"] == HOSTILE
    assert reader.details[2][0]["0"]["error"] == HOSTILE
    assert HOSTILE not in (run / "report" / "index.html").read_text()
    cells = (run / "report" / "tables" / "scores.csv").read_text()
    assert not re.search(r"(?m)(^|,)\"?[=@+]", cells)


def test_second_report_decodes_nothing_and_is_identical(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    take_counts()
    write_report([run], run / "report")
    first = files_of(run / "report")
    assert take_counts()["decode"] == 3
    write_report([run], run / "report")
    assert take_counts() == {}
    assert files_of(run / "report") == first
    write_report([run], tmp_path / "elsewhere")
    assert take_counts() == {}


def test_runs_stand_side_by_side_with_paired_differences(tmp_path: Path, suite: Suite) -> None:
    one = write_demo_run(tmp_path / "one", Demo(metrics=("motion_amount",)), suite)
    two = write_demo_run(tmp_path / "two", Demo(system="beta", quality=0.4, metrics=("motion_amount",)), suite)
    page = write_report([one, two], tmp_path / "both")
    overview = PageReader(page).overview
    assert [run["label"] for run in overview["runs"]] == ["alpha", "beta"]
    first, second = overview["metrics"][0]["runs"]
    assert first["delta"] is None
    assert second["delta"]["pairs"] == 3
    assert second["delta"]["mean"] == pytest.approx(second["mean"] - first["mean"])
    assert overview["metrics"][0]["best"] == []  # an amount has no better end
    assert {"media/videos/alpha/cup-seed0.mp4", "media/videos/beta/cup-seed0.mp4"} <= media_paths(page)


def test_runs_of_one_system_are_told_apart_by_their_folders(tmp_path: Path, suite: Suite) -> None:
    runs = [write_demo_run(tmp_path / name, Demo(), suite) for name in ("before", "after")]
    overview = PageReader(write_report(runs, tmp_path / "both")).overview
    assert [run["label"] for run in overview["runs"]] == ["before", "after"]


def test_the_head_tells_the_videos_that_there_are_and_not_what_was_asked_for(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    store = RunStore(run)
    first = next(iter(store.samples.values()))
    assert first.video is not None and store.manifest().settings.width == 96
    other = first.video.model_copy(update={"width": 128, "num_frames": 33})  # as in a folder of videos
    store.record_sample(first.model_copy(update={"video": other}))
    overview = PageReader(write_report([run], run / "report")).overview
    lengths = ["17 frames, 16 fps", "33 frames, 16 fps"]
    assert overview["runs"][0]["video"] == {"sizes": ["96 × 64", "128 × 64"], "lengths": lengths}


def test_runs_over_parts_of_a_suite_show_all_cases(tmp_path: Path, suite: Suite) -> None:
    one = write_demo_run(tmp_path / "one", Demo(), suite, ("cup",))
    two = write_demo_run(tmp_path / "two", Demo(system="beta", seeds=(0, 1)), suite, ("cat-cup", "cup"))
    reader = PageReader(write_report([one, two], tmp_path / "both"))
    assert [case["id"] for case in reader.overview["cases"]] == ["cup", "cat-cup"]
    assert reader.overview["seeds"] == [0, 1]
    assert reader.overview["cases"][1]["samples"][0]["0"]["status"] == "absent"
    assert "video" in reader.details[1][1]["1"]


def test_runs_over_different_suites_are_refused_by_name(tmp_path: Path, suite: Suite) -> None:
    other = write_suite(tmp_path / "other", "We hear", "other")
    runs = [write_demo_run(tmp_path / "one", Demo(), suite), write_demo_run(tmp_path / "two", Demo(system="b"), other)]
    with pytest.raises(InputError, match=r"'alpha' is over 'tiny' .* 'b' over 'other'"):
        write_report(runs, tmp_path / "both")


def test_run_without_scores_shows_its_videos(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(metrics=()), suite)
    reader = PageReader(write_report([run], run / "report"))
    assert reader.overview["runs"][0]["scored"] == 0
    assert "video" in reader.details[0][0]["0"]


def test_failed_sample_keeps_its_error_and_traceback_without_local_paths(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(failed=("cup",)), suite)
    page = write_report([run], run / "report")
    sample = PageReader(page).details[2][0]["0"]
    assert sample["error"] == "the server answered 500 for …/videos/x.mp4"
    assert sample["traceback"].startswith("Traceback (most recent call last)")
    assert "/home/somebody" not in page.read_text() and str(tmp_path) not in page.read_text()


def test_altered_or_missing_video_is_named_and_not_shown(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    (run / "videos" / "cup-s0-abc.mp4").unlink()
    (run / "videos" / "cat-cup-s0-abc.mp4").write_bytes(b"something else")
    details = PageReader(write_report([run], run / "report")).details
    assert "missing" in details[2][0]["0"]["error"]
    assert "bytes instead of" in details[0][0]["0"]["error"]


def test_record_cannot_bring_in_a_file_from_outside_the_run(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    store = RunStore(run)
    record = store.samples["cup", 0]
    assert record.video
    video = record.video.model_copy(update={"file": "../secret.mp4", "bytes": 6, "mtime_ns": secret.stat().st_mtime_ns})
    store.record_sample(record.model_copy(update={"video": video}))
    page = write_report([run], run / "report")
    assert "outside" in PageReader(page).details[2][0]["0"]["error"]
    assert b"secret" not in files_of(page.parent / "media").values()


def test_case_that_changed_since_the_run_is_shown_as_it_was_recorded(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    write_suite(tmp_path / "suite", "Now we see")
    overview = PageReader(write_report([run], run / "report")).overview
    assert "changed" in overview["suite"]["note"]
    assert overview["cases"][0]["prompt"] == [["We see a cat and a red cup", -1]]
    assert [element["id"] for element in overview["cases"][0]["elements"]] == ["character", "object"]


def test_output_that_holds_something_else_is_left_alone(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="something other than a report"):
        write_report([run], tmp_path / "mine")
    with pytest.raises(InputError, match="holds a run"):
        write_report([run], run)
    with pytest.raises(InputError, match="holds a run"):
        write_report([run], tmp_path)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


def test_report_that_fails_leaves_the_old_one(tmp_path: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    write_report([run], run / "report")
    before = files_of(run / "report")

    def broken(*_: object) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr("a2bench.show.report.page_html", broken)
    with pytest.raises(RuntimeError):
        write_report([run], run / "report")
    assert files_of(run / "report") == before
    assert not list(run.glob(".report.tmp-*"))


def test_evidence_and_curves_reach_the_page(tmp_path: Path, suite: Suite) -> None:
    demo = Demo(quality=1.0, flaws=0.0, metrics=("identity_similarity",))
    run = write_demo_run(tmp_path / "run", demo, suite, ("cat-cup",))
    sample = PageReader(write_report([run], run / "report")).details[0][0]["0"]
    score = sample["scores"]["0"]
    assert len(score["frames"]) == len(score["elements"]["character"]["curve"]) == 16
    for entry in score["evidence"]:
        assert entry["box"] == list(box_at(entry["frame"], demo))
    assert sample["video"]["stripFrames"][0] == 0 and sample["video"]["stripFrames"][-1] == demo.num_frames - 1


def test_notes_on_scores_reach_the_page_and_the_table(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(metrics=("motion_amount",)), suite)
    page = PageReader(write_report([run], run / "report"))
    note = "the video has 17 frames; at least 48 are meant because this is invented"
    counted = [{"status": "noted", "reason": note, "count": len(suite.cases)}]
    assert page.overview["metrics"][0]["runs"][0]["notes"] == counted
    assert page.details[0][0]["0"]["scores"]["0"]["notes"] == [note]
    assert f"motion_amount: {len(suite.cases)} noted: {note}" in table_text([Run.open(run).metric("motion_amount")])


def test_report_is_made_where_files_cannot_be_linked(
    tmp_path: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_report([run], tmp_path / "report")
    page = write_report([run], tmp_path / "report")  # which would else take the first one's files
    video = page.parent / "media/videos/alpha/cup-seed0.mp4"
    assert video.read_bytes() == (run / "videos" / "cup-s0-abc.mp4").read_bytes()


def test_what_other_reports_left_behind_is_removed_and_nothing_that_is_called_alike(
    tmp_path: Path, suite: Suite
) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    mine, left = tmp_path / ".other.tmp-mine", tmp_path / f".{file_key('*')}.tmp-killed"
    for folder in (mine, left):
        folder.mkdir()
        os.utime(folder, (0, 0))
    write_report([run], tmp_path / "*")
    assert mine.is_dir() and not left.exists()


def test_long_names_and_links_of_a_reports_folder_are_as_good_as_others(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(), suite)
    write_report([run], tmp_path / ("x" * 250))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    write_report([run], tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "elsewhere/index.html").is_file()


def test_tables_do_not_depend_on_the_order_in_which_a_run_was_done(tmp_path: Path, suite: Suite) -> None:
    run = write_demo_run(tmp_path / "run", Demo(seeds=(0, 1), failed=("cup",)), suite)
    other = RunStore(tmp_path / "other")
    other.videos.mkdir(parents=True)
    store = RunStore(run)
    other.write_manifest(store.manifest().model_copy(update={"created": "2027-01-01T00:00:00Z"}))
    for record in reversed(list(store.samples.values())):
        # An earlier attempt that failed, then the same sample as in the other run, at another time.
        failed = record.model_copy(update={"status": "failed", "video": None, "error": "killed"})
        other.record_sample(failed)
        other.record_sample(record.model_copy(update={"finished": "2027-01-01T00:00:00Z", "seconds": 9.0}))
    other.record_scores(reversed(list(store.scores.values())))
    for path in store.videos.iterdir():
        os.link(path, other.videos / path.name)
    write_report([run], run / "report")
    write_report([other.folder], other.folder / "report")
    assert files_of(run / "report" / "tables") == files_of(other.folder / "report" / "tables")


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")
def test_browser_draws_the_page_and_runs_nothing_hostile(tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", HOSTILE)
    runs = [
        write_demo_run(tmp_path / name, Demo(system=name, hostile=True, failed=failed, seeds=(0, 1)), suite)
        for name, failed in (("alpha", ("cup",)), ("beta", ()))
    ]
    page = write_report(runs, tmp_path / "both")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    size = ["--window-size=1200,6000", "--virtual-time-budget=3000", "--dump-dom"]
    words = [str(CHROMIUM), *flags, *size, page.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    drawn = read_text_of_page(done.stdout, tmp_path)
    classes = [attributes.get("class") or "" for _, attributes in drawn.tags]
    assert sum("case built" in name for name in classes) == 3
    assert sum(tag == "video" for tag, _ in drawn.tags) == 5
    assert any("tag-best" in name for name in classes)
    images = [attributes.get("src") or "" for tag, attributes in drawn.tags if tag == "img"]
    assert images and all(source.startswith("media/") for source in images)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")
def test_no_part_of_the_page_that_is_not_there_is_written_as_null(tmp_path: Path, suite: Suite) -> None:
    pages = []
    for what, metrics in {"all": METRICS, "one": METRICS[:1], "none": ()}.items():
        run = write_demo_run(tmp_path / what / "run", Demo(metrics=metrics), suite)
        pages.append(write_report([run], tmp_path / what / "page"))
    with chromium("--disable-gpu") as browser:
        tab = browser.new_page()
        for page in pages:
            tab.goto(page.as_uri())
            tab.wait_for_selector("#cases-title")
            told = tab.inner_text("body")
            assert "System Alpha" in told
            assert not re.search(r"\b(null|undefined|NaN)\b", told), page


def read_text_of_page(text: str, folder: Path) -> PageReader:
    (folder / "drawn.html").write_text(text)
    return PageReader(folder / "drawn.html")
