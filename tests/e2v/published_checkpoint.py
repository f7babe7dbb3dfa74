"""The tiny checkpoint as the published folders of 2025 hold theirs: what older libraries wrote, hostile on purpose.

``python tests/e2v/published_checkpoint.py DIR`` writes it. The numbers are those of `tiny_checkpoint`, so what is
computed must be equal; the files are as the libraries of early 2025 and the converters of Wan's authors left them:

- transformer: 40 tensors ``attn2.norm_added_q`` there (here one a block), zeros, which no class has any more; a
  configuration of 0.33.0.dev0 that names Skywork's class and lacks what later classes added; shards and index.
- VAE: a configuration without the later keys and with one that is gone; a head without metadata.
- image encoder: all below ``vision_model.``, positions as a buffer, the head of the class with projection, in float16
  where the numbers allow it, and a configuration full of settings for making text.
- text encoder: ``shared.weight`` alone, ``tie_word_embeddings`` false, float32 and bfloat16 in one index.
- tokenizer: ``spiece.model`` and its settings; no ``tokenizer.json``.
- scheduler: shift 3, before sigmas were what they are today.
- beside them a model index, a licence and what hubs and git leave behind.
"""

import io
import json
import shutil
import string
import sys
from pathlib import Path
from typing import Any

from tiny_checkpoint import write_tiny_checkpoint

Json = dict[str, Any]


def write_published_checkpoint(folder: Path) -> Path:
    write_tiny_checkpoint(folder)
    _transformer(folder / "transformer")
    _vae(folder / "vae")
    _image_encoder(folder / "image_encoder")
    _image_processor(folder / "image_processor")
    _text_encoder(folder / "text_encoder")
    _tokenizer(folder / "tokenizer")
    (folder / "scheduler").mkdir()
    write_json(folder / "scheduler/scheduler_config.json", SCHEDULER)
    write_json(folder / "model_index.json", INDEX)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs diff=lfs merge=lfs -text\n")
    (folder / ".cache/huggingface/download").mkdir(parents=True)
    return folder


def write_json(path: Path, value: Json) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def edit_json(path: Path, drop: tuple[str, ...] = (), **changes: object) -> None:
    kept = {key: value for key, value in json.loads(path.read_text()).items() if key not in drop}
    write_json(path, {**kept, **changes})


def write_shards(place: Path, stem: str, shards: list[Json], metadata: bool = True) -> None:
    """Tensors as several files with an index, in place of those that lie there."""
    from safetensors.torch import save_file

    for path in (*place.glob("*.safetensors"), *place.glob("*.index.json")):
        path.unlink()
    places: dict[str, str] = {}
    total = 0
    for number, tensors in enumerate(shards, 1):
        name = f"{stem}-{number:05}-of-{len(shards):05}.safetensors"
        save_file(tensors, place / name, metadata={"format": "pt"} if metadata else None)
        places |= dict.fromkeys(tensors, name)
        total += sum(tensor.nbytes for tensor in tensors.values())
    write_json(place / f"{stem}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": places})


def read_tensors(place: Path) -> Json:
    from safetensors.torch import load_file

    return {name: tensor for path in sorted(place.glob("*.safetensors")) for name, tensor in load_file(path).items()}


def _transformer(place: Path) -> None:
    import torch

    tensors = read_tensors(place)
    for name in [name for name in tensors if name.endswith("attn2.norm_added_k.weight")]:
        added = name.replace("norm_added_k", "norm_added_q")
        tensors[added] = torch.zeros_like(tensors[name])
    names = sorted(tensors)
    write_shards(place, "diffusion_pytorch_model", [{name: tensors[name] for name in names[k::2]} for k in (0, 1)])
    edit_json(
        place / "config.json",
        drop=("pos_embed_seq_len",),
        _class_name="A2Model",
        _diffusers_version="0.33.0.dev0",
        _name_or_path="Wan-AI/Wan2.1-I2V-14B-480P-Diffusers",
        inject_sample_info=False,  # of a relative's class; the installed one does not know it
    )


