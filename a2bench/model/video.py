"""Videos in memory and on disk: decoded once with exact frame rate, written as H.264 that browsers play.

Files from outside are hostile until checked: the container is recognised by its first bytes and named to FFmpeg, so a
playlist that calls itself ``.mp4`` is never followed, and size, length and pixels have limits that are checked before
frames are decoded.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import numpy as np
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.errors import AdapterError, VideoError
from a2bench.model.tiers import Making

CONTAINERS = {"mp4": "MP4 or MOV", "matroska": "WebM or Matroska", "avi": "AVI"}


@dataclass(frozen=True)
class Video:
    """A decoded video.

    frames: ``[T, H, W, 3]`` uint8, RGB, in display order.
    fps: exact frame rate.
    making: how it was made, where a system says so; recorded with the sample.
    """

    frames: NDArray[np.uint8]
    fps: Fraction
    making: Making | None = None

    def __post_init__(self) -> None:
        shape, dtype = self.frames.shape, self.frames.dtype
        if dtype.kind == "f" and not np.isfinite(self.frames).all():
            raise AdapterError(
                f"frames {list(shape)} of {dtype} hold numbers that are not finite (NaN or infinity): the system's own "
                "numbers went wrong, and in 8 bits they would be a black or white video"
            )
        if self.frames.ndim != 4 or shape[-1] != 3 or shape[0] < 1 or dtype != np.uint8:
            raise VideoError(f"expected frames [T, H, W, 3] of uint8 with T >= 1, got {list(shape)} of {dtype}")
        if self.fps <= 0:
            raise VideoError(f"expected a positive frame rate, got {self.fps}")

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return int(self.frames.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.frames.shape[1]), int(self.frames.shape[2])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.num_frames / self.fps)


class VideoOnDisk(Video):
    """A video whose facts are known from an earlier decode; its frames are decoded when they are first asked for."""

    def __init__(self, path: Path, fps: Fraction, num_frames: int, size: tuple[int, int]) -> None:
        for name, value in {"path": path, "fps": fps, "_num_frames": num_frames, "_size": size}.items():
            object.__setattr__(self, name, value)

    @cached_property
    def frames(self) -> NDArray[np.uint8]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """``[T, H, W, 3]`` uint8, RGB, in display order."""
        return read_video(self.path).frames

    path: Path
    _num_frames: int
    _size: tuple[int, int]

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return self._num_frames

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self._size


@dataclass(frozen=True)
class VideoInfo:
    """What a file says about itself before its frames are decoded; ``num_frames`` may be an estimate."""

    width: int
    height: int
    fps: Fraction
    num_frames: int
    bytes: int


@dataclass(frozen=True)
class VideoLimits:
    """What A2Bench accepts: file size, frame size, length, and the memory that all frames take decoded."""

    max_bytes: int = 1 << 30
    max_width: int = 4096
    max_height: int = 4096
    min_frames: int = 2
    max_frames: int = 3000
    max_seconds: int = 300
    max_decoded_bytes: int = 4 << 30


LIMITS = VideoLimits()
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Metadata may be damaged and is never looked at; PyAV 19 has no such argument any more and is lenient by itself."""
UNKNOWN_FRAMES = 64
"""Room for this many more frames is made at a time where a file does not say how many it has."""
CRF = 16
"""Quality of our encoding: hardly to be told from the frames."""
ENCODING = f"x264 crf {CRF} veryfast mbtree 0"
"""Part of the key of every sample: changes whenever equal frames may give another file."""


def probe_video(path: str | Path, limits: VideoLimits = LIMITS) -> VideoInfo:
    """Read a file's header and check it against the limits, without decoding frames.

    Raises:
        VideoError: no such file, not a video, or beyond a limit.
    """
    path = Path(path)
    with _open(path, limits) as container:
        return _info(path, container, limits)


def read_video(path: str | Path, limits: VideoLimits = LIMITS) -> Video:
    """Decode all frames of a video file.

    Raises:
        VideoError: the file is missing, empty, truncated, without a video track, or beyond a limit.
    """
    path = Path(path)
    with _open(path, limits) as container:
        info = _info(path, container, limits)
        count("decode")
        # Written straight to their place: stacking a list would take twice the memory.
        frames = np.empty((info.num_frames or UNKNOWN_FRAMES, info.height, info.width, 3), np.uint8)
        number = 0
        for pixels in _decoded(container, info, path, limits):
            if number == len(frames):
                frames.resize((number + UNKNOWN_FRAMES, *frames.shape[1:]), refcheck=False)
            frames[number] = pixels
            number += 1
    if number < limits.min_frames:
        raise VideoError(f"{path} has {_frames(number)}; expected at least {limits.min_frames}")
    if info.num_frames > number:
        raise VideoError(f"{path} is truncated: its header promises {info.num_frames} frames, {number} decode")
    frames.resize((number, *frames.shape[1:]), refcheck=False)
    return Video(frames, info.fps)


