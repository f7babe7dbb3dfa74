"""What can be asked of the model, and every refusal of a request, before any work.

Refusals of a checkpoint are in `checkpoint`, those of an image file in `references.read_reference`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from a2bench.base.inputs import check_seed, check_text
from a2bench.e2v.layout import STRIDE, ClipLayout
from a2bench.e2v.references import Reference
from a2bench.e2v.sigmas import TRAIN_STEPS, Sampler, named_sampler, sigma_table
from a2bench.errors import CaseError, InputError

MAX_REFERENCES = 3
MAX_TOKENS = 512
"""The network tells text from image tokens by counting: the last 512 are text."""
SIDE_STEP = 16
"""Pixels of one token of the network: 8 by the VAE, 2 by the patch."""
NEGATIVE_PROMPT = (
    "Bright tones, overexposed, static, blurred details, subtitles, style, works, paintings, images, static, overall "
    "gray, worst quality, low quality, JPEG compression residue, ugly, incomplete, extra fingers, poorly drawn hands, "
    "poorly drawn faces, deformed, disfigured, misshapen limbs, fused fingers, still picture, messy background, three "
    "legs, many people in the background, walking backwards"
)
"""The negative prompt of the released scripts, to the letter; it is Wan2.1's English one, as diffusers shows it."""


@dataclass(frozen=True)
class Sampling:
    """How a video is sampled; the defaults are the released ones.

    steps: denoising steps. guidance_scale: weight of the prompt against the negative prompt; 1 or less switches
    guidance off and halves the work. flow_shift: how much of the schedule is spent on high noise.
    sampler: which table of noise levels, by name (`a2bench.e2v.sigmas`).
    negative_prompt: what to stay away from. posterior: the VAE's posterior of the condition clip is drawn from, as in
    the released code, or its mode is taken. repeat: see `ClipLayout`. margin: frames to drop behind those of the
    references; 3 is what the released script drops for three references.
    """

    steps: int = 50
    guidance_scale: float = 5.0
    flow_shift: float = 8.0
    sampler: Sampler = "current"
    negative_prompt: str = NEGATIVE_PROMPT
    posterior: Literal["sample", "mode"] = "sample"
    repeat: bool = True
    margin: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.steps, int) or isinstance(self.steps, bool) or not 1 <= self.steps <= TRAIN_STEPS:
            raise InputError(f"steps must be a whole number from 1 to {TRAIN_STEPS}, got {self.steps}")
        if not math.isfinite(self.guidance_scale):
            raise InputError(f"guidance_scale must be a number, got {self.guidance_scale}")
        check_flow_shift(self.flow_shift, self.steps, named_sampler(self.sampler))
        if self.margin < 0:
            raise InputError(f"margin must be 0 or more frames, got {self.margin}")
        check_text(self.negative_prompt, "negative_prompt")


@dataclass(frozen=True)
class Request:
    """One video to make.

    references: one to three, in any order. width, height: pixels, multiples of 16. num_frames: frames that the network
    makes, 4k+1; the result has `trim` fewer. seed: equal seeds give equal frames on one device.
    """

    prompt: str
    references: tuple[Reference, ...]
    width: int = 832
    height: int = 480
    num_frames: int = 81
    seed: int = 42
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def layout(self) -> ClipLayout:
        """The places of the references in the condition clip."""
        return ClipLayout(self.num_frames, len(self.references), self.sampling.repeat)

    @property
    def trim(self) -> int:
        """How many frames at the start of the decoded video show references and are dropped."""
        return self.layout.trim(self.sampling.margin)


def check_flow_shift(flow_shift: float, steps: int, sampler: Sampler = "current") -> None:
    """Refuse a shift that leaves no noise level between two steps.

    Raises:
        InputError: it is not positive, or too large.
    """
    if not 0 < flow_shift < math.inf:
        raise InputError(f"flow_shift must be a positive number, got {flow_shift:g}")
    with np.errstate(all="ignore"):  # of a shift of 1e-300
        sigmas = sigma_table(sampler, steps, flow_shift).sigmas
    if not 0 < sigmas[0] < 1 or (sigmas[1:] >= sigmas[:-1]).any():
        raise InputError(f"flow_shift={flow_shift:g} leaves no difference between {steps} steps; Wan's are 3 to 16")


