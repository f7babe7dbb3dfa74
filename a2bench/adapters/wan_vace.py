"""Wan2.1-VACE (arXiv:2503.07598), reference-to-video: diffusers' ``WanVACEPipeline`` with reference images."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from a2bench.adapters.diffusers_pipeline import DiffusersSystem, read_config
from a2bench.errors import WeightsError
from a2bench.model.systems import GenerationSettings, ModelMeta, NativeSettings

if TYPE_CHECKING:
    from a2bench.e2v.checkpoint import Layout
    from a2bench.e2v.memory import Working
    from a2bench.e2v.references import Reference
    from a2bench.e2v.semantic import PromptReader
    from a2bench.e2v.sigmas import Sampler

SAMPLER: "Sampler" = "current"
"""The table of noise levels (`a2bench.e2v.sigmas`), whichever diffusers is installed; part of the revision."""
MAX_REFERENCES = 5
"""The authors name no limit; each reference is one more latent frame. Hosted versions take up to five."""


def _meta(size: str) -> ModelMeta:
    return ModelMeta(
        name=f"wan-vace-{size.lower()}",
        revision="1",
        title=f"Wan2.1-VACE {size}",
        description=f"Wan2.1-VACE-{size} (arXiv:2503.07598) from a local checkpoint, 1 to {MAX_REFERENCES} references",
        licence="Apache-2.0",
        url="https://github.com/ali-vilab/VACE",
        open_weights=True,
        parameters={"1.3B": 1_300_000_000, "14B": 14_000_000_000}[size],
        max_references=MAX_REFERENCES,
        device="gpu",
        native=NativeSettings(width=832, height=480, fps=Fraction(16), num_frames=81, frames_step=4, frames_plus=1),
    )


class _WanVACE(DiffusersSystem):
    """One to five references and a prompt -> video.

    A reference is scaled to fit and padded with white, whatever its role, as the pipeline does; VACE knows no roles.

    Args:
        weights: a local folder in the layout of ``Wan-AI/Wan2.1-VACE-...-diffusers``, or that repository as
            OWNER/NAME@COMMIT in the local cache of the hub client; if empty, what `a2bench weights fetch` left.
        steps: denoising steps.
        guidance_scale: weight of the prompt against the negative prompt.
        flow_shift: how much of the schedule is spent on high noise; 16 as in Wan2.1's own script for VACE.
        negative_prompt: what to stay away from; Wan2.1's if not given.
        precision: of network and text encoder, ``bfloat16`` or ``float32``.
        memory: profile ``auto``, ``24gb``, ``40gb``, ``80gb`` or ``cpu``; never changes a frame, a size or a step.

    Raises:
        InputError: an option cannot be understood.
        WeightsError: no complete checkpoint there; the message says what to type.
    """

    max_tokens = 512
    published: ClassVar = {"steps": 50.0, "guidance_scale": 5.0, "flow_shift": 16.0}
    heads: ClassVar[int]
    """Attention heads of the network, which tell the two sizes apart."""

    def __init__(
        self,
        weights: str = "",
        steps: str = "50",
        guidance_scale: str = "5.0",
        flow_shift: str = "16.0",
        negative_prompt: str | None = None,
        precision: str = "bfloat16",
        memory: str = "auto",
    ) -> None:
        from a2bench.e2v.request import NEGATIVE_PROMPT, check_flow_shift

        super().__init__(
            {"steps": steps, "guidance_scale": guidance_scale, "flow_shift": flow_shift},
            weights=weights,
            negative_prompt=NEGATIVE_PROMPT if negative_prompt is None else negative_prompt,
            precision=precision,
            memory=memory,
        )
        check_flow_shift(self.sampler["flow_shift"], self.steps)
        self.meta = self.meta.model_copy(update={"revision": f"{self.meta.revision}-{SAMPLER}"})
        self.earlier_revisions = (f"{type(self).meta.revision}-{self.weights.revision}",)
        self.network = read_config(self.weights.folder, "transformer")
        for other in (WanVACE13B, WanVACE14B):
            if other is not type(self) and self.network["num_attention_heads"] == other.heads:
                raise WeightsError(f"{self.weights.folder} holds {other.meta.title}; type --model {other.meta.name}")

    @classmethod
    def layout(cls) -> "Layout":
        """The folders of ``Wan-AI/Wan2.1-VACE-...-diffusers``."""
        from a2bench.e2v.checkpoint import TOKENIZER, UMT5, WAN_VAE, Component, Fit, layout

        return layout(
            cls.meta.title,
            (
                Component("transformer", "WanVACETransformer3DModel", "network", True, stem="diffusion_pytorch_model"),
                WAN_VAE,
                UMT5,
                TOKENIZER,
            ),
            (
                Fit(("transformer", "in_channels"), 16),
                Fit(("transformer", "vace_in_channels"), 96, "2 x 16 latent, 64 mask"),
                Fit(("vae", "z_dim"), 16),
                Fit(("transformer", "text_dim"), ("text_encoder", "d_model")),
            ),
        )

    def refuse(self, references: "tuple[Reference, ...]", settings: GenerationSettings) -> None:
        """Sides that are no multiples of 16, frames that are not 4k+1, more than the network has positions for."""
        from a2bench.e2v.layout import STRIDE
        from a2bench.e2v.request import check_frames, check_positions, check_sides

        check_sides(settings.width, settings.height)
        check_frames(settings.num_frames)
        made = settings.num_frames + STRIDE * len(references)  # a latent frame for each reference comes first
        check_positions(settings.width, settings.height, made, self.network.get("rope_max_seq_len", 1024))

    def working(self, settings: GenerationSettings) -> "Working":
        """As in SkyReels-A2, whose network and VAE are of the same kind."""
        from a2bench.e2v.layout import STRIDE
        from a2bench.e2v.memory import wan_working

        hidden = self.network["num_attention_heads"] * self.network["attention_head_dim"]
        frames = settings.num_frames + STRIDE * MAX_REFERENCES
        vae = read_config(self.weights.folder, "vae")
        return wan_working(settings.width, settings.height, frames, hidden=hidden, vae_base=vae["base_dim"])

    def build(self, networks: dict[str, Any], reader: "PromptReader", device: str) -> Any:
        """The pipeline with UniPC over flow sigmas, as Wan2.1's own script samples."""
        from importlib import import_module

        from a2bench.e2v.pipeline import make_scheduler

        pipeline: Any = import_module("diffusers").WanVACEPipeline
        scheduler = make_scheduler(self.sampler["flow_shift"], SAMPLER)
        return pipeline(tokenizer=reader.tokenizer, scheduler=scheduler, **networks)

    def arguments(self, references: "tuple[Reference, ...]", settings: GenerationSettings) -> dict[str, Any]:
        """The references; without a video to edit, all of it is to be made."""
        return {"reference_images": [reference.image for reference in references]}


class WanVACE13B(_WanVACE):  # noqa: D101
    __doc__ = _WanVACE.__doc__
    meta = _meta("1.3B")
    checkpoint = "wan-vace-1.3b"
    heads = 12


class WanVACE14B(_WanVACE):  # noqa: D101
    __doc__ = _WanVACE.__doc__
    meta = _meta("14B")
    checkpoint = "wan-vace-14b"
    heads = 40
