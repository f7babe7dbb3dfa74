"""What can make generation faster, and the tier that follows from it. Nothing heavy is imported here.

Speed never comes in by the back door: a setting that can change a video is part of the sample's identity, and the tier
is recorded with the sample.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.e2v.lora import adapter_config, lora_path
from a2bench.e2v.request import Sampling
from a2bench.errors import InputError
from a2bench.model.tiers import Tier, loosest

ATTENTION: dict[str, Tier] = {
    "native": "exact",
    "native_cudnn": "equivalent",
    "native_efficient": "equivalent",
    "native_flash": "equivalent",
    "native_math": "equivalent",
    "flex": "equivalent",
    "flash": "equivalent",
    "flash_hub": "equivalent",
    "flash_3": "equivalent",
    "flash_3_hub": "equivalent",
    "flash_4_hub": "equivalent",
    "xformers": "equivalent",
    "sage": "approximate",
    "sage_hub": "approximate",
}
"""Back-ends of diffusers' attention dispatcher, without the underscore that it puts before some. Sage computes in
8 bits."""

RING_ATTENTION = ("native_cudnn", "native_flash", "flash", "flash_hub", "flash_3_hub")
ULYSSES_ATTENTION = ("native", *RING_ATTENTION, "sage", "sage_hub")
"""Back-ends that work across GPUs; a ring also needs the log-sum-exp, which ``native`` and Sage do not give."""

Guidance = Literal["sequential", "batched", "parallel"]
Cache = Literal["none", "first-block", "taylorseer", "mag"]


@dataclass(frozen=True)
class Acceleration:
    """Settings of speed; the defaults are the released computation.

    attention: a key of `ATTENTION`. compile: the network's blocks are compiled (minutes, once). guidance: the passes
    with the prompt and with the negative prompt one after the other, as one batch, or each on its own GPU. cache: steps
    that skip most of the network: ``first-block`` where its first block changes little, ``taylorseer`` extrapolates
    the layers' outputs, ``mag`` by ratios that were measured before. cache_threshold: of ``first-block`` and ``mag``;
    more skips more. cache_interval: of ``taylorseer``, from one full step to the next. cache_ratios: file of ``mag``
    (`a2bench.e2v.caching.MagCalibration`). storage: ``fp8`` keeps the network's weights in 8 bits, which saves memory,
    not time. vae: its precision. ulysses, ring: GPUs over which one forward is spread, by heads and by tokens. lora:
    file that is merged into the network, such as that of one distilled for few steps; lora_scale: how much of it;
    lora_strict: whether a file with keys that fit nothing is refused, or merged without them.
    """

    attention: str = "native"
    compile: bool = False
    guidance: Guidance = "sequential"
    cache: Cache = "none"
    cache_threshold: float = 0.05
    cache_interval: int = 5
    cache_ratios: str = ""
    storage: Literal["full", "fp8"] = "full"
    vae: Literal["float32", "bfloat16"] = "float32"
    ulysses: int = 1
    ring: int = 1
    lora: str = ""
    lora_scale: float = 1.0
    lora_strict: bool = True

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"{name} {getattr(self, name)!r} must be one of {', '.join(map(_shown, choices))}")
        if not 0 < self.cache_threshold < 1:
            raise InputError(f"cache_threshold must be between 0 and 1, got {self.cache_threshold:g}")
        if self.cache_interval < 2:
            raise InputError(f"cache_interval must be 2 steps or more, got {self.cache_interval}")
        if (self.cache == "mag") != bool(self.cache_ratios):
            raise InputError(
                "cache=mag and cache_ratios=FILE go together; the file is made by a2bench.e2v.caching.MagCalibration"
            )
        if self.ulysses < 1 or self.ring < 1:
            raise InputError(f"ulysses and ring must be 1 or more, got {self.ulysses} and {self.ring}")
        if self.ring > 1 and self.attention not in RING_ATTENTION:
            raise InputError(f"ring attention needs attention={' or '.join(RING_ATTENTION)}, got {self.attention}")
        if self.ulysses > 1 and self.attention not in ULYSSES_ATTENTION:
            raise InputError(f"ulysses needs attention={' or '.join(ULYSSES_ATTENTION)}, got {self.attention}")
        if self.cache == "first-block" and self.ulysses * self.ring > 1:
            # Each rank would decide by its own part of the tokens whether to skip, and wait for ranks that do not.
            raise InputError("cache=first-block does not work with ulysses or ring; cache=taylorseer or mag does")
        if not math.isfinite(self.lora_scale):
            raise InputError(f"lora_scale must be a number, got {self.lora_scale}")
        if self.lora_scale != 1 and not self.lora:
            raise InputError(f"lora_scale={self.lora_scale:g} needs lora=FILE")
        if not self.lora_strict and not self.lora:
            raise InputError("lora_strict=false needs lora=FILE")

    @property
    def ranks(self) -> int:
        """GPUs that make one video together."""
        return (2 if self.guidance == "parallel" else 1) * self.ulysses * self.ring

    def tier(self, sampling: Sampling) -> Tier:
        """The tier of what is made with these settings."""
        return loosest(
            [
                ATTENTION[self.attention],
                "equivalent" if self.compile or self.guidance != "sequential" or self.ranks > 1 else "exact",
                # A VAE in bfloat16 has not been shown to keep 50 dB: with random weights it has 44 dB.
                "approximate" if self.vae == "bfloat16" or self.storage == "fp8" else "exact",
                "approximate" if self.cache != "none" else "exact",
                "exact" if _sampler(sampling) == _sampler(Sampling()) and not self.lora else "other sampler",
            ]
        )

    def shown(self) -> dict[str, str]:
        """Of the settings that can change numbers: the attention, and what is not the default, as ``--set`` takes it.

        >>> Acceleration(compile=True).shown()
        {'attention': 'native', 'compile': 'true'}
        """
        names = ("attention", "compile", "cache", "storage", "vae", "lora", "lora_scale")
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name in names}
        values["lora"] = Path(self.lora).name
        defaults = {f.name: f.default for f in fields(self)}
        return {name: _shown(value) for name, value in values.items() if name == "attention" or value != defaults[name]}

    def identity(self) -> dict[str, Any]:
        """The settings that can change a video, where they are not the defaults.

        Guidance on two GPUs is the same two forwards as one after the other, to the last bit: it is left out.
        """
        changed = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        if self.guidance == "parallel":
            del changed["guidance"]
        for name, caches in (("cache_threshold", ("first-block", "mag")), ("cache_interval", ("taylorseer",))):
            if self.cache not in caches:
                changed.pop(name, None)
        if self.cache == "mag":
            changed["cache_ratios"] = value_sha256(self.ratios)
        if self.lora:
            changed["lora"] = self.lora_sha256
            if beside := adapter_config(lora_path(self.lora)):
                changed["lora_config"] = file_sha256(beside)
        return changed

    @cached_property
    def lora_sha256(self) -> str:
        """SHA-256 of the file ``lora``.

        Raises:
            InputError: it is not there, or no safetensors file.
        """
        return file_sha256(lora_path(self.lora))

    @cached_property
    def ratios(self) -> list[float]:
        """What ``cache_ratios`` holds: for each step the size of the network's change against the step before.

        Raises:
            InputError: no JSON list of numbers.
        """
        try:
            read = json.loads(Path(self.cache_ratios).read_text())
            ratios = [float(value) for value in read]
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"cache_ratios {self.cache_ratios!r} is no JSON list of numbers: {error}") from None
        if not ratios:
            raise InputError(f"cache_ratios {self.cache_ratios!r} holds no ratios")
        return ratios


CHOICES: dict[str, tuple[Any, ...]] = {
    "attention": tuple(ATTENTION),
    "compile": (False, True),
    "guidance": ("sequential", "batched", "parallel"),
    "cache": ("none", "first-block", "taylorseer", "mag"),
    "storage": ("full", "fp8"),
    "vae": ("float32", "bfloat16"),
    "lora_strict": (True, False),
}


def parse_acceleration(options: Mapping[str, str]) -> Acceleration:
    """Settings from the texts of ``--set``.

    Raises:
        InputError: a value that cannot be used; the message says what can.

    >>> parse_acceleration({"attention": "flash_3", "compile": "true"}).compile
    True
    """
    values: dict[str, Any] = {}
    for field in fields(Acceleration):
        if field.name not in options:
            continue
        text = options[field.name]
        if isinstance(field.default, bool):
            if text not in ("true", "false"):
                raise InputError(f"{field.name} {text!r} must be true or false")
            values[field.name] = text == "true"
        elif isinstance(field.default, (int, float)):
            try:
                values[field.name] = type(field.default)(text)
            except ValueError:
                raise InputError(f"{field.name} {text!r} must be a number") from None
        else:
            values[field.name] = text
    return Acceleration(**values)


def _sampler(sampling: Sampling) -> tuple[Any, ...]:
    return sampling.steps, sampling.flow_shift, sampling.guidance_scale


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
