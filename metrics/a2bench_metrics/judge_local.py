"""A judge on this machine: any image-text-to-text model that transformers knows, from a folder."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from a2bench.base.counting import count
from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.base.resources import device, network_dtype
from a2bench.errors import InputError
from a2bench_metrics.judge import Question

MAX_TOKENS = 400


@cache
def folder_sha256(folder: Path) -> str:
    """What a model in a folder is: a hash over the names and bytes of its files, read once in a process."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return value_sha256({path.relative_to(folder).as_posix(): file_sha256(path) for path in files})


class LocalJudge:
    """A model and its processor, which are loaded at the first question; greedy, so equal questions get equal answers.

    Nothing is fetched and no code of the folder runs: classes are transformers' own, weights are safetensors.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._model: Any = None
        self._processor: Any = None

    def answer(self, rubric: str, question: Question) -> str:
        """What it says."""
        import torch
        from PIL import Image

        if self._model is None:
            self._model, self._processor = self._loaded()
        content: list[dict[str, Any]] = [{"type": "text", "text": f"{rubric}\n{question.text}"}]
        for caption, picture in question.pictures:
            content += [{"type": "text", "text": caption}, {"type": "image", "image": Image.fromarray(picture)}]
        inputs = self._processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(device(), network_dtype())
        count("judge:request")
        with torch.inference_mode():
            tokens = self._model.generate(**inputs, do_sample=False, max_new_tokens=MAX_TOKENS)
        new = tokens[0, inputs["input_ids"].shape[1] :]
        text: str = self._processor.decode(new, skip_special_tokens=True)
        return text.strip()

    def _loaded(self) -> tuple[Any, Any]:
        transformers: Any = import_module("transformers")
        careful: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            processor = transformers.AutoProcessor.from_pretrained(self.folder, **careful)
            model = transformers.AutoModelForImageTextToText.from_pretrained(
                self.folder, use_safetensors=True, dtype=network_dtype(), **careful
            )
        except (OSError, ValueError, KeyError, ImportError) as error:
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise InputError(
                f"A2BENCH_JUDGE_FOLDER {self.folder} holds no image-text-to-text model of transformers: {first}"
            ) from error
        count("load:judge")
        return model.to(device()).requires_grad_(False).eval(), processor
