"""ConsisID on a tiny checkpoint. The five face networks are not within reach here: a drawn face takes their place."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from tiny_pipelines import write_consisid  # noqa: E402, I001
from poisoned import poison  # noqa: E402

from a2bench.adapters import consisid_faces  # noqa: E402
from a2bench.adapters.consisid import ConsisID  # noqa: E402
from a2bench.adapters.consisid_faces import FILES, PACKAGES, Face, require_face_models  # noqa: E402
from a2bench.model.cases import Case, Suite  # noqa: E402
from a2bench.adapters.conformance import check_adapter, passed  # noqa: E402
from a2bench.base.counting import count, take_counts  # noqa: E402
from a2bench.errors import AdapterError, CaseError, InputError, WeightsError  # noqa: E402
from a2bench.run.plan import unsupported  # noqa: E402
from a2bench.model.systems import GenerationSettings  # noqa: E402

SMALL = GenerationSettings(width=64, height=48, num_frames=9, fps=Fraction(8))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_consisid(tmp_path_factory.mktemp("consisid")))


def drawn_faces(folder: Path, device: str, dtype: torch.dtype) -> Callable[[Any], Face]:
    """What takes the place of the face networks: numbers that depend on the picture."""

    def read(person: Any) -> Face:
        count("encode:face")
        mean = float(np.asarray(person.image).mean()) / 255
        points = np.array([[180, 200], [330, 200], [256, 280], [200, 350], [310, 350]])
        return Face(torch.full((1, 2), mean), [torch.full((1, 3, 2), mean)], Image.new("RGB", (512, 512)), points)

    return read


@pytest.fixture
def system(weights: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsisID]:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    monkeypatch.setattr(consisid_faces, "require_face_models", lambda folder: None)
    monkeypatch.setattr(consisid_faces, "load_face_reader", drawn_faces)
    yield ConsisID(weights=weights, steps="2")


@pytest.fixture
def case(suite: Suite) -> Case:
    """A case of one person."""
    return suite.cases[0].model_copy(update={"elements": suite.cases[0].elements[:1]})


def make(system: ConsisID, case: Case, seed: int = 0, **settings: Any) -> Any:
    return system.generate(case, seed=seed, settings=SMALL.model_copy(update=settings))


def test_it_keeps_the_promises_of_an_adapter(system: ConsisID, weights: str) -> None:
    settings = GenerationSettings(width=64, height=48, num_frames=9, fps=Fraction(8))
    checks = list(check_adapter("consisid", {"weights": weights, "steps": "1"}, settings))
    assert passed(checks), checks


def test_the_frames_are_the_ones_that_were_asked_for_and_the_face_is_read_once(system: ConsisID, case: Case) -> None:
    take_counts()
    videos = [make(system, case, seed) for seed in (0, 1, 0)]
    assert videos[0].frames.shape == (9, 48, 64, 3) and videos[0].fps == 8
    assert (videos[0].frames == videos[2].frames).all() and (videos[0].frames != videos[1].frames).any()
    counts = take_counts()
    assert counts["encode:face"] == counts["load:ConsisIDTransformer3DModel"] == 1
    assert counts["encode:text"] == 2  # the prompt and the empty negative one
    assert counts["step"] == 6


def test_only_a_case_of_one_person_is_taken(system: ConsisID, suite: Suite, case: Case) -> None:
    assert unsupported(system, case, SMALL) is None
    assert "consisid takes at most 1 references" in (unsupported(system, suite.cases[0], SMALL) or "")
    thing = case.model_copy(update={"elements": suite.cases[0].elements[1:2]})
    assert "consisid takes no object" in (unsupported(system, thing, SMALL) or "")


def test_what_it_cannot_make_is_refused_without_loading(system: ConsisID, case: Case) -> None:
    take_counts()
    for settings, words in (
        ({"width": 96}, "96x48: ConsisID makes 64x48 only; type --size 64x48"),
        ({"num_frames": 10}, r"10 frames cannot be made: the number must be 4k\+1"),
        ({"num_frames": 1}, "a video has 2 frames or more, got 1"),
    ):
        with pytest.raises(InputError, match=words):
            system.check(case, SMALL.model_copy(update=settings))
    with pytest.raises(CaseError, match="226 fit; shorten it, or these words would be cut"):
        make(system, case.model_copy(update={"prompt": case.prompt + " and so on" * 60}))
    assert take_counts() == {}


def test_missing_packages_and_face_weights_are_named(
    weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consisid_faces, "PACKAGES", {"no_such_faces": "no-such-faces"})
    with pytest.raises(InputError, match="reads faces with no-such-faces; type `pip install .*pip install --no-deps"):
        require_face_models(Path(weights))
    monkeypatch.setattr(consisid_faces, "PACKAGES", {})
    with pytest.raises(WeightsError, match=r"face_encoder lacks EVA02_.*; type `a2bench weights fetch consisid`"):
        require_face_models(Path(weights))
    folder = Path(shutil.copytree(weights, tmp_path / "copy"))
    for name in FILES:
        (folder / "face_encoder" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "face_encoder" / name).touch()
    require_face_models(folder)
    assert set(PACKAGES) >= {"consisid_eva_clip", "facexlib", "insightface"}


def test_a_network_without_a_face_is_not_consisid(weights: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(weights, tmp_path / "copy"))
    config = folder / "transformer/config.json"
    config.write_text(config.read_text().replace('"is_train_face": true', '"is_train_face": false'))
    with pytest.raises(WeightsError, match=r"is_train_face \(takes a face\) is False, expected True; is this ConsisID"):
        ConsisID(weights=str(folder))


def test_numbers_that_are_not_finite_fail_the_sample_and_name_the_step(
    system: ConsisID, weights: str, case: Case
) -> None:
    broken, wanted = ConsisID(weights=weights, steps="3"), case
    make(broken, wanted)  # loads
    calls = poison(broken._pipe.transformer.proj_out, at=2)
    words = "step 2 of 3 gave numbers that are not finite (precision=bfloat16, attention=native)"
    with pytest.raises(AdapterError, match=re.escape(words)):
        make(broken, wanted)
    assert len(calls) == 2  # the third step is not made


def test_infinity_that_the_decoder_gives_fails_the_sample(system: ConsisID, case: Case) -> None:
    wanted = case
    make(system, wanted)
    poison(system._pipe.vae.decoder, value=float("inf"))  # which the pipeline would clamp to white
    with pytest.raises(AdapterError, match="decoding the video gave numbers that are not finite"):
        make(system, wanted)
