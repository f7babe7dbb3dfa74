"""How one video is divided among GPUs, and which numbers of them can work. Nothing heavy is imported here."""

from dataclasses import replace

from a2bench.e2v.acceleration import RING_ATTENTION, ULYSSES_ATTENTION, Acceleration
from a2bench.e2v.request import SIDE_STEP, Request
from a2bench.errors import InputError


def num_tokens(request: Request) -> int:
    """Tokens of the network: 32 760 for 81 frames of 832x480."""
    return (request.width // SIDE_STEP) * (request.height // SIDE_STEP) * request.layout.num_latent_frames


def spread(
    acceleration: Acceleration, ranks: int, *, heads: int, tokens: int | None, guided: bool = True
) -> Acceleration:
    """Settings for a number of GPUs: guidance on two halves first, then Ulysses as far as heads allow, then a ring.

    Args:
        acceleration: settings whose guidance, ulysses and ring are replaced.
        ranks: GPUs for one video.
        heads: of the network.
        tokens: of the video; None where it is not known yet.
        guided: whether there is guidance to divide.

    Raises:
        InputError: this number cannot work; the message says which can.
    """
    found = _spread(acceleration, ranks, heads, tokens or 0, guided)
    if found is None:
        can = [str(n) for n in range(1, 17) if _spread(acceleration, n, heads, tokens or 0, guided)]
        counted = "" if tokens is None else f"{tokens} tokens and "
        ring = "" if acceleration.attention in RING_ATTENTION else f"; more with attention={RING_ATTENTION[0]}"
        raise InputError(
            f"{ranks} GPUs cannot make one video together: {heads} heads, {counted}{1 + guided} passes of "
            f"guidance do not divide by them; up to 16, {', '.join(can)} can{ring}"
        )
    return found


def _spread(acceleration: Acceleration, ranks: int, heads: int, tokens: int, guided: bool) -> Acceleration | None:
    for passes in (2, 1) if guided and ranks % 2 == 0 else (1,):
        rest = ranks // passes
        for ulysses in range(rest, 0, -1):
            ring, left = divmod(rest, ulysses)
            if left or heads % ulysses or tokens % rest:
                continue
            if ring > 1 and acceleration.attention not in RING_ATTENTION:
                continue
            if rest > 1 and (acceleration.attention not in ULYSSES_ATTENTION or acceleration.cache == "first-block"):
                continue
            guidance = "parallel" if passes == 2 else acceleration.guidance
            return replace(acceleration, guidance=guidance, ulysses=ulysses, ring=ring)
    return None


def check_division(acceleration: Acceleration, request: Request, heads: int) -> None:
    """Refuse a video whose tokens, or a network whose heads, do not divide by the GPUs.

    Raises:
        InputError: the message says which numbers of GPUs can work.
    """
    tokens, guided = num_tokens(request), request.sampling.guidance_scale > 1
    parts = acceleration.ulysses * acceleration.ring
    if heads % acceleration.ulysses or tokens % parts or acceleration.guidance == "parallel" and not guided:
        spread(
            replace(acceleration, guidance="sequential"), acceleration.ranks, heads=heads, tokens=tokens, guided=guided
        )
        raise InputError(
            f"guidance={acceleration.guidance}, ulysses={acceleration.ulysses}, ring={acceleration.ring} do not divide "
            f"{heads} heads and {tokens} tokens with guidance_scale={request.sampling.guidance_scale:g}"
        )