def _vae(place: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = place / "diffusion_pytorch_model.safetensors"
    save_file(load_file(path), path)
    kept = ("_class_name", "attn_scales", "base_dim", "dim_mult", "dropout", "latents_mean", "latents_std",
            "num_res_blocks", "temperal_downsample", "z_dim")  # fmt: skip
    config = json.loads((place / "config.json").read_text())
    write_json(
        place / "config.json",
        {
            "_diffusers_version": "0.33.0.dev0",
            "scaling_factor": 1.0,
            **{key: config[key] for key in kept if key in config},
        },
    )


def _image_encoder(place: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path = place / "model.safetensors"
    old = {f"vision_model.{name.removeprefix('vision_model.')}": tensor for name, tensor in load_file(path).items()}
    positions = old["vision_model.embeddings.position_embedding.weight"].shape[0]
    old["vision_model.embeddings.position_ids"] = torch.arange(positions)[None]
    old["visual_projection.weight"] = torch.zeros(16, 32)
    save_file(old, path, metadata={"format": "pt"})
    edit_json(
        place / "config.json",
        drop=("dtype",),
        _name_or_path="laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
        architectures=["CLIPVisionModelWithProjection"],
        projection_dim=16,
        torch_dtype="bfloat16",
        transformers_version="4.49.0.dev0",
        **TEXT_SETTINGS,
    )


def _image_processor(place: Path) -> None:
    path = place / "preprocessor_config.json"
    edit_json(
        path,
        feature_extractor_type="CLIPFeatureExtractor",
        processor_class="CLIPProcessor",
        _valid_processor_keys=["images", "do_resize", "size", "resample", "do_center_crop", "return_tensors"],
    )


def _text_encoder(place: Path) -> None:
    tensors = read_tensors(place)
    assert "encoder.embed_tokens.weight" not in tensors
    low = {name: tensor for name, tensor in tensors.items() if name.endswith("layer_norm.weight")}
    rest = {name: tensor for name, tensor in tensors.items() if name not in low}
    # All ones in a network that was never trained, so nothing is lost by writing these in 16 bits.
    assert all(bool((tensor == 1).all()) for tensor in low.values())
    low = {name: tensor.bfloat16() for name, tensor in low.items()}
    write_shards(place, "model", [rest, low], metadata=False)
    edit_json(
        place / "config.json",
        drop=("dtype",),
        _name_or_path="google/umt5-xxl",
        architectures=["UMT5EncoderModel"],
        scalable_attention=True,
        output_past=True,
        tie_word_embeddings=False,
        tokenizer_class="T5Tokenizer",
        torch_dtype="bfloat16",
        transformers_version="4.48.0.dev0",
    )


def _tokenizer(place: Path) -> None:
    """The characters of `tiny_checkpoint.write_tiny_tokenizer` in the same order, as sentencepiece keeps them."""
    from sentencepiece import sentencepiece_model_pb2

    shutil.rmtree(place)
    place.mkdir()
    model = sentencepiece_model_pb2.ModelProto()
    kinds = {
        "<pad>": model.SentencePiece.CONTROL,
        "</s>": model.SentencePiece.CONTROL,
        "<unk>": model.SentencePiece.UNKNOWN,
    }
    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_letters, *string.digits, *string.punctuation]
    for number, piece in enumerate(pieces):
        model.pieces.add(piece=piece, score=-float(number > 2), type=kinds.get(piece, model.SentencePiece.NORMAL))
    model.trainer_spec.model_type = model.trainer_spec.UNIGRAM
    model.trainer_spec.pad_id, model.trainer_spec.eos_id, model.trainer_spec.unk_id = 0, 1, 2
    model.trainer_spec.bos_id = -1
    model.normalizer_spec.CopyFrom(_trained_normaliser())
    (place / "spiece.model").write_bytes(model.SerializeToString())
    special = {
        name: {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
        for name, content in (("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "<unk>"))
    }
    extra = [f"<extra_id_{number}>" for number in range(4)]  # UMT5 has 300
    write_json(place / "special_tokens_map.json", {"additional_special_tokens": extra, **special})
    write_json(
        place / "tokenizer_config.json",
        {
            "add_prefix_space": True,
            "added_tokens_decoder": {
                str(number): {**special[name], "special": True}
                for number, name in enumerate(("pad_token", "eos_token", "unk_token"))
            }
            | {
                str(len(pieces) + number): {**special["unk_token"], "content": content, "special": True}
                for number, content in enumerate(reversed(extra))
            },
            "additional_special_tokens": extra,
            "clean_up_tokenization_spaces": True,
            "eos_token": "</s>",
            "extra_ids": len(extra),
            "legacy": True,
            "model_max_length": 512,
            "pad_token": "<pad>",
            "sp_model_kwargs": {},
            "tokenizer_class": "T5Tokenizer",
            "unk_token": "<unk>",
        },
    )


def _trained_normaliser() -> Any:
    """That of UMT5, which comes only with a training: one of a moment."""
    from sentencepiece import SentencePieceTrainer, sentencepiece_model_pb2

    written = io.BytesIO()
    lines = iter(["a man holds a cup in a park", "the dog and the cat"])
    SentencePieceTrainer.train(sentence_iterator=lines, model_writer=written, vocab_size=24, minloglevel=2)
    return sentencepiece_model_pb2.ModelProto.FromString(written.getvalue()).normalizer_spec


TEXT_SETTINGS: Json = {
    "add_cross_attention": False, "bad_words_ids": None, "begin_suppress_tokens": None, "bos_token_id": None,
    "chunk_size_feed_forward": 0, "diversity_penalty": 0.0, "do_sample": False, "dropout": 0.0, "early_stopping": False,
    "eos_token_id": None, "finetuning_task": None, "forced_bos_token_id": None, "id2label": {"0": "LABEL_0"},
    "is_decoder": False, "is_encoder_decoder": False, "label2id": {"LABEL_0": 0}, "length_penalty": 1.0,
    "max_length": 20, "min_length": 0, "no_repeat_ngram_size": 0, "num_beams": 1, "num_return_sequences": 1,
    "output_attentions": False, "output_hidden_states": False, "output_scores": False, "pad_token_id": None,
    "prefix": None, "problem_type": None, "pruned_heads": {}, "remove_invalid_values": False,
    "repetition_penalty": 1.0, "return_dict": True, "sep_token_id": None, "suppress_tokens": None, "temperature": 1.0,
    "tf_legacy_loss": False, "tie_encoder_decoder": False, "tie_word_embeddings": True, "tokenizer_class": None,
    "top_k": 50, "top_p": 1.0, "torchscript": False, "typical_p": 1.0, "use_bfloat16": False,
}  # fmt: skip
"""What transformers 4 wrote into every configuration, that of a vision model too."""

SCHEDULER: Json = {
    "_class_name": "UniPCMultistepScheduler", "_diffusers_version": "0.33.0.dev0", "beta_end": 0.02,
    "beta_schedule": "linear", "beta_start": 0.0001, "disable_corrector": [], "dynamic_thresholding_ratio": 0.995,
    "final_sigmas_type": "zero", "flow_shift": 3.0, "lower_order_final": True, "num_train_timesteps": 1000,
    "predict_x0": True, "prediction_type": "flow_prediction", "rescale_betas_zero_snr": False, "sample_max_value": 1.0,
    "solver_order": 2, "solver_p": None, "solver_type": "bh2", "steps_offset": 0, "thresholding": False,
    "timestep_spacing": "linspace", "trained_betas": None, "use_beta_sigmas": False, "use_exponential_sigmas": False,
    "use_flow_sigmas": True, "use_karras_sigmas": False,
}  # fmt: skip
"""As published; the released scripts set a shift of 8 over it."""

INDEX: Json = {
    "_class_name": "WanImageToVideoPipeline", "_diffusers_version": "0.33.0.dev0",
    "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
    "image_processor": ["transformers", "CLIPImageProcessor"], "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "UMT5EncoderModel"], "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "WanTransformer3DModel"], "vae": ["diffusers", "AutoencoderKLWan"],
}  # fmt: skip


if __name__ == "__main__":
    write_published_checkpoint(Path(sys.argv[1]))
