"""What is said of each bad input to SkyReels-A2: ``python tests/e2v/bad_inputs.py`` prints the table of the docs.

Everything goes through `generate_video`, as `a2bench generate` and a run do, on the tiny checkpoint.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from tiny_checkpoint import write_tiny_checkpoint

from a2bench.errors import A2BenchError
from a2bench.model.cases import Role
from a2bench.model.systems import GenerationSettings
from a2bench.run.one_video import generate_video

Files = dict[str, Path]


def told(folder: Path, files: Files, **changed: Any) -> str:
    """The message and exit code of one request in which something is changed."""
    given: dict[str, Any] = {
        "weights": folder / "weights", "prompt": "A man in a park.", "references": [("character", files["man.png"])],
        "output": folder / "out.mp4", "width": 64, "height": 48, "num_frames": 9, **changed,
    }  # fmt: skip
    size = {key: given.pop(key) for key in ("width", "height", "num_frames")}
    options = {"steps": "1", "weights": str(given.pop("weights"))} | given.pop("options", {})
    try:
        generate_video(
            "skyreels-a2", given["prompt"], given["references"], given["output"],
            settings=GenerationSettings(**size), options=options, seed=given.get("seed", 0),
        )  # fmt: skip
    except A2BenchError as error:
        return f"{str(error).replace(f'{folder}/', '')} (exit code {error.exit_code})"
    raise AssertionError(f"nothing was said of {changed}")


def pictures(folder: Path) -> Files:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    files = {name: folder / name for name in ("man.png", "text.png", "alpha.png")}
    Image.fromarray(pixels).save(files["man.png"])
    files["text.png"].write_text("not an image")
    Image.new("RGBA", (30, 40), (0, 0, 0, 0)).save(files["alpha.png"])
    return files


def damaged(folder: Path, damage: Callable[[Path], None]) -> Path:
    copy = folder / "damaged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "weights", copy)
    damage(copy)
    return copy


def edit(path: str, **changes: Any) -> Callable[[Path], None]:
    def damage(copy: Path) -> None:
        data = json.loads((copy / path).read_text())
        (copy / path).write_text(json.dumps({**data, **changes}))

    return damage


def cut(path: str) -> Callable[[Path], None]:
    return lambda copy: os.truncate(copy / path, (copy / path).stat().st_size // 2)


def interrupt(copy: Path) -> None:
    record = {"name": "skyreels-a2", "repository": "Skywork/SkyReels-A2", "revision": "0" * 40, "licence": "Apache-2.0",
              "files": {"vae/config.json": {"bytes": 1}, "vae/more": {"bytes": 1}}}  # fmt: skip
    (copy / "a2bench-checkpoint.json").write_text(json.dumps(record))


def rows(folder: Path) -> Iterator[tuple[str, str]]:
    """Each bad input, and what is said of it."""
    files = pictures(folder)
    write_tiny_checkpoint(folder / "weights")
    roles: list[Role] = ["character", "object", "background"]
    man, one = files["man.png"], [(role, files["man.png"]) for role in roles]

    def tell(**changed: Any) -> str:
        return told(folder, files, **changed)

    yield "`--size 72x48`", tell(width=72)
    yield "`--num-frames 10`", tell(num_frames=10)
    yield "`--num-frames 1`", tell(num_frames=1)
    yield "a video beyond the network's positions", tell(width=64 * 16)
    yield "four references", tell(references=[*one, ("object", man)])
    yield "two backgrounds", tell(references=[("background", man), ("background", man)])
    yield "no reference", tell(references=[])
    yield "a reference that is not there", tell(references=[("object", folder / "none.png")])
    yield "a reference that is no image", tell(references=[("object", files["text.png"])])
    yield "a reference of which nothing can be seen", tell(references=[("object", files["alpha.png"])])
    yield "an empty prompt", tell(prompt="  ")
    yield "a prompt with a byte that is no UTF-8", tell(prompt="A \udcff man")
    yield "a seed of more than 32 bits, in Python", tell(seed=2**32)
    yield "a prompt of more than 512 tokens", tell(prompt="A man in a park, " + "and a dog " * 60 + "and the end.")
    yield "`--steps many`", tell(options={"steps": "many"})
    yield "`--steps 0`", tell(options={"steps": "0"})
    yield "`--steps 1001`", tell(options={"steps": "1001"})
    yield "`--set guidance_scale=nan`", tell(options={"guidance_scale": "nan"})
    yield "`--set flow_shift=-1`", tell(options={"flow_shift": "-1"})
    yield "`--set sampler=old`", tell(options={"sampler": "old"})
    yield "`--set gpus=3`", tell(options={"gpus": "3"})
    yield "`--set posterior=mean`", tell(options={"posterior": "mean"})
    yield "`--set memory=8gb`", tell(options={"memory": "8gb"})
    yield "`--set attention=fast`", tell(options={"attention": "fast"})
    yield "a LoRA that is not there", tell(options={"lora": "none.safetensors"})
    save_file({"diffusion_model.blocks.39.ffn.0.diff_b": np.zeros(48, np.float32)}, folder / "lora.safetensors")
    yield "a LoRA of another network", tell(options={"lora": str(folder / "lora.safetensors")})
    named = tell(options={"stepz": "4"}).partition("Known: ")
    yield "an option that there is not", f"{named[0]}{named[1]}... (exit code{named[2].rpartition('(exit code')[2]}"
    (folder / "there.mp4").touch()
    yield "a video that exists", tell(output=folder / "there.mp4")
    with patch.dict(os.environ, {"A2BENCH_CACHE": str(folder / "cache")}):
        yield "no weights", tell(weights="")
        yield "a folder that is not there", tell(weights="/no/such/folder")
        yield "a hub without a commit", tell(weights="Skywork/SkyReels-A2")
    yield "a fetch that was interrupted", tell(weights=damaged(folder, interrupt))
    yield "a missing file", tell(weights=damaged(folder, lambda copy: (copy / "vae/config.json").unlink()))
    yield "a file cut in half", tell(weights=damaged(folder, cut("vae/diffusion_pytorch_model.safetensors")))
    yield "another model", tell(weights=damaged(folder, edit("transformer/config.json", _class_name="Flux")))
    yield "components of two models", tell(weights=damaged(folder, edit("text_encoder/config.json", d_model=64)))
    yield "tensors missing", tell(weights=damaged(folder, edit("transformer/config.json", num_layers=3)))
    yield "tensors too many", tell(weights=damaged(folder, edit("transformer/config.json", num_layers=1)))
    with patch("a2bench.e2v.memory.free_bytes", lambda device: 100_000):
        yield "too little memory", tell()


def table(folder: Path) -> str:
    lines = ["| input | what is said |", "| --- | --- |"]
    return (
        "\n".join(lines + [f"| {name} | {message.replace('|', '&#124;')} |" for name, message in rows(folder)]) + "\n"
    )


if __name__ == "__main__":
    os.environ["A2BENCH_DEVICE"] = "cpu"
    with tempfile.TemporaryDirectory() as temporary:
        sys.stdout.write(table(Path(temporary)))
