"""OWLv2 and SAM: loading in the published layout, and their arithmetic against transformers' own, on small networks."""

from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.base.counting import take_counts
from a2bench.base.resources import DEVICE_TOLERANCE
from a2bench.errors import WeightsError
from a2bench.model import metrics
from a2bench.model.cases import load_suite
from a2bench.model.metrics import Sample
from a2bench.model.video import Video
from a2bench_metrics import owl, segments
from a2bench_metrics.masked_background import MaskedBackground, touched
from a2bench_metrics.networks import load_published
from a2bench_metrics.owl import Candidate, Found, OwlFeature, Sightings, embed_phrases, embed_reference, find, one_place
from a2bench_metrics.segmented_similarity import SegmentedSimilarity
from a2bench_metrics.segments import SegmentsFeature, around, cut, cut_out, reduced

torch = pytest.importorskip("torch")
transformers: Any = pytest.importorskip("transformers")
PHRASES = ["a red cup", "the white flower of the astronaut"]
FRAMES = np.random.default_rng(0).integers(0, 255, (2, 60, 104, 3), dtype=np.uint8)
TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "num_hidden_layers": 2}


def owl_config() -> Any:
    text = TOWER | {"hidden_size": 16}
    return transformers.Owlv2Config(vision_config=TOWER | {"image_size": 96}, text_config=text, projection_dim=16)


def sam_config() -> Any:
    vision = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_dim": 16, "image_size": 64}
    vision |= {"output_channels": 16, "window_size": 2, "global_attn_indexes": [1], "num_pos_feats": 8}
    prompts = {"hidden_size": 16, "image_size": 64, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16}
    return transformers.SamConfig(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder, initializer_range=0.2
    )


def owl_processor() -> Any:
    return owl.processor_for(owl_config())


def sam_processor() -> Any:
    return segments.processor_for(sam_config())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random networks as `save_pretrained` writes them; logits spread out, so that confidences differ."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    detector = transformers.Owlv2ForObjectDetection(owl_config())
    for head in (detector.class_head.logit_scale, detector.class_head.logit_shift, detector.objectness_head.dense2):
        torch.nn.init.normal_(head.weight, std=0.5)
    torch.nn.init.normal_(detector.box_head.dense2.weight, std=0.005)  # boxes stay near their cells
    detector.save_pretrained(folder / "owl")
    cutter = transformers.SamModel(sam_config())
    for parameter in cutter.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    cutter.save_pretrained(folder / "sam")
    return {"owl": folder / "owl", "sam": folder / "sam"}


@pytest.fixture(scope="module")
def detector(published: dict[str, Path]) -> Any:
    return owl.on_device(load_published("Owlv2ForObjectDetection", published["owl"], owl_config()))


@pytest.fixture(scope="module")
def cutter(published: dict[str, Path]) -> Any:
    return segments.on_device(load_published("SamModel", published["sam"], sam_config()))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """CLIP's vocabulary as transformers reads it, from the one inside open_clip."""
    inside = import_module("open_clip").SimpleTokenizer()
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    vocabulary = {names.get(word, word): number for word, number in inside.encoder.items()}
    return transformers.CLIPTokenizer(
        vocab=vocabulary, merges=list(inside.bpe_ranks), pad_token="!", model_max_length=owl.CONTEXT
    )


def test_the_published_architectures_have_the_published_sizes() -> None:
    """OWLv2: 619,918,824 bytes with the header. SAM: 93,735,472 parameters, and the 256 positions it shares."""
    with torch.device("meta"):
        detector = transformers.Owlv2ForObjectDetection(owl.base_p16_config())
        cutter = transformers.SamModel(segments.base_config())
    assert sum(parameter.numel() for parameter in detector.parameters()) * 4 == 619_867_168
    assert sum(parameter.numel() for parameter in cutter.parameters()) == 93_735_728
    assert detector.num_patches_height == 60


def test_boxes_and_confidences_are_those_of_transformers(detector: Any, tokenizer: Any) -> None:
    ids = tokenizer(PHRASES, padding="max_length", return_tensors="pt").input_ids
    ours = find(detector, owl_processor(), list(FRAMES), embed_phrases(detector, PHRASES))
    processor = transformers.Owlv2Processor(owl_processor(), tokenizer)
    for frame, found in zip(FRAMES, ours, strict=True):
        for column in range(len(PHRASES)):
            pixels = owl_processor()(images=[frame], return_tensors="pt").pixel_values
            with torch.inference_mode():
                output = detector(input_ids=ids[column : column + 1], pixel_values=pixels)
            (theirs,) = processor.post_process_grounded_object_detection(output, 0.0, [(60, 104)])
            assert found.probabilities[:, column] == pytest.approx(theirs["scores"].numpy(), abs=1e-5)
            limits = torch.tensor([104, 60, 104, 60])
            cut_boxes = theirs["boxes"].clamp(min=0).minimum(limits)
            assert found.boxes == pytest.approx(cut_boxes.numpy(), abs=1e-4)
    assert np.ptp(ours[0].probabilities) > 0.1, "the same for everything would prove nothing"


