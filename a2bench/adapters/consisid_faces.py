"""What ConsisID gets of a face, by diffusers' own preprocessing and the face networks that come with the checkpoint.

Five networks: RetinaFace and BiSeNet (facexlib) find and cut out the face, ArcFace of InsightFace's antelopev2 and
EVA02-CLIP describe it. Their weights are pickles and ONNX files in ``face_encoder``; PyTorch loads the pickles as
tensors only (``weights_only``). Nothing of this file's networks has been run by A2Bench yet: the weights are not within
reach of the machines that it was written on. Its tests replace `load_face_reader`.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from a2bench.base.counting import count
from a2bench.errors import CaseError, InputError, PackageError, WeightsError, first_line

if TYPE_CHECKING:
    import torch

    from a2bench.e2v.references import Reference

PACKAGES = {
    "consisid_eva_clip": "consisid-eva-clip",
    "cv2": "opencv-python-headless",
    "einops": "einops",
    "facexlib": "facexlib",
    "ftfy": "ftfy",
    "insightface": "insightface",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "requests": "requests",
    "skimage": "scikit-image",
    "timm": "timm",
}
"""Import names and names to install: what the helpers import, tried in an empty environment."""

APART = ("consisid-eva-clip", "facexlib", "insightface")
"""With what they ask for, pip would install a second OpenCV over the headless one."""

INSTALL = " && ".join(
    (
        f"pip install {' '.join(sorted(set(PACKAGES.values()) - set(APART)))}",
        f"pip install --no-deps {' '.join(APART)}",
    )
)
"""The one line that installs all of them without harm."""

FILES = (
    "EVA02_CLIP_L_336_psz14_s6B.pt",
    "detection_Resnet50_Final.pth",
    "parsing_bisenet.pth",
    "models/antelopev2/glintr100.onnx",
    "models/antelopev2/scrfd_10g_bnkps.onnx",
)
"""In the folder ``face_encoder`` of the checkpoint."""


@dataclass(frozen=True)
class Face:
    """What the network gets of a face.

    embedding: ``[1, 1280]``, ArcFace's 512 and EVA-CLIP's 768 numbers. features: five hidden states of EVA-CLIP, each
    ``[1, 577, 1024]``. image: the aligned face on white, a PIL image of 512x512. points: five landmarks ``[5, 2]``.
    """

    embedding: Any
    features: list[Any]
    image: Any
    points: Any


def require_face_models(folder: Path) -> None:
    """Refuse to go on without the packages and files that read faces.

    Raises:
        InputError: packages are missing; the message says what to type.
        WeightsError: files are missing from the checkpoint.
    """
    lacking = [name for package, name in PACKAGES.items() if importlib.util.find_spec(package) is None]
    if lacking:
        raise InputError(f"ConsisID reads faces with {', '.join(lacking)}; type `{INSTALL}`")
    missing = [name for name in FILES if not (folder / "face_encoder" / name).is_file()]
    if missing:
        raise WeightsError(
            f"{folder / 'face_encoder'} lacks {', '.join(missing)}; type `a2bench weights fetch consisid`"
        )


def load_face_reader(folder: Path, device: str, dtype: "torch.dtype") -> "Callable[[Reference], Face]":
    """Load the face networks; returns what reads the face of a reference.

    The reader raises `CaseError` where there is no face.

    Raises:
        InputError: packages are missing or cannot be imported; the message says what to type.
        WeightsError: files are missing from the checkpoint.
    """
    import numpy as np

    require_face_models(folder)
    try:
        helpers: Any = import_module("diffusers.pipelines.consisid.consisid_utils")
    except Exception as error:  # an import may raise anything
        raise PackageError(
            f"the packages with which ConsisID reads faces cannot be imported ({type(error).__name__}: "
            f"{first_line(error)}); type `{INSTALL}`"
        ) from error
    align, describe, clip, detect, mean, std = helpers.prepare_face_models(str(folder), device, dtype)
    count("load:faces")

    def read(person: "Reference") -> Face:
        try:
            embedding, features, image, points = helpers.process_face_embeddings_infer(
                align, clip, describe, mean, std, detect, device, dtype, np.asarray(person.image), is_align_face=True
            )
        except (IndexError, RuntimeError) as error:  # what the helpers do where no face is found
            raise CaseError(
                f"no face was found in the {person.role}'s reference ({error}); ConsisID needs one that is well visible"
            ) from error
        count("encode:face")
        return Face(embedding, features, image, points)

    return read
