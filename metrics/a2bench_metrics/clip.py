"""Feature ``clip``: CLIP ViT-L/14 embeddings of the sampled frames, of the prompt, and of some fixed texts.

Radford et al. 2021 (arXiv:2103.00020), OpenAI's weights through transformers. The architecture is written down here and
the tokenizer is the one inside open_clip, so that the one verified file of weights is all that has to be fetched.
Frames are resized with antialiased bicubic to 224 on the short side and cropped at the centre, as OpenAI does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import device, in_batches, network_dtype, side_by_side
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.networks import filled, read_weights

SIDE = 224
CONTEXT = 77
"""Tokens that CLIP reads of a prompt, start and end included."""
BYTES_PER_FRAME = 64 << 20
"""What a frame takes in ViT-L/14 at most, roughly: 257 tokens times 4096 channels, a dozen times over."""
QUALITY_TEXTS = ("Good photo.", "Bad photo.")
"""The antonyms of CLIP-IQA (Wang et al. 2022, arXiv:2207.12396)."""
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ClipEmbeddings:
    """Unit vectors in CLIP's joint space.

    frames: ``[F, 768]`` float32, one for each sampled frame. prompt: ``[768]`` float32.
    phrases: for each element id ``[768]`` float32 of "a photo of" its phrase. quality: ``[2, 768]`` of `QUALITY_TEXTS`.
    prompt_tokens: tokens of the prompt, start and end included; CLIP sees only the first 77.
    """

    frames: NDArray[np.float32]
    prompt: NDArray[np.float32]
    phrases: dict[str, NDArray[np.float32]]
    quality: NDArray[np.float32]
    prompt_tokens: int


def vit_l14_config() -> Any:
    """The architecture of ``openai/clip-vit-large-patch14``."""
    from transformers import CLIPConfig

    text = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24}
    vision |= {"patch_size": 14, "image_size": SIDE}
    both = {"hidden_act": "quick_gelu", "projection_dim": 768}
    return CLIPConfig(text_config=text | both, vision_config=vision | both, projection_dim=768)


def load_clip(config: Any, path: Path) -> Any:
    """A ``CLIPModel`` with exactly the weights of a safetensors file.

    Raises:
        RuntimeError: a key is missing or superfluous, or has another shape.
    """
    from transformers import CLIPModel

    return filled(CLIPModel(config), read_weights(path))


class ClipFeature:
    """Computes `ClipEmbeddings`; one model per process, in half precision on a GPU, each distinct prompt once."""

    info = FeatureInfo(
        name="clip",
        version=2,
        backend="CLIP ViT-L/14 (OpenAI)",
        weights=("clip-vit-l14",),
        packages=("torch", "transformers", "open_clip", "safetensors"),
        extra="text",
    )

    def __init__(self) -> None:
        self._model: Any = None

    def compute(self, sample: Sample) -> ClipEmbeddings:
        """Embed the sampled frames, the prompt, the elements' phrases and the texts of CLIP-IQA."""
        prompt, tokens = self._once(sample, sample.case.prompt)
        phrases = {name: self._once(sample, f"a photo of {e.phrase}")[0] for name, e in sample.case.named_elements()}
        quality = np.stack([self._once(sample, text)[0] for text in QUALITY_TEXTS])
        images = [sample.video.frames[index] for index in sample.frames]
        frames: list[NDArray[np.float32]] = in_batches(self._frames, images, BYTES_PER_FRAME)
        return ClipEmbeddings(np.stack(frames), prompt, phrases, quality, tokens)

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """First numbers of the image's embedding and of a sentence's."""
        numbers = np.concatenate([self._frames([image])[0][:8], self._text("a photo of an astronaut")[0][:8]])
        return {"clip-vit-l14": tuple(numbers.tolist())}

    def _once(self, sample: Sample, text: str) -> tuple[NDArray[np.float32], int]:
        return sample.embedded(self.info, text, partial(self._text, text))

    def _loaded(self) -> Any:
        if self._model is None:
            count("load:clip")
            model = load_clip(vit_l14_config(), verified_weights("clip-vit-l14"))
            self._model = model.to(device(), network_dtype())
        return self._model

    def _frames(self, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        import torch

        model = self._loaded()
        pixels = torch.from_numpy(np.stack(side_by_side(preprocess, frames)))
        with torch.inference_mode():
            rows: NDArray[np.float32] = embed_images(model, pixels.to(model.device, model.dtype)).cpu().numpy()
        count("forward:clip", len(frames))
        return rows

    def _text(self, text: str) -> tuple[NDArray[np.float32], int]:
        import torch

        tokenizer = import_module("open_clip").SimpleTokenizer(context_length=CONTEXT)
        count("reference:clip")
        with torch.inference_mode():
            vector = embed_text(self._loaded(), tokenizer([text]).to(device()))[0].cpu().numpy()
        return vector, len(tokenizer.encode(text)) + 2


def preprocess(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A frame ``[H, W, 3]`` uint8 as CLIP wants it: ``[3, 224, 224]`` float32, normalised."""
    image = Image.fromarray(frame)
    short = min(image.size)
    # Rounded as torchvision's Resize and CenterCrop do, which OpenAI used.
    image = image.resize((SIDE * image.width // short, SIDE * image.height // short), Image.Resampling.BICUBIC)
    left, top = round((image.width - SIDE) / 2), round((image.height - SIDE) / 2)
    pixels = np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    mean, std = np.asarray(MEAN, np.float32), np.asarray(STD, np.float32)
    return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1), np.float32)


def embed_images(model: Any, pixels: Any) -> Any:
    """Unit embeddings ``[B, D]`` float32 of preprocessed images ``[B, 3, S, S]``."""
    pooled = model.vision_model(pixel_values=pixels).pooler_output
    return _unit(model.visual_projection(pooled))


def embed_text(model: Any, tokens: Any) -> Any:
    """Unit embeddings ``[B, D]`` float32 of token ids ``[B, L]``: the state at the end token, the largest id."""
    hidden = model.text_model(input_ids=tokens).last_hidden_state
    ends = tokens.argmax(dim=-1)
    return _unit(model.text_projection(hidden[range(len(tokens)), ends]))


def _unit(vectors: Any) -> Any:
    vectors = vectors.float()
    return vectors / vectors.norm(dim=-1, keepdim=True)