def test_the_surest_boxes_are_those_of_transformers_pipeline(detector: Any, tokenizer: Any) -> None:
    pil = import_module("PIL.Image")
    pipeline = transformers.pipeline(
        "zero-shot-object-detection", model=detector, image_processor=owl_processor(), tokenizer=tokenizer, device="cpu"
    )
    theirs = pipeline(pil.fromarray(FRAMES[0]), candidate_labels=[PHRASES[0]], threshold=0.0)
    (found,) = find(detector, owl_processor(), [FRAMES[0]], embed_phrases(detector, PHRASES[:1]))
    order = np.argsort(-found.probabilities[:, 0])
    assert len(theirs) == len(order)
    for place, one in list(zip(order, theirs, strict=True))[:5]:
        assert found.probabilities[place, 0] == pytest.approx(one["score"], abs=1e-5)
        corners = np.clip(list(one["box"].values()), 0, [104, 60, 104, 60])
        assert np.abs(found.boxes[place] - corners).max() <= 1, "the pipeline cuts pixels off"


def test_a_reference_is_looked_for_as_transformers_does(detector: Any) -> None:
    query = embed_reference(detector, owl_processor(), FRAMES[1])
    (found,) = find(detector, owl_processor(), [FRAMES[0]], query[None])
    pixels = [owl_processor()(images=[frame], return_tensors="pt").pixel_values for frame in FRAMES]
    with torch.inference_mode():
        output = detector.image_guided_detection(pixel_values=pixels[0], query_pixel_values=pixels[1])
    assert found.probabilities[:, 0] == pytest.approx(output.logits[0, :, 0].sigmoid().numpy(), abs=1e-5)


def test_a_batch_gives_what_its_frames_give_alone(detector: Any, cutter: Any) -> None:
    queries = embed_phrases(detector, PHRASES)
    together = find(detector, owl_processor(), list(FRAMES), queries)
    alone = [find(detector, owl_processor(), [frame], queries)[0] for frame in FRAMES]
    for one, other in zip(together, alone, strict=True):
        assert one.boxes == pytest.approx(other.boxes, abs=1e-3)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    pairs = [(frame, [(10.0, 5.0, 60.0, 50.0)]) for frame in FRAMES]
    both = cut(cutter, sam_processor(), pairs)
    assert all((both[n][0] == cut(cutter, sam_processor(), [pairs[n]])[0][0]).mean() > 0.999 for n in (0, 1))


def test_masks_are_those_of_transformers(cutter: Any) -> None:
    boxes = [(10.0, 5.0, 60.0, 50.0), (0.0, 0.0, 104.0, 60.0)]
    (ours,) = cut(cutter, sam_processor(), [(FRAMES[0], boxes)])
    processor = transformers.SamProcessor(sam_processor())
    given = processor(images=FRAMES[0], input_boxes=[[list(box) for box in boxes]], return_tensors="pt")
    with torch.inference_mode():
        output = cutter(pixel_values=given["pixel_values"], input_boxes=given["input_boxes"], multimask_output=False)
    (theirs,) = processor.post_process_masks(output.pred_masks, given["original_sizes"], given["reshaped_input_sizes"])
    for mine, other in zip(ours, theirs[:, 0].numpy(), strict=True):
        assert mine.shape == (60, 104) and 0 < other.mean() < 1
        assert (mine == other).all()


