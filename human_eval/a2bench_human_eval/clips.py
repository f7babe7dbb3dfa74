"""Clips as raters see them: all made the same way, so that nothing but the picture tells systems apart.

One container, codec, frame size and rate; no sound, no metadata, no encoder's name; within a case also one length and
one file size (a ``free`` box fills the file up). What stays visible is the picture: a watermark, or the bars beside a
video of another shape.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from a2bench.model.video import Video

CRF = 20
REFERENCE_SIDE = 768
"""Longest side of a reference as raters see it, in pixels."""
BLUR = 24
"""How many times smaller a frame is made, and then large again, to break a clip for a check."""


@dataclass(frozen=True)
class ClipFormat:
    """Frame size in pixels and frames per second of every clip of a study."""

    width: int
    height: int
    fps: int


def write_clips(videos: dict[Path, Video], form: ClipFormat) -> float:
    """Write the clips of one case, by their paths, all of one length (the shortest video's) and one size.

    Returns:
        Their length in seconds.
    """
    seconds = min(video.seconds for video in videos.values())
    num_frames = max(1, int(seconds * form.fps))
    for path, video in videos.items():
        _encode(_resampled(video, form, num_frames), path, form)
    largest = max(path.stat().st_size for path in videos)
    for path in videos:
        _pad(path, largest + 8)
        os.utime(path, (0, 0))  # servers tell the time of a file; the order of writing is the order of systems
    return num_frames / form.fps


def broken(video: Video) -> Video:
    """The same video, blurred beyond recognition and standing still: what everybody should find worse."""
    first = av.VideoFrame.from_ndarray(np.ascontiguousarray(video.frames[0]), format="rgb24")
    small = first.reformat(width=max(2, first.width // BLUR), height=max(2, first.height // BLUR), interpolation="AREA")
    blurred = small.reformat(width=first.width, height=first.height, interpolation="BICUBIC").to_ndarray(format="rgb24")
    return Video(np.broadcast_to(blurred, video.frames.shape).astype(np.uint8), video.fps)


def digits_video(digits: str) -> Video:
    """Two seconds in which a number moves over a grey ramp: who can read it sees the video play."""
    font = ImageFont.load_default(160)
    ramp = np.linspace(30, 200, 640).astype(np.uint8)
    frames = []
    for number in range(32):
        image = Image.fromarray(np.broadcast_to(ramp[None, :, None], (360, 640, 3)).copy())
        ImageDraw.Draw(image).text((40 + 10 * number, 90), digits, fill=(255, 210, 60), font=font)
        frames.append(np.asarray(image))
    return Video(np.stack(frames), Fraction(16))


def write_reference(source: Path, target: Path) -> None:
    """A reference as JPEG without metadata, over white where it is transparent."""
    with Image.open(source, formats=("PNG", "JPEG", "WEBP")) as image:
        image.load()
        rgba = image.convert("RGBA")
    rgba.thumbnail((REFERENCE_SIDE, REFERENCE_SIDE))
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    flat.save(target, "JPEG", quality=88)


def _resampled(video: Video, form: ClipFormat, num_frames: int) -> Iterator[NDArray[np.uint8]]:
    """The frames that stand on the screen at the times of the clip, fitted into its frame with black bars."""
    height, width = video.frames.shape[1:3]
    scale = min(form.width / width, form.height / height)
    inner = max(2, round(width * scale)), max(2, round(height * scale))
    x, y = (form.width - inner[0]) // 2, (form.height - inner[1]) // 2
    for number in range(num_frames):
        index = min(int(Fraction(number, form.fps) * video.fps), video.num_frames - 1)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(video.frames[index]), format="rgb24")
        if inner != (width, height):
            frame = frame.reformat(width=inner[0], height=inner[1], interpolation="AREA" if scale < 1 else "BICUBIC")
        canvas = np.zeros((form.height, form.width, 3), np.uint8)
        canvas[y : y + inner[1], x : x + inner[0]] = frame.to_ndarray(format="rgb24")
        yield canvas


def _encode(frames: Iterable[NDArray[np.uint8]], path: Path, form: ClipFormat) -> None:
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream: Any = container.add_stream("libx264", rate=form.fps)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
        stream.codec_context.thread_count = 1
        # A key frame every half second, so that stepping and seeking are quick.
        keyframes = str(max(1, form.fps // 2))
        stream.options = {"crf": str(CRF), "preset": "veryfast", "g": keyframes, "x264-params": "mbtree=0"}
        nameless: Any = None
        for packet in _packets(frames, stream):
            # x264 writes its name and settings into a SEI unit (type 6) of the first frame.
            nameless = nameless or BitStreamFilterContext("filter_units=remove_types=6", stream)
            for kept in nameless.filter(packet):
                container.mux(kept)


def _packets(frames: Iterable[NDArray[np.uint8]], stream: Any) -> Iterator[Any]:
    for pixels in frames:
        yield from stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24"))
    yield from stream.encode(None)


def _pad(path: Path, size: int) -> None:
    """Fill an MP4 file up with a box that players skip (ISO/IEC 14496-12, 8.1.2)."""
    missing = size - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", missing, b"free") + bytes(missing - 8))
