"""ConsisID (arXiv:2411.17440), identity-preserving text-to-video: diffusers' ``ConsisIDPipeline``.

It takes one person. What the network gets of the face is made by `consisid_faces`.
"""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from a2bench.adapters.diffusers_pipeline import DiffusersSystem, read_config
from a2bench.errors import InputError
from a2bench.model.systems import GenerationSettings, ModelMeta, NativeSettings

if TYPE_CHECKING:
    from a2bench.adapters.consisid_faces import Face
    from a2bench.e2v.checkpoint import Layout
    from a2bench.e2v.memory import Working
    from a2bench.e2v.references import Reference
    from a2bench.e2v.semantic import PromptReader

LATENT = 8
"""Pixels along a side of one latent of CogVideoX's VAE."""


class ConsisID(DiffusersSystem):
    """The picture of one person, with a face in it, and a prompt -> video of that person.

    Made for 49 frames of 720x480 at 8 frames per second; no other size where the network has learned positions, as the
    published one has.

    Args:
        weights: a local folder in the layout of ``BestWishYsh/ConsisID-preview``, or that repository as
            OWNER/NAME@COMMIT in the local cache of the hub client; if empty, what `a2bench weights fetch` left.
        steps: denoising steps.
        guidance_scale: weight of the prompt against the negative prompt.
        negative_prompt: what to stay away from; nothing, as published.
        precision: of all networks, ``bfloat16`` or ``float32``.
        memory: profile ``auto``, ``24gb``, ``40gb``, ``80gb`` or ``cpu``; never changes a frame, a size or a step.

    Raises:
        InputError: an option cannot be understood.
        WeightsError: no complete checkpoint there; the message says what to type.
    """

    meta = ModelMeta(
        name="consisid",
        revision="1",
        title="ConsisID",
        description="ConsisID-preview (arXiv:2411.17440) from a local checkpoint: one person's face, nothing else",
        licence="Apache-2.0 as tagged; CogVideoX licence (5B) beneath; InsightFace antelopev2: non-commercial research",
        url="https://github.com/PKU-YuanGroup/ConsisID",
        open_weights=True,
        parameters=5_000_000_000,
        max_references=1,
        roles=("character",),
        device="gpu",
        native=NativeSettings(width=720, height=480, fps=Fraction(8), num_frames=49, frames_step=4, frames_plus=1),
    )
    checkpoint = "consisid"
    max_tokens = 226
    published: ClassVar = {"steps": 50.0, "guidance_scale": 6.0}

    def __init__(
        self,
        weights: str = "",
        steps: str = "50",
        guidance_scale: str = "6.0",
        negative_prompt: str = "",
        precision: str = "bfloat16",
        memory: str = "auto",
    ) -> None:
        super().__init__(
            {"steps": steps, "guidance_scale": guidance_scale},
            weights=weights,
            negative_prompt=negative_prompt,
            precision=precision,
            memory=memory,
        )
        self.network = read_config(self.weights.folder, "transformer")
        self._faces: dict[str, Face] = {}

    @classmethod
    def layout(cls) -> "Layout":
        """The folders of ``BestWishYsh/ConsisID-preview`` that diffusers loads."""
        from a2bench.e2v.checkpoint import TOKENIZER, Component, Fit, layout

        stem = "diffusion_pytorch_model"
        return layout(
            cls.meta.title,
            (
                Component("transformer", "ConsisIDTransformer3DModel", "network", True, stem=stem),
                Component("vae", "AutoencoderKLCogVideoX", "vae", True, stem=stem),
                Component("text_encoder", "T5EncoderModel", low=True, stem="model"),
                TOKENIZER,
                Component("scheduler", config="scheduler_config.json"),
            ),
            (
                Fit(("transformer", "is_train_face"), True, "takes a face"),
                Fit(("transformer", "out_channels"), ("vae", "latent_channels")),
                Fit(("transformer", "text_embed_dim"), ("text_encoder", "d_model")),
            ),
        )

    def refuse(self, references: "tuple[Reference, ...]", settings: GenerationSettings) -> None:
        """Another size than the network has learned positions for; frames that are not 4k+1 or fewer than 5."""
        from a2bench.adapters.consisid_faces import require_face_models
        from a2bench.e2v.request import check_frames, check_sides

        width, height = (self.network[f"sample_{side}"] * LATENT for side in ("width", "height"))
        if self.network.get("use_learned_positional_embeddings") and (settings.width, settings.height) != (
            width,
            height,
        ):
            raise InputError(
                f"{settings.width}x{settings.height}: ConsisID makes {width}x{height} only; type --size "
                f"{width}x{height}"
            )
        check_sides(settings.width, settings.height)
        check_frames(settings.num_frames)
        if settings.num_frames < 5:
            raise InputError(f"ConsisID makes 5 frames or more, got {settings.num_frames}")
        require_face_models(self.weights.folder)

    def working(self, settings: GenerationSettings) -> "Working":
        """The network by its tokens as for Wan; the VAE as in diffusers' page on ConsisID.

        There: 16 GB whole and 5 GB tiled for 720x480, with everything else offloaded. Both still to be measured here.
        """
        from a2bench.e2v.memory import Working, wan_working

        hidden = self.network["num_attention_heads"] * self.network["attention_head_dim"]
        size = (settings.width, settings.height, settings.num_frames)
        network = wan_working(*size, batch=2, hidden=hidden).network
        share = settings.width * settings.height / (720 * 480)
        return Working(network, int(16e9 * share), min(int(16e9 * share), 5_000_000_000))

    def build(self, networks: dict[str, Any], reader: "PromptReader", device: str) -> Any:
        """The pipeline with the checkpoint's own scheduler, and what reads faces on the same device."""
        from importlib import import_module

        import torch

        from a2bench.adapters.consisid_faces import load_face_reader
        from a2bench.e2v.checkpoint import read_json

        diffusers: Any = import_module("diffusers")
        config = read_json(self.weights.folder / "scheduler" / "scheduler_config.json")
        schedulers = ("CogVideoXDPMScheduler", "CogVideoXDDIMScheduler")
        if config.get("_class_name") not in schedulers:
            raise InputError(f"the scheduler is {config.get('_class_name')!r}, expected {' or '.join(schedulers)}")
        scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
        self._read_face = load_face_reader(self.weights.folder, device, getattr(torch, self.precision))
        return diffusers.ConsisIDPipeline(tokenizer=reader.tokenizer, scheduler=scheduler, **networks)

    def arguments(self, references: "tuple[Reference, ...]", settings: GenerationSettings) -> dict[str, Any]:
        """The face, read once for each picture."""
        (person,) = references
        if person.content not in self._faces:
            self._faces[person.content] = self._read_face(person)
        face = self._faces[person.content]
        return {
            "image": face.image,
            "id_cond": face.embedding,
            "id_vit_hidden": face.features,
            "kps_cond": face.points,
        }