def test_half_precision_of_the_towers_moves_little(
    published: dict[str, Path], detector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_PRECISION", "float16")
    halved = owl.on_device(load_published("Owlv2ForObjectDetection", published["owl"], owl_config()))
    (half,) = find(halved, owl_processor(), [FRAMES[0]], embed_phrases(halved, PHRASES))
    assert halved.owlv2.dtype == torch.float16 and half.probabilities.dtype == np.float32
    monkeypatch.setenv("A2BENCH_PRECISION", "float32")
    (whole,) = find(detector, owl_processor(), [FRAMES[0]], embed_phrases(detector, PHRASES))
    assert half.probabilities == pytest.approx(whole.probabilities, abs=DEVICE_TOLERANCE)
    assert (half.probabilities != whole.probabilities).any()


@pytest.mark.parametrize("name", ["owl", "sam"])
def test_damaged_and_torn_weights_are_one_line(name: str, published: dict[str, Path], tmp_path: Path) -> None:
    kind, config = {"owl": ("Owlv2ForObjectDetection", owl_config()), "sam": ("SamModel", sam_config())}[name]
    safetensors = import_module("safetensors.torch")
    weights = safetensors.load_file(published[name] / "model.safetensors")
    weights.pop(sorted(weights)[0])
    safetensors.save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match="are not those of the network"):
        load_published(kind, tmp_path, config)
    (tmp_path / "model.safetensors").write_bytes((published[name] / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(WeightsError, match="holds no weights") as raised:
        load_published(kind, tmp_path, config)
    assert "\n" not in str(raised.value)


def test_of_nearly_equal_boxes_of_a_phrase_the_surest_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 0, 60, 10], [70, 0, 70, 10]], np.float32)
    frame = Found(boxes, np.array([[0.5], [0.9], [0.2], [0.95]], np.float32))
    assert [one.box[0::2] for one in owl.surest(frame, 0, 0.1)] == [(0.0, 10.0), (50.0, 60.0)]
    assert owl.surest(frame, 0, 0.1)[0].confidence == pytest.approx(0.9)
    assert owl.surest(frame, 0, 0.96) == ()


def test_nearly_equal_boxes_of_two_phrases_are_one_place() -> None:
    man, woman = Candidate((0.0, 0.0, 10.0, 100.0), 0.9), Candidate((1.0, 0.0, 10.0, 100.0), 0.6)
    apart = Candidate((50.0, 0.0, 60.0, 100.0), 0.5)
    found = one_place({"a": Sightings("phrase", ((man,),)), "b": Sightings("phrase", ((woman, apart),))})
    assert found["b"].frames[0] == (Candidate(man.box, 0.6), apart)


def test_cut_outs_and_masks_keep_to_their_box() -> None:
    mask = np.zeros((60, 104), bool)
    mask[10:20, 30:50] = True
    mask[10, 30] = False
    assert around(mask) == (30, 10, 50, 20)
    picture = cut_out(FRAMES[0], mask)
    assert picture.shape == (10, 20, 3) and (picture[0, 0] == 128).all()
    assert (picture[1:] == FRAMES[0][11:20, 30:50]).all()
    large = np.zeros((480, 832), bool)
    large[:240] = True
    assert reduced(large).shape == (148, 256) and reduced(large).mean() == pytest.approx(0.5)


def test_a_mask_takes_the_cells_that_it_touches_and_no_others() -> None:
    mask = np.zeros((148, 256), bool)
    mask[:, :10] = True
    assert touched(mask, (15, 26))[:, 0].all() and not touched(mask, (15, 26))[:, 2:].any()
    assert not touched(np.zeros((148, 256), bool), (15, 26)).any()


@pytest.fixture
def features(detector: Any, cutter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features of this process on the small networks, finding whatever they are least unsure of."""
    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    found, cuts = OwlFeature(), SegmentsFeature()
    found._owl = detector, owl_processor()
    cuts._sam = cutter, sam_processor()
    cuts._dino = transformers.Dinov2Model(transformers.Dinov2Config(image_size=28, patch_size=14, **small)).eval()
    monkeypatch.setitem(metrics._resident, "owl", found)
    monkeypatch.setitem(metrics._resident, "segments", cuts)
    monkeypatch.setattr(metrics, "_embedded", type(metrics._embedded)())
    monkeypatch.setattr(owl, "THRESHOLD", 0.0)


def test_from_pixels_to_scores_with_one_forward_a_frame(features: None) -> None:
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == "hummingbird-dahlia")
    take_counts()
    sample = Sample(case, Video(FRAMES, Fraction(4)))
    score = SegmentedSimilarity().score(sample)
    assert score.value is not None and 0 <= score.value <= 1
    assert {name: entry.presence for name, entry in score.per_element.items()} == {"character": 1, "object": 1}
    counts = take_counts()
    assert (counts["forward:owl"], counts["forward:segments"]) == (2, 2)
    segment = sample.feature("segments")["object"][0]
    assert segment.by == "phrase" and around(segment.mask) != (0, 0, 0, 0) and len(score.evidence) == 2
    background = MaskedBackground().score(sample)
    assert (background.value is None) == (background.reason is not None)


def test_where_masks_take_nothing_the_background_scores_as_ever(
    features: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owl, "THRESHOLD", 1.0)
    monkeypatch.setattr(owl, "GUIDED_THRESHOLD", 1.0)
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == "astronaut-balloon-tea-garden")
    sample = Sample(case, Video(FRAMES, Fraction(4)))
    curve = sample.feature("masked_places")["background"]
    assert SegmentedSimilarity().score(sample).value == 0, "what is not found counts 0"
    assert curve == sample.feature("places").scores["background"] and None not in curve
