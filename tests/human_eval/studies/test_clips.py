from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from a2bench.model.video import Video, read_video
from a2bench_human_eval.clips import ClipFormat, broken, write_clips, write_reference

FORM = ClipFormat(96, 64, 12)


def moving(width: int, height: int, frames: int, fps: int, level: int) -> Video:
    pixels = np.full((frames, height, width, 3), level, np.uint8)
    for number, frame in enumerate(pixels):
        frame[:, : 2 + number % (width - 2)] = 255 - level
    return Video(pixels, Fraction(fps))


def test_clips_of_different_videos_have_one_size_length_rate_and_file_size(tmp_path: Path) -> None:
    videos = {
        tmp_path / "a.mp4": moving(128, 72, 40, 16, 30),
        tmp_path / "b.mp4": moving(64, 64, 30, 8, 90),
        tmp_path / "c.mp4": moving(200, 100, 90, 30, 200),
    }
    seconds = write_clips(videos, FORM)
    assert seconds == pytest.approx(2.5)
    infos = [read_video(path) for path in videos]
    assert {(clip.frames.shape, clip.fps) for clip in infos} == {((30, 64, 96, 3), Fraction(12))}
    assert len({path.stat().st_size for path in videos}) == 1
    assert {path.stat().st_mtime for path in videos} == {0}


def test_no_byte_of_a_clip_names_an_encoder(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_clips({path: moving(96, 64, 24, 12, 30)}, FORM)
    data = path.read_bytes().lower()
    assert not [word for word in (b"x264", b"lavf", b"lavc", b"ffmpeg", b"cabac=") if word in data]
    with av.open(str(path)) as container:
        # what the container itself must say (its brands, the language of a track), and nothing else
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
        assert len(container.streams) == 1


def test_a_clip_shows_the_frame_that_stood_on_the_screen_at_its_time(tmp_path: Path) -> None:
    frames = np.repeat(np.arange(8, dtype=np.uint8)[:, None, None, None] * 30, 64, 1).repeat(96, 2).repeat(3, 3)
    write_clips({tmp_path / "a.mp4": Video(frames, Fraction(4))}, FORM)
    shown = read_video(tmp_path / "a.mp4").frames.mean(axis=(1, 2, 3))
    assert np.abs(shown - np.repeat(np.arange(8) * 30, 3)).max() < 4


def test_the_broken_copy_stands_still_and_has_lost_its_detail() -> None:
    video = moving(96, 64, 12, 12, 30)
    video.frames[:, ::2, ::2] = 255
    bad = broken(video)
    assert (bad.frames == bad.frames[0]).all()
    assert (
        np.abs(np.diff(bad.frames[0].astype(int), axis=0)).mean()
        < 0.1 * np.abs(np.diff(video.frames[0].astype(int), axis=0)).mean()
    )


def test_a_reference_loses_its_metadata_and_its_name(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (1000, 500), (255, 0, 0, 0))
    picture.info["Comment"] = "made by zanzibar"
    exif = Image.Exif()
    exif[0x010E] = "made by zanzibar"
    picture.save(tmp_path / "in.png", exif=exif)
    write_reference(tmp_path / "in.png", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.size == (768, 384)
        assert not out.getexif()
        assert out.convert("RGB").getpixel((5, 5)) == (255, 255, 255)
    assert b"zanzibar" not in (tmp_path / "out.jpg").read_bytes()
