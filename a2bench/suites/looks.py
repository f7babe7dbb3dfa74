"""What the images of a suite look like to networks: one embedding and the surest face of each, for finding look-alikes.

The embedding is the mean over all cells of feature ``dense`` (EfficientNet-Lite0), the face that of feature ``faces``
(YuNet and dlib). Looks are kept by the image's hash: those of published suites in ``NAME.looks.safetensors`` beside the
cases, so that a check needs no network, others in our cache.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2bench.assets.weights import unmet_needs
from a2bench.errors import CaseError
from a2bench.features.identity import feature_identity
from a2bench.features.store import default_store
from a2bench.model.cases import Case, Element, ImageFile, Suite
from a2bench.model.metrics import Sample, resident_feature
from a2bench.model.video import Video

VERSION = 1
"""Of how looks are made; files of another version are not used."""
SAME_LOOK = 0.86
"""Cosine from which two embeddings count as the same look."""
SAME_PERSON = 0.6
"""L2 distance below which two faces are one person's, by dlib's rule, which the metric for identity follows."""


@dataclass(frozen=True)
class Look:
    """What one image looks like.

    embedding: ``[1280]`` float32 of unit length. face: ``[128]`` float32 of the surest face, or None.
    """

    embedding: NDArray[np.float32]
    face: NDArray[np.float32] | None

    def is_like(self, other: "Look") -> float | None:
        """The cosine of the embeddings where it says that the images look the same, else None.

        Portraits that face the camera all look alike (two people of a2bench-v1 reach 0.91), so where both images have
        faces, different faces are different looks.
        """
        if self.face is not None and other.face is not None and self.is_person(other) is None:
            return None
        cosine = float(self.embedding @ other.embedding)
        return cosine if cosine >= SAME_LOOK else None

    def is_person(self, other: "Look") -> float | None:
        """The distance of the faces where it says that they are one person's, else None."""
        if self.face is None or other.face is None:
            return None
        distance = float(np.linalg.norm(self.face - other.face))
        return distance if distance < SAME_PERSON else None


def why_no_looks() -> str | None:
    """Why this machine cannot look at images, if it cannot."""
    needs = [*unmet_needs("object_similarity"), *unmet_needs("identity_similarity")]
    return needs[0] if needs else None


def look_at(images: Iterable[ImageFile], known: dict[str, Look], tell: Callable[[str], None] | None = None) -> None:
    """Add the looks of images to those that are known, by hash; ``tell(file)`` is called for each that is new.

    Raises:
        CaseError: an image cannot be decoded.
    """
    store = default_store()
    networks = [feature_identity("dense"), feature_identity("faces")]
    for image in images:
        if image.sha256 in known:
            continue
        identity = {"looks": VERSION, "networks": networks, "image": image.sha256}
        if store:
            look = store.get_or_compute("looks", __name__, identity, partial(_compute, image), shared=True)
        else:
            look = _compute(image)
        known[image.sha256] = look
        if tell:
            tell(image.file)


def _compute(image: ImageFile) -> Look:
    """Show the image to both networks: as the one frame of a video, and as the reference of a character."""
    element = Element(role="character", phrase="look", reference=image)
    pixels, mask = _read(image)
    sample = Sample(Case(id="look", prompt="look", elements=(element,)), Video(pixels[None], Fraction(1)))
    grid = np.asarray(resident_feature("dense").compute(sample)[0].grid, np.float32)
    # Cells of the clear part would make all cut-outs look alike.
    cells = np.asarray(mask.resize((grid.shape[2], grid.shape[1]), Image.Resampling.BOX), np.float32)
    mean = (grid * cells).sum(axis=(1, 2))
    (face,) = resident_feature("faces").compute(sample).references["character"]
    descriptor = None if face is None else np.asarray(face.descriptor, np.float32)
    return Look(mean / np.linalg.norm(mean), descriptor)


def _read(image: ImageFile) -> tuple[NDArray[np.uint8], Image.Image]:
    """The opaque part of an image, as RGB over grey and as a mask."""
    try:
        with Image.open(image.path, formats=("PNG", "JPEG", "WEBP")) as opened:
            rgba = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CaseError(f"reference {image.file!r} cannot be decoded: {error}") from None
    rgba = rgba.crop(rgba.getchannel("A").getbbox())
    ground = Image.new("RGBA", rgba.size, (128, 128, 128, 255))
    return np.asarray(Image.alpha_composite(ground, rgba).convert("RGB")), rgba.getchannel("A")


# --- looks beside a suite -------------------------------------------------------------------------------------------


def looks_path(suite: Suite) -> Path:
    """Where the looks of a published suite lie."""
    return suite.path.with_name(f"{suite.path.stem}.looks.safetensors")


def write_looks(suite: Suite, looks: dict[str, Look]) -> Path:
    """Write looks beside the suite: embeddings to 1/127, faces in half precision."""
    from safetensors.numpy import save_file

    names = sorted(looks)
    embeddings = np.stack([looks[name].embedding for name in names])
    scale = np.abs(embeddings).max(axis=1, keepdims=True) / 127
    none = np.full(128, np.nan, np.float16)
    faces = np.stack([none if (face := looks[name].face) is None else face.astype(np.float16) for name in names])
    tensors = {"embeddings": np.round(embeddings / scale).astype(np.int8), "faces": faces}
    path = looks_path(suite)
    save_file(tensors, path, {"version": str(VERSION), "images": json.dumps(names)})
    return path


def read_looks(suite: Suite) -> dict[str, Look]:
    """The looks that lie beside a suite, its own and those of its neighbours, by image hash.

    Files of another version are left out.

    Raises:
        CaseError: a file is damaged.
    """
    known: dict[str, Look] = {}
    for path in sorted(suite.path.parent.glob("*.looks.safetensors")):
        known |= _read_file(path)
    return known


def _read_file(path: Path) -> dict[str, Look]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("version") != str(VERSION):
                return {}
            names = json.loads(metadata["images"])
            embeddings = file.get_tensor("embeddings").astype(np.float32)
            faces = file.get_tensor("faces").astype(np.float32)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CaseError(f"{path} is damaged: {error}; restore it or remove it") from None
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return {
        name: Look(embedding, None if np.isnan(face).any() else face)
        for name, embedding, face in zip(names, embeddings, faces, strict=True)
    }
