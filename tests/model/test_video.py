import dataclasses
import os
import shutil
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from a2bench.errors import VideoError
from a2bench.model.video import LIMITS, Video, probe_video, read_video, write_video

RATES = ["24000/1001", "30000/1001", "60000/1001", "16", "24", "25", "15/2", "240"]


def moving(num_frames: int = 20, height: int = 48, width: int = 64, fps: str = "16") -> Video:
    y, x = np.mgrid[:height, :width]
    frames = [np.stack([(x * 3 + 5 * t) % 256, (y * 4) % 256, (x + y + t) % 256], -1) for t in range(num_frames)]
    return Video(np.stack(frames).astype(np.uint8), Fraction(fps))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    write_video(moving(), path)
    return path


def refused(path: Path) -> str:
    """The message with which both probing and reading, or only reading, refuse a file."""
    with pytest.raises(VideoError) as caught:
        probe_video(path)
        read_video(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert "Errno" not in message
    assert path.name in message
    return message


@pytest.mark.parametrize("fps", RATES)
def test_the_frame_rate_is_exact_after_a_round_trip(fps: str, tmp_path: Path) -> None:
    write_video(moving(fps=fps), tmp_path / "x.mp4")
    assert read_video(tmp_path / "x.mp4").fps == Fraction(fps)
    assert probe_video(tmp_path / "x.mp4").fps == Fraction(fps)


@pytest.mark.parametrize("num_frames", [2, 3, 20, 81])
def test_every_frame_comes_back_in_order(num_frames: int, tmp_path: Path) -> None:
    video = moving(num_frames)
    video.frames[:, :8, :8] = (np.arange(num_frames) * 3)[:, None, None, None]
    write_video(video, tmp_path / "x.mp4")
    back = read_video(tmp_path / "x.mp4")
    assert back.frames.shape == video.frames.shape
    assert back.frames.dtype == np.uint8
    marks = back.frames[:, 2:6, 2:6].astype(float).mean(axis=(1, 2, 3))
    assert np.abs(marks - np.arange(num_frames) * 3).max() < 12
    assert (marks[3:] > marks[:-3]).all()


def test_colours_come_back(tmp_path: Path) -> None:
    frames = np.zeros((4, 32, 96, 3), np.uint8)
    frames[:, :, :32, 0], frames[:, :, 32:64, 1], frames[:, :, 64:, 2] = 200, 200, 200
    write_video(Video(frames, Fraction(8)), tmp_path / "x.mp4")
    back = read_video(tmp_path / "x.mp4").frames.astype(int)
    middles = back[:, 8:24, [16, 48, 80]] - frames[:, 8:24, [16, 48, 80]]
    assert np.abs(middles).max() <= 8


def test_equal_frames_give_equal_bytes(tmp_path: Path) -> None:
    write_video(moving(), tmp_path / "a.mp4")
    write_video(moving(), tmp_path / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


ENCODE = """
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from a2bench.model.video import Video, write_video
rng = np.random.default_rng(0)
y, x = np.mgrid[:64, :96]
wide = np.kron(rng.integers(0, 255, (20, 30, 3)), np.ones((8, 8, 1)))
frames = [wide[2 * t : 2 * t + 64, 3 * t : 3 * t + 96] * 0.8 + rng.normal(0, 3, (64, 96, 3)) for t in range(12)]
write_video(Video(np.stack(frames).clip(0, 255).astype(np.uint8), Fraction(16)), Path(sys.argv[1]))
"""


def test_what_was_in_memory_before_does_not_change_the_bytes(tmp_path: Path) -> None:
    """glibc fills freed memory with a pattern when told; with x264's macroblock trees on, each gave another file."""
    files = set()
    for pattern in ("0", "1", "85", "165"):
        environment = {**os.environ, "MALLOC_PERTURB_": pattern}
        subprocess.run([sys.executable, "-c", ENCODE, tmp_path / "x.mp4"], env=environment, check=True)
        files.add((tmp_path / "x.mp4").read_bytes())
    assert len(files) == 1


def test_decoding_twice_gives_equal_frames(path: Path) -> None:
    assert np.array_equal(read_video(path).frames, read_video(path).frames)


def test_the_index_lies_before_the_frames(path: Path) -> None:
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_probing_tells_what_reading_finds(path: Path) -> None:
    info = probe_video(path)
    assert (info.width, info.height, info.fps, info.num_frames) == (64, 48, Fraction(16), 20)
    assert info.bytes == path.stat().st_size


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").touch()
    assert "is empty (0 bytes)" in refused(tmp_path / "x.mp4")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "no such video file" in refused(tmp_path / "gone.mp4")
    (tmp_path / "folder.mp4").mkdir()
    assert "no such video file" in refused(tmp_path / "folder.mp4")


@pytest.mark.parametrize("share", [0.002, 0.1, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_refused(share: float, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path)


@pytest.mark.parametrize("share", [0.3, 0.7])
@pytest.mark.parametrize("suffix", ["mov", "mkv", "webm"])
def test_a_truncated_file_of_another_container_is_refused_or_shorter(suffix: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / f"x.{suffix}"
    encode(path, 40)
    assert read_video(path).num_frames == 40
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    try:  # Matroska does not say how many frames there are; a shorter one cannot be told from a cut one
        assert 2 <= read_video(path).num_frames < 40
        assert suffix != "mov"
    except VideoError as error:
        assert path.name in str(error)


def test_a_header_that_promises_more_frames_than_decode_is_refused(tmp_path: Path) -> None:
    """FFmpeg itself says nothing here: an AVI whose index was lost, as of a program that was stopped while it wrote."""
    path = tmp_path / "x.avi"
    encode(path, 20, "mpeg4")
    assert read_video(path).num_frames == 20
    data = bytearray(path.read_bytes())
    length = data.index(b"strh") + 40  # dwLength of the stream's header
    assert data[length : length + 4] == struct.pack("<I", 20)
    data[length : length + 4] = struct.pack("<I", 21)
    path.write_bytes(data)
    assert "is truncated: its header promises 21 frames, 20 decode" in refused(path)
    data[length : length + 4] = struct.pack("<I", 19)  # more than promised is no loss
    path.write_bytes(data)
    assert read_video(path).num_frames == 20


def encode(path: Path, num_frames: int, codec: str | None = None) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec or ("libvpx" if path.suffix == ".webm" else "libx264"), rate=16)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for pixels in moving(num_frames).frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("place", range(1, 22))
def test_overwritten_bytes_never_pass_as_a_shorter_video_nor_crash(place: int, path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = len(data) * place // 22
    data[start : start + 200] = b"\xff" * 200
    path.write_bytes(data)
    try:
        assert read_video(path).num_frames == 20
    except VideoError as error:
        assert "\n" not in str(error)


def test_sound_without_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "has no video track, only audio" in refused(path)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/secret.ts\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "just some text, longer than twelve bytes",
        "x",
        "<html><body>404 Not Found</body></html>",
    ],
)
def test_a_playlist_or_text_that_calls_itself_mp4_is_never_opened(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text(text)
    assert "is not a video; expected one of MP4 or MOV, WebM or Matroska, AVI" in refused(tmp_path / "x.mp4")


def test_an_mp4_that_refers_to_another_file_gives_nothing_of_it(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    assert b"url \x00\x00\x00\x01" in data  # the flag says: frames are in this file
    other = tmp_path / "other.mp4"
    other.write_bytes(data.replace(b"url \x00\x00\x00\x01", b"url \x00\x00\x00\x00"))
    try:
        assert np.array_equal(read_video(other).frames, read_video(path).frames)
    except VideoError:
        pass


def test_one_frame_is_refused(tmp_path: Path) -> None:
    write_video(moving(1), tmp_path / "x.mp4")
    assert "has 1 frame; expected at least 2" in refused(tmp_path / "x.mp4")
    encode(tmp_path / "x.mkv", 1)
    assert "has 1 frame; expected at least 2" in refused(tmp_path / "x.mkv")


@pytest.mark.parametrize("size", [(7680, 16), (16, 4320)])
def test_an_8k_header_is_refused_before_any_frame_is_decoded(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    write_video(Video(np.zeros((2, size[1], size[0], 3), np.uint8), Fraction(16)), path)
    with pytest.raises(VideoError, match="the limit is 4096x4096: scale it down first"):
        probe_video(path)


def test_a_header_that_lies_about_the_size_does_not_decide_the_size(path: Path) -> None:
    data = bytearray(path.read_bytes())
    entry = data.index(b"avc1", data.index(b"stsd"))
    assert data[entry + 28 : entry + 32] == struct.pack(">HH", 64, 48)
    data[entry + 28 : entry + 32] = struct.pack(">HH", 7680, 4320)
    path.write_bytes(data)
    try:
        assert read_video(path).frames.shape == (20, 48, 64, 3)
    except VideoError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_bytes": 100}, "the limit is 0 MB"),
        ({"max_frames": 19}, "has 20 frames of 64x48; the limits are 19 frames"),
        ({"max_decoded_bytes": 64 * 48 * 3 * 19}, "has 20 frames of 64x48"),
        ({"max_height": 40}, "the limit is 4096x40"),
        ({"min_frames": 21}, "has 20 frames; expected at least 21"),
    ],
)
def test_limits_hold_before_decoding(limits: dict[str, int], message: str, path: Path) -> None:
    with pytest.raises(VideoError, match=message):
        probe_video(path, dataclasses.replace(LIMITS, **limits))


def test_limits_hold_while_decoding_where_the_header_is_silent(tmp_path: Path) -> None:
    encode(tmp_path / "x.mkv", 20)
    with pytest.raises(VideoError, match="has more than 10 frames of 64x48; cut it"):
        read_video(tmp_path / "x.mkv", dataclasses.replace(LIMITS, max_frames=10))


def test_the_name_of_a_file_does_not_matter(path: Path, tmp_path: Path) -> None:
    for name in ("x.bin", "x.webm", "concat:x.mp4", "http:x", "-i", "%03d.mp4", "späte Kür.mp4"):
        copy = tmp_path / name
        shutil.copy(path, copy)
        assert read_video(copy).num_frames == 20


@pytest.mark.parametrize("size", [(47, 64), (48, 63)])
def test_odd_sides_cannot_be_encoded(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="needs even sides"):
        write_video(moving(2, *size), tmp_path / "x.mp4")


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((2, 8, 8), np.uint8),
        np.zeros((2, 3, 8, 8), np.uint8),
        np.zeros((0, 8, 8, 3), np.uint8),
        np.zeros((2, 8, 8, 3), np.float32),
    ],
)
def test_frames_of_another_shape_or_type_are_refused(frames: np.ndarray) -> None:
    with pytest.raises(VideoError, match=r"expected frames \[T, H, W, 3\] of uint8"):
        Video(frames, Fraction(16))


def test_a_video_needs_a_positive_rate() -> None:
    with pytest.raises(VideoError, match="positive frame rate"):
        Video(np.zeros((2, 8, 8, 3), np.uint8), Fraction(0))


def test_a_video_knows_its_length() -> None:
    assert moving(24, fps="24000/1001").seconds == pytest.approx(1.001)


def test_metadata_in_any_encoding_is_no_reason_to_refuse_a_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "x.mp4"), "w", format="mp4") as container:
        container.metadata["title"] = "MARK"
        stream = container.add_stream("libx264", rate=16)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for pixels in moving(3).frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    content = (tmp_path / "x.mp4").read_bytes()
    assert content.count(b"MARK") == 1
    (tmp_path / "x.mp4").write_bytes(content.replace(b"MARK", b"\xff\xfe\xe9\xc3"))
    assert read_video(tmp_path / "x.mp4").num_frames == 3
