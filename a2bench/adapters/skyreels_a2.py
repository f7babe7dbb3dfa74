"""SkyReels-A2, included in A2Bench: the model is in `a2bench.e2v`, this file is its door."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from a2bench.adapters.options import number, one_of, whole_number
from a2bench.base.inputs import check_num_frames
from a2bench.base.steps import tell_step
from a2bench.errors import AdapterError, InputError
from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta, NativeSettings
from a2bench.model.tiers import Making
from a2bench.model.video import Video

if TYPE_CHECKING:
    from a2bench.e2v.followers import Followers
    from a2bench.e2v.loading import Precision
    from a2bench.e2v.offload import Made
    from a2bench.e2v.pipeline import Pipeline
    from a2bench.e2v.request import Request

DEFAULTS = {
    "steps": "50",
    "guidance_scale": "5.0",
    "flow_shift": "8.0",
    "margin": "3",
    "posterior": "sample",
    "sampler": "current",
}


class SkyReelsA2:
    """One to three references and a prompt -> video.

    The frames of the references and a margin are made on top of those that are asked for and then dropped: for three
    references 12, so the native 69 frames are cut from the 81 that the model was trained with; 81 are cut from 93.

    Args:
        weights: a local folder in the layout of ``Skywork/SkyReels-A2``, or that repository as OWNER/NAME@COMMIT in the
            local cache of the hub client.
        steps: denoising steps.
        guidance_scale: weight of the prompt against the negative prompt.
        flow_shift: how much of the schedule is spent on high noise.
        sampler: table of noise levels: ``current``, or ``released-2025`` as under the libraries that the model came out
            with (`a2bench.e2v.sigmas`). It is part of the revision.
        margin: frames to drop behind those of the references.
        posterior: ``sample`` as released, or ``mode``.
        negative_prompt: what to stay away from; the released one if not given.
        precision: of network and text encoder, ``bfloat16`` as released or ``float32``.
        memory: profile ``auto``, ``24gb``, ``40gb``, ``80gb`` or ``cpu``; never changes a frame, a size or a step.
        attention: back-end of diffusers, such as ``native``, ``native_cudnn``, ``flash_3`` or ``sage``.
        compile: ``true`` compiles the network's blocks.
        guidance: both passes ``sequential``, or ``batched``.
        cache: steps that skip most of the network: ``none``, ``first-block``, ``taylorseer`` or ``mag``.
        cache_threshold: of ``first-block`` and ``mag``; more skips more.
        cache_interval: of ``taylorseer``, from one full step to the next.
        cache_ratios: JSON file of ``mag``, made by ``a2bench.e2v.caching.MagCalibration``.
        storage: ``fp8`` keeps the network's weights in 8 bits.
        vae: its precision, ``float32`` as released or ``bfloat16``.
        lora: a LoRA of Wan2.1-I2V-14B (safetensors) to merge into the network, such as one distilled for four steps.
        lora_scale: how much of it.
        lora_strict: ``false`` merges a LoRA without the keys that fit nothing, and records them; ``true`` refuses it.
        gpus: that make each video together: guidance on two halves, then by heads, then by tokens.

    Raises:
        InputError: an option cannot be understood.
        WeightsError: no complete checkpoint there; the message says what to type.
    """

    meta = ModelMeta(
        name="skyreels-a2",
        revision="1",
        title="SkyReels-A2",
        description="SkyReels-A2-Wan2.1-14B-Preview (arXiv:2504.02436) from a local checkpoint, 1 to 3 references",
        licence="Apache-2.0 (weights, as tagged by Skywork; their code: Skywork community licence)",
        url="https://github.com/SkyworkAI/SkyReels-A2",
        open_weights=True,
        parameters=14_000_000_000,
        max_references=3,
        device="gpu",
        native=NativeSettings(width=832, height=480, fps=Fraction(15), num_frames=69, frames_step=4, frames_plus=1),
    )

    def __init__(
        self,
        weights: str = "",
        steps: str = DEFAULTS["steps"],
        guidance_scale: str = DEFAULTS["guidance_scale"],
        flow_shift: str = DEFAULTS["flow_shift"],
        sampler: str = DEFAULTS["sampler"],
        margin: str = DEFAULTS["margin"],
        posterior: str = DEFAULTS["posterior"],
        negative_prompt: str | None = None,
        precision: str = "bfloat16",
        memory: str = "auto",
        attention: str | None = None,
        compile: str | None = None,
        guidance: str | None = None,
        cache: str | None = None,
        cache_threshold: str | None = None,
        cache_interval: str | None = None,
        cache_ratios: str | None = None,
        storage: str | None = None,
        vae: str | None = None,
        lora: str | None = None,
        lora_scale: str | None = None,
        lora_strict: str | None = None,
        gpus: str = "1",
    ) -> None:
        from a2bench.e2v.acceleration import parse_acceleration
        from a2bench.e2v.checkpoint import read_json
        from a2bench.e2v.division import spread
        from a2bench.e2v.lora import lora_path, match_lora
        from a2bench.e2v.memory import check_profile
        from a2bench.e2v.request import NEGATIVE_PROMPT, Sampling
        from a2bench.e2v.sigmas import TRAIN_STEPS, named_sampler
        from a2bench.e2v.source import find_weights
        from a2bench.e2v.tensor_files import DIFFUSERS, tensor_shapes

        self.sampling = Sampling(
            steps=whole_number("steps", steps, least=1, most=TRAIN_STEPS),
            guidance_scale=number("guidance_scale", guidance_scale),
            flow_shift=number("flow_shift", flow_shift),
            sampler=named_sampler(sampler),
            negative_prompt=NEGATIVE_PROMPT if negative_prompt is None else negative_prompt,
            posterior="mode" if one_of("posterior", posterior, "sample", "mode") == "mode" else "sample",
            margin=whole_number("margin", margin),
        )
        self.precision: Precision = (
            "float32" if one_of("precision", precision, "bfloat16", "float32") == "float32" else "bfloat16"
        )
        given = {
            "attention": attention,
            "compile": compile,
            "guidance": guidance,
            "cache": cache,
            "cache_threshold": cache_threshold,
            "cache_interval": cache_interval,
            "cache_ratios": cache_ratios,
            "storage": storage,
            "vae": vae,
            "lora": lora,
            "lora_scale": lora_scale,
            "lora_strict": lora_strict,
        }
        self.acceleration = parse_acceleration({name: text for name, text in given.items() if text is not None})
        if self.acceleration.ranks > 1:
            raise InputError("guidance=parallel comes by itself with gpus=2, 4, 8 or another even number")
        if self.acceleration.lora:
            lora_path(self.acceleration.lora)
        self.memory = check_profile(memory)
        self.weights = find_weights(weights)
        self.lora_left_out: tuple[str, ...] = ()
        if self.acceleration.lora:
            shapes = tensor_shapes(self.weights.folder / "transformer", DIFFUSERS)
            self.lora_left_out = match_lora(self.acceleration.lora, shapes, self.acceleration.lora_strict).left_out
        network = read_json(self.weights.folder / "transformer" / "config.json")
        self.heads = int(network["num_attention_heads"])
        self.max_positions: int = network.get("rope_max_seq_len", 1024)
        self.gpus = whole_number("gpus", gpus, least=1)
        if self.gpus > 1:
            # By heads alone; whether the tokens of a video divide too is known for each case.
            guided = self.sampling.guidance_scale > 1
            self.acceleration = spread(self.acceleration, self.gpus, heads=self.heads, tokens=None, guided=guided)
        self.meta = SkyReelsA2.meta.model_copy(
            update={
                "revision": f"1-{self.weights.revision}-{self.sampling.sampler}",
                "gpus": self.acceleration.ranks,
            }
        )
        # 0.1.0 did not say so, and could not load the model with a library that had another table.
        self.earlier_revisions = (f"1-{self.weights.revision}",) if self.sampling.sampler == "current" else ()
        self._followers: Followers | None = None
        self._pipeline: Pipeline | None = None

    def identity(self, case: Case) -> dict[str, Any]:
        """What makes the video beside the revision, which carries the weights' own: not where the weights lie."""
        from dataclasses import asdict

        changed = self.acceleration.identity()
        sampling = asdict(self.sampling)
        if sampling["sampler"] == DEFAULTS["sampler"]:  # as it always was, so that finished samples stay
            del sampling["sampler"]
        if self.lora_left_out:
            changed["lora_left_out"] = list(self.lora_left_out)
        return {
            **sampling,
            "precision": self.precision,
            **({"acceleration": changed} if changed else {}),
        }

    def check(self, case: Case, settings: GenerationSettings) -> None:
        """Refuse what can be refused without loading anything: references, size, number of frames.

        Raises:
            InputError: this model cannot make such a video.
            CaseError: a reference cannot be used.
        """
        self._request(case, 0, settings)

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        """Make one video; the first call loads the model, which then stays.

        Raises:
            InputError: this model cannot make such a video, or the memory does not suffice.
            CaseError: a reference or the prompt cannot be used.
            AdapterError: the GPU's memory ran out, or a step gave numbers that are not finite.
        """
        import torch

        request = self._request(case, seed, settings)
        try:
            pipeline = self._loaded(request)
            if self._followers is None:
                made = pipeline.make(request, lambda step: tell_step(step.number + 1, step.total))
            else:
                made = self._make_together(self._followers, pipeline, request)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            raise AdapterError(
                f"out of GPU memory making {settings.num_frames} frames of {settings.width}x{settings.height}, even "
                "with the networks offloaded and the VAE tiled: use a larger GPU or one that does nothing else"
            ) from None
        return Video(made.value, settings.fps, Making(pipeline.tier(request.sampling), made.rung))

    def _make_together(self, followers: "Followers", pipeline: "Pipeline", request: "Request") -> "Made[Any]":
        """One video by all processes of the group; without the ladder, which every one of them would have to climb."""
        from a2bench.e2v.offload import Made

        pipeline.check(request)
        try:
            followers.tell(request)
            return Made(pipeline.generate(request, lambda step: tell_step(step.number + 1, step.total)), "none")
        except BaseException:  # the others wait for what this one did not send: all begin anew with the next sample
            followers.close()
            self._followers = self._pipeline = None
            raise

    def _request(self, case: Case, seed: int, settings: GenerationSettings) -> "Request":
        from a2bench.e2v.division import check_division
        from a2bench.e2v.layout import ClipLayout
        from a2bench.e2v.references import read_reference
        from a2bench.e2v.request import Request, check_extent, check_request

        # The case's own reference, as every system gets it; cut-outs are for metrics and controls.
        references = tuple(read_reference(element.reference.path, element.role) for element in case.elements)
        extra = ClipLayout(settings.num_frames, len(references), self.sampling.repeat).trim(self.sampling.margin)
        check_num_frames(settings.num_frames)
        request = Request(
            case.prompt,
            references,
            width=settings.width,
            height=settings.height,
            num_frames=settings.num_frames + extra,
            seed=seed,
            sampling=self.sampling,
        )
        check_request(request)
        check_extent(request, self.max_positions)
        check_division(self.acceleration, request, self.heads)
        return request

    def _require_gpus(self) -> None:
        """Refuse to begin with fewer GPUs than were asked for; on a CPU that was asked for, processes take their place.

        Raises:
            InputError: names how many there are.
        """
        import os

        import torch

        from a2bench.base.resources import device

        there = torch.cuda.device_count() if device().startswith("cuda") else 0
        if self.acceleration.ranks > max(there, 1) and os.environ.get("A2BENCH_DEVICE") != "cpu":
            raise InputError(
                f"gpus={self.gpus}, but GPUs that this process sees: {there}; type --set gpus={max(there, 1)}"
                + (", or look at CUDA_VISIBLE_DEVICES" if there else ", or --device cpu to try it with processes")
            )

    def _loaded(self, request: "Request") -> "Pipeline":
        """The resident pipeline; before it is first loaded, the tokenizer alone checks the prompts."""
        from a2bench.base.resources import device
        from a2bench.e2v.loading import load_pipeline, load_prompt_reader, require_packages

        if self._pipeline is None:
            require_packages()
            self._require_gpus()
            reader = load_prompt_reader(self.weights.folder)
            reader.check(request.prompt)
            reader.check(request.sampling.negative_prompt)
            video = (request.width, request.height, request.num_frames)
            if self.acceleration.ranks > 1:
                from a2bench.e2v.followers import Followers, Recipe

                folder = str(self.weights.folder)
                recipe = Recipe(folder, device(), self.precision, self.memory, video, self.acceleration)
                self._followers = Followers(recipe)
                try:
                    self._pipeline = recipe.load()
                except BaseException:
                    self._followers.close()
                    raise
            else:
                self._pipeline = load_pipeline(
                    self.weights.folder,
                    device=device(),
                    precision=self.precision,
                    profile=self.memory,
                    video=video,
                    acceleration=self.acceleration,
                    reader=reader,
                )
        return self._pipeline