def decoded_frames(path: Path, limits: VideoLimits = LIMITS) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video file one after another, each ``[H, W, 3]``; no more are decoded than are asked for.

    Raises:
        VideoError: as `read_video`, but a file that is cut off is not noticed.
    """
    with _open(path, limits) as container:
        yield from _decoded(container, _info(path, container, limits), path, limits)


def _decoded(
    container: av.container.InputContainer, info: VideoInfo, path: Path, limits: VideoLimits
) -> Iterator[NDArray[np.uint8]]:
    max_frames = min(limits.max_frames, limits.max_decoded_bytes // (info.width * info.height * 3))
    number = 0
    try:
        for frame in container.decode(container.streams.video[0]):
            if number >= max_frames:
                raise VideoError(f"{path} has more than {max_frames} frames of {info.width}x{info.height}; cut it")
            yield _rgb(frame, info, path)
            number += 1
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} is damaged: decoding stopped after {number} frames ({error.strerror}); make it again"
        ) from None


def _rgb(frame: av.VideoFrame, info: VideoInfo, path: Path) -> NDArray[np.uint8]:
    if (frame.width, frame.height) != (info.width, info.height):
        raise VideoError(f"{path} changes its size from {info.width}x{info.height} to {frame.width}x{frame.height}")
    return frame.to_ndarray(format="rgb24")  # type: ignore[return-value]


def _open(path: Path, limits: VideoLimits) -> av.container.InputContainer:
    if not path.is_file():
        raise VideoError(f"no such video file: {path}")
    size = path.stat().st_size
    if size == 0:
        raise VideoError(f"{path} is empty (0 bytes)")
    if size > limits.max_bytes:
        raise VideoError(f"{path} has {size / 1e6:.0f} MB; the limit is {limits.max_bytes / 1e6:.0f} MB")
    container = _recognise(path)
    try:
        options = {"protocol_whitelist": "file"}
        opened: av.container.InputContainer = av.open(str(path), format=container, options=options, **_LENIENT)
        return opened
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} cannot be read as {CONTAINERS[container]}: {error.strerror}; is it complete?"
        ) from None


def _recognise(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    raise VideoError(f"{path} is not a video; expected one of {', '.join(CONTAINERS.values())}")


def _info(path: Path, container: av.container.InputContainer, limits: VideoLimits) -> VideoInfo:
    if not container.streams.video:
        raise VideoError(f"{path} has no video track, only {_tracks(container)}")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise VideoError(f"{path} has a video track of an unknown format; is it damaged?")
    stream.thread_type = "NONE"
    width, height, fps = stream.width, stream.height, stream.average_rate or stream.base_rate
    if not fps or not width or not height:
        raise VideoError(f"{path} names no frame rate or no frame size; is it complete?")
    num_frames = stream.frames
    if width > limits.max_width or height > limits.max_height:
        raise VideoError(
            f"{path} is {width}x{height}; the limit is {limits.max_width}x{limits.max_height}: scale it down first"
        )
    if num_frames > limits.max_seconds * fps:
        raise VideoError(f"{path} lasts {float(num_frames / fps):.0f} s; the limit is {limits.max_seconds} s: cut it")
    if num_frames > limits.max_frames or num_frames * width * height * 3 > limits.max_decoded_bytes:
        raise VideoError(
            f"{path} has {num_frames} frames of {width}x{height}; the limits are {limits.max_frames} frames and "
            f"{limits.max_decoded_bytes / 1e9:.1f} GB decoded: cut it or scale it down first"
        )
    if 0 < num_frames < limits.min_frames:
        raise VideoError(f"{path} has {_frames(num_frames)}; expected at least {limits.min_frames}")
    return VideoInfo(width, height, Fraction(fps), num_frames, path.stat().st_size)


def _tracks(container: av.container.InputContainer) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return " and ".join(kinds) or "an empty container"


def _frames(number: int) -> str:
    return "1 frame" if number == 1 else f"{number} frames"


def write_video(video: Video, path: Path) -> None:
    """Encode as H.264 in MP4 (4:2:0, metadata first), which every browser plays; equal frames give equal bytes.

    For that, x264 works with one thread and without macroblock trees: its output depends on the number of threads, and
    with trees on whatever was in memory before (about one tiny video in ten came out in several versions).
    The file is synced to disk before this returns.

    Raises:
        VideoError: the sides are not even, as 4:2:0 demands.
    """
    _, height, width, _ = video.frames.shape
    if width % 2 or height % 2:
        raise VideoError(f"cannot encode {width}x{height}: H.264 for browsers needs even sides")
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=video.fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"crf": str(CRF), "preset": "veryfast", "x264-params": "mbtree=0"}
        for packet in _encoded(video, stream):
            container.mux(packet)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _encoded(video: Video, stream: av.VideoStream) -> "Iterator[av.Packet[av.VideoStream]]":
    for pixels in video.frames:
        yield from stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24"))
    yield from stream.encode(None)
