"""What systems share that are a pipeline of diffusers: options, refusals before loading, loading, placement, frames.

A system is a subclass that says what its checkpoint looks like, what it refuses, and how its pipeline is called; see
`wan_vace` and `consisid`.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from a2bench.adapters.options import number, one_of, whole_number
from a2bench.base.counting import count
from a2bench.base.inputs import check_num_frames, check_seed, check_text
from a2bench.base.steps import tell_step
from a2bench.errors import AdapterError
from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.tiers import Making, Tier, loosest
from a2bench.model.video import Video

if TYPE_CHECKING:
    import torch

    from a2bench.e2v.cache import EncodingCache
    from a2bench.e2v.checkpoint import Layout
    from a2bench.e2v.finite import FiniteNumbers
    from a2bench.e2v.memory import Working
    from a2bench.e2v.offload import PlacedModel
    from a2bench.e2v.references import Reference
    from a2bench.e2v.semantic import PromptReader


class DiffusersSystem(ABC):
    """A system that is a pipeline of diffusers.

    Args:
        sampler: texts of the options in `published`.
        weights: a local folder in the published layout, or OWNER/NAME@COMMIT in the local cache of the hub client; if
            empty, what `a2bench weights fetch` left.
        negative_prompt: what to stay away from.
        precision: of network and text encoder, ``bfloat16`` or ``float32``.
        memory: profile ``auto``, ``24gb``, ``40gb``, ``80gb`` or ``cpu``; never changes a frame, a size or a step.

    Raises:
        InputError: an option cannot be understood.
        WeightsError: no complete checkpoint there; the message says what to type.
    """

    meta: ModelMeta
    checkpoint: ClassVar[str]
    """Name in `a2bench.assets.checkpoints.CHECKPOINTS`."""
    max_tokens: ClassVar[int]
    """Of the prompt."""
    published: ClassVar[Mapping[str, float]]
    """The sampler's settings as published: number of steps, guidance_scale, and what else a system has."""

    def __init__(
        self,
        sampler: Mapping[str, str],
        *,
        weights: str,
        negative_prompt: str,
        precision: str,
        memory: str,
    ) -> None:
        from a2bench.e2v.memory import check_profile
        from a2bench.e2v.source import find_weights

        self.steps = whole_number("steps", sampler["steps"], least=1, most=1000)
        self.sampler = {name: number(name, text) for name, text in sampler.items()}
        self.negative_prompt = check_text(negative_prompt, "negative_prompt")
        self.precision = one_of("precision", precision, "bfloat16", "float32")
        self.memory = check_profile(memory)
        self.weights = find_weights(weights, self.checkpoint, self.layout())
        self.meta = type(self).meta.model_copy(
            update={"revision": f"{type(self).meta.revision}-{self.weights.revision}"}
        )
        self._pipe: Any = None
        self._placed: PlacedModel | None = None
        self._texts: EncodingCache | None = None

    @classmethod
    @abstractmethod
    def layout(cls) -> "Layout":
        """What the checkpoint looks like."""

    @abstractmethod
    def refuse(self, references: "tuple[Reference, ...]", settings: GenerationSettings) -> None:
        """Raise `InputError` for what this system cannot make; nothing is loaded yet."""

    @abstractmethod
    def working(self, settings: GenerationSettings) -> "Working":
        """What one video takes beside the weights."""

    @abstractmethod
    def build(self, networks: dict[str, Any], reader: "PromptReader", device: str) -> Any:
        """The pipeline of diffusers around the loaded networks, which are not on their device yet."""

    @abstractmethod
    def arguments(self, references: "tuple[Reference, ...]", settings: GenerationSettings) -> dict[str, Any]:
        """What the pipeline is called with beside prompts, size, steps, guidance and seed."""

    def identity(self, case: Case) -> dict[str, Any]:
        """What makes the video beside the revision, which carries the weights' own."""
        return {**self.sampler, "negative_prompt": self.negative_prompt, "precision": self.precision}

    def check(self, case: Case, settings: GenerationSettings) -> None:
        """Refuse what can be refused without loading anything.

        Raises:
            InputError: this system cannot make such a video.
            CaseError: a reference cannot be used.
        """
        check_num_frames(settings.num_frames)
        self.refuse(_references(case), settings)

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        """Make one video; the first call loads the networks, which then stay.

        Raises:
            InputError: this system cannot make such a video, or the memory does not suffice.
            CaseError: a reference or the prompt cannot be used.
            AdapterError: the GPU's memory ran out, or a step gave numbers that are not finite.
        """
        import torch

        check_seed(seed)
        self.check(case, settings)
        check_text(case.prompt, "the prompt")
        references = _references(case)
        placed = self._loaded(case.prompt, settings)
        try:
            with torch.inference_mode():
                made = placed.run(lambda: self._call(case.prompt, references, seed, settings))
        except torch.OutOfMemoryError:
            raise AdapterError(
                f"out of GPU memory making {settings.num_frames} frames of {settings.width}x{settings.height}, with "
                "all networks offloaded and the VAE tiled; give smaller --size or --num-frames, or a larger GPU"
            ) from None
        return Video(made.value, settings.fps, Making(loosest([self.tier, placed.tier]), made.rung))

    @property
    def tier(self) -> Tier:
        """``exact`` is what diffusers' pipeline makes with the published settings of the sampler."""
        return "exact" if self.sampler == self.published else "other sampler"

    def _call(self, prompt: str, references: "tuple[Reference, ...]", seed: int, settings: GenerationSettings) -> Any:
        import torch

        from a2bench.e2v.finite import OutputWatch

        guidance_scale = self.sampler["guidance_scale"]
        with OutputWatch(self._pipe.vae.decoder) as decoder:  # whose output the pipeline clamps
            output = self._pipe(
                prompt_embeds=self._text(prompt),
                negative_prompt_embeds=self._text(self.negative_prompt) if guidance_scale > 1 else None,
                width=settings.width,
                height=settings.height,
                num_frames=settings.num_frames,
                num_inference_steps=self.steps,
                guidance_scale=guidance_scale,
                generator=torch.Generator("cpu").manual_seed(seed),  # the same numbers on every device
                max_sequence_length=self.max_tokens,
                callback_on_step_end=self._stepped,
                output_type="np",
                **self.arguments(references, settings),
            )
        frames = output.frames[0]  # [F, H, W, 3] in [0, 1]
        self._finite.require(decoder.ends, "decoding the video")
        self._finite.require(torch.from_numpy(frames), "decoding the video")
        return (frames * 255).round().astype("uint8")

    def _stepped(self, _pipe: Any, step: int, _time: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
        count("step")
        self._finite.require(tensors["latents"], f"step {step + 1} of {self.steps}")
        tell_step(step + 1, self.steps)
        return {}

    @property
    def _finite(self) -> "FiniteNumbers":
        from a2bench.e2v.finite import FiniteNumbers

        # The network's attention is left to diffusers, which reads this variable.
        attention = os.environ.get("DIFFUSERS_ATTN_BACKEND", "native")
        return FiniteNumbers({"precision": self.precision, "attention": attention}, self.checkpoint)

    def _text(self, prompt: str) -> "torch.Tensor":
        """Tokens of a prompt, encoded once in this process."""
        assert self._texts is not None

        def encode() -> Any:
            tokens = self._pipe.encode_prompt(
                prompt=prompt, do_classifier_free_guidance=False, max_sequence_length=self.max_tokens
            )[0]
            self._finite.require(tokens, "the text encoder")
            return tokens

        return self._texts.get(prompt, encode)

    def _loaded(self, prompt: str, settings: GenerationSettings) -> "PlacedModel":
        """The resident networks; before they are first loaded, the tokenizer alone checks the prompts."""
        import torch

        from a2bench.base.resources import device
        from a2bench.e2v.cache import EncodingCache
        from a2bench.e2v.components import check_component, component_part, load_component
        from a2bench.e2v.loading import load_prompt_reader, require_packages
        from a2bench.e2v.memory import choose_placement
        from a2bench.e2v.offload import PlacedModel

        if self._placed is None:
            require_packages()
            folder, layout = self.weights.folder, self.layout()
            reader = load_prompt_reader(folder)
            reader.check(prompt, self.max_tokens)
            reader.check(self.negative_prompt, self.max_tokens)
            low = getattr(torch, self.precision)
            for component in layout.networks:
                check_component(folder, component, layout.title)
            parts = {component.name: component_part(folder, component, low) for component in layout.networks}
            placement = choose_placement(self.memory, parts, device(), self.working(settings))
            networks = {
                component.name: load_component(folder, component, low if component.low else torch.float32)
                for component in layout.networks
            }
            self._pipe = self.build(networks, reader, placement.device)
            self._pipe.set_progress_bar_config(disable=True)
            self._placed = PlacedModel(networks, parts, placement)
            self._texts = EncodingCache("encode:text")
            self._reader = reader
        else:
            self._reader.check(prompt, self.max_tokens)
        return self._placed


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """A component's configuration."""
    from a2bench.e2v.checkpoint import read_json

    return read_json(folder / name / "config.json")


def _references(case: Case) -> "tuple[Reference, ...]":
    """The case's own references, as every system gets them; cut-outs are for metrics and controls."""
    from a2bench.e2v.references import in_slots, read_reference

    return in_slots(read_reference(element.reference.path, element.role) for element in case.elements)