def check_request(request: Request) -> None:
    """Refuse what the model cannot do; nothing is loaded for that.

    Raises:
        InputError: sides that are no multiples of 16, a number of frames that is not 4k+1 or leaves none, a seed of
            more than 32 bits, or a prompt that is no text.
        CaseError: no reference, too many, or two backgrounds; an empty prompt.
    """
    check_sides(request.width, request.height)
    number = len(request.references)
    if not 1 <= number <= MAX_REFERENCES:
        raise CaseError(f"SkyReels-A2 takes 1 to {MAX_REFERENCES} references, got {number}")
    if sum(reference.role == "background" for reference in request.references) > 1:
        raise CaseError("SkyReels-A2 takes one background, got several; give the others as objects")
    check_seed(request.seed)
    if not check_text(request.prompt, "the prompt").strip():
        raise CaseError("the prompt is empty")
    check_frames(request.num_frames, request.trim)


def check_sides(width: int, height: int) -> None:
    """Refuse a size that does not come out even in the network's tokens.

    Raises:
        InputError: names the nearest size.
    """
    if width < SIDE_STEP or height < SIDE_STEP or width % SIDE_STEP or height % SIDE_STEP:
        near = f"{_nearest(width, SIDE_STEP)}x{_nearest(height, SIDE_STEP)}"
        raise InputError(f"{width}x{height}: both sides must be multiples of {SIDE_STEP}; the nearest size is {near}")


def check_frames(num_frames: int, trim: int = 0) -> None:
    """Refuse a number of frames that the VAE cannot fold, or of which nothing would be left.

    Raises:
        InputError: not 4k+1, or not more than are trimmed.
    """
    if num_frames < 1 or num_frames % STRIDE != 1:
        below = max(1, (num_frames - 1) // STRIDE * STRIDE + 1)
        raise InputError(
            f"{_frames(num_frames, trim)} cannot be made: the number must be {STRIDE}k+1, such as "
            f"{_frames(below, trim)} or {_frames(below + STRIDE, trim)}"
        )
    if num_frames <= trim:
        raise InputError(f"{num_frames} frames leave none: the first {trim} show the references and are trimmed")


def _frames(number: int, trim: int) -> str:
    """A number of frames, and what is left of it.

    >>> _frames(21, 12)
    '21 frames (9 without the 12 of the references)'
    """
    return f"{number} frames" + (
        f" ({number - trim} without the {trim} of the references)" if number > trim > 0 else ""
    )


def check_extent(request: Request, max_positions: int) -> None:
    """Refuse a video that is wider, higher or longer than the network's table of positions; see `check_positions`."""
    check_positions(request.width, request.height, request.num_frames, max_positions)


def check_positions(width: int, height: int, num_frames: int, max_positions: int) -> None:
    """Refuse a video that is wider, higher or longer than the network's table of positions.

    Args:
        width: in pixels, a multiple of 16.
        height: in pixels, a multiple of 16.
        num_frames: that the network makes, 4k+1.
        max_positions: ``rope_max_seq_len`` of the network; 1024 in the published ones, less in tiny ones.

    Raises:
        InputError: names the limit.
    """
    longest = max(width // SIDE_STEP, height // SIDE_STEP, (num_frames - 1) // STRIDE + 1)
    if longest > max_positions:
        raise InputError(
            f"{num_frames} frames of {width}x{height} are too large for this network: it has {max_positions} positions "
            f"along each axis, so sides up to {max_positions * SIDE_STEP} pixels and "
            f"{(max_positions - 1) * STRIDE + 1} frames"
        )


def check_prompt(
    prompt: str,
    tokenize: Callable[[str], Sequence[int]],
    decode: Callable[[list[int]], str],
    max_tokens: int = MAX_TOKENS,
) -> None:
    """Refuse a prompt whose end the model would not see, and say what that end is.

    Args:
        prompt: the cleaned prompt.
        tokenize: from text to token ids, end token included.
        decode: from token ids to text.
        max_tokens: how many fit.

    Raises:
        CaseError: more than that.
    """
    ids = list(tokenize(prompt))
    if len(ids) > max_tokens:
        cut = decode(ids[max_tokens - 1 : -1]).strip()
        shown = cut if len(cut) <= 200 else f"{cut[:120]} [...] {cut[-60:]}"
        raise CaseError(
            f"the prompt has {len(ids)} tokens, {max_tokens} fit; shorten it, or these words would be cut: {shown!r}"
        )


def _nearest(side: int, step: int) -> int:
    return max(step, round(side / step) * step)
