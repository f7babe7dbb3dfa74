"""Features on disk: what comes back is what went in, and what is damaged is computed again."""

import logging
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from a2bench.base.counting import take_counts
from a2bench.features.store import FeatureStore


class Pair(NamedTuple):
    left: int
    right: float | None


@dataclass(frozen=True)
class Thing:
    name: str
    pixels: Any
    pairs: tuple[Pair, ...]


class Alien:
    pass


VALUE = {
    "a": (Thing("x", np.arange(6, dtype=np.uint8).reshape(2, 3), (Pair(1, None), Pair(2, 0.1))), [True, None]),
    (1, 2): Fraction(24000, 1001),
    "number": np.float32(0.25),
    "empty": np.zeros((0, 4), np.float32),
    "scalar": np.array(3),
}
IDENTITY = {"video": "abc", "version": 1}


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    take_counts()
    return FeatureStore(tmp_path / "features", 10**9)


def get(store: FeatureStore, compute: Any, identity: dict[str, Any] | None = None, **how: Any) -> Any:
    return store.get_or_compute("thing", __name__, IDENTITY if identity is None else identity, compute, **how)


def unused() -> Any:
    raise AssertionError("computed although it was kept")


def entry(store: FeatureStore) -> Path:
    return next(store.folder.glob("??/*.safetensors"))


def test_what_comes_back_is_what_went_in(store: FeatureStore) -> None:
    get(store, lambda: VALUE)
    back = get(store, unused)
    assert take_counts() == {"cached:thing": 1}
    assert list(back) == list(VALUE)
    thing, rest = back["a"]
    assert (
        isinstance(thing, Thing) and thing.pairs == (Pair(1, None), Pair(2, 0.1)) and isinstance(thing.pairs[0], Pair)
    )
    assert np.array_equal(thing.pixels, VALUE["a"][0].pixels) and thing.pixels.dtype == np.uint8  # type: ignore[index]
    assert rest == [True, None] and rest[0] is True
    assert back[1, 2] == Fraction(24000, 1001)
    assert isinstance(back["number"], np.float32) and back["number"] == 0.25
    assert back["empty"].shape == (0, 4) and back["scalar"].shape == ()


def test_tensors_come_back_as_tensors(store: FeatureStore) -> None:
    torch = pytest.importorskip("torch")
    get(store, lambda: (torch.arange(6.0).reshape(2, 3),))
    (tensor,) = get(store, unused)
    assert torch.equal(tensor, torch.arange(6.0).reshape(2, 3))


def test_another_identity_is_another_entry(store: FeatureStore) -> None:
    assert get(store, lambda: 1) == 1
    assert get(store, lambda: 2, {**IDENTITY, "version": 2}) == 2
    assert get(store, unused) == 1


@pytest.mark.parametrize("place", [0, 9, 60, -200, -1])
def test_a_flipped_byte_is_noticed_and_computed_again(
    store: FeatureStore, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    get(store, lambda: np.arange(1000))
    damaged = bytearray(entry(store).read_bytes())
    damaged[place] ^= 0x40
    entry(store).write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        assert get(store, lambda: "again") == "again"
    assert "is damaged" in caplog.text
    assert take_counts() == {"damaged:thing": 1}
    assert get(store, unused) == "again"


def test_a_torn_or_empty_entry_is_computed_again(store: FeatureStore) -> None:
    for size in (0, 5, 100):
        get(store, lambda: np.arange(1000))
        entry(store).write_bytes(entry(store).read_bytes()[:size])
        assert get(store, lambda: "again") == "again"
        store.prune(0)


def test_an_entry_under_a_false_name_is_not_trusted(store: FeatureStore) -> None:
    get(store, lambda: 1)
    data = entry(store).read_bytes()
    store.prune(0)
    get(store, lambda: 2, {"video": "other"})
    entry(store).write_bytes(data)
    assert get(store, lambda: 3, {"video": "other"}) == 3


def test_a_class_of_another_module_is_never_made(store: FeatureStore, caplog: pytest.LogCaptureFixture) -> None:
    """An entry names data classes only; one that the feature's own module does not know is not kept, nor made."""
    with caplog.at_level(logging.WARNING):
        get(store, lambda: Alien())
        get(store, lambda: Path("x"))
    assert store.size().entries == 0 and "not kept on disk" in caplog.text
    get(store, lambda: Pair(1, 2.0))
    assert store.get_or_compute("thing", "fractions", IDENTITY, lambda: "computed") == "computed"


def test_what_was_not_used_for_longest_goes_first(store: FeatureStore) -> None:
    import os

    for number in range(4):
        get(store, lambda: np.zeros(1000), {"number": number})
    for age, number in enumerate([2, 0, 3, 1]):
        path = store._path({"number": number})
        os.utime(path, (1000 + age, 1000 + age))
    one = entry(store).stat().st_size
    freed = store.prune(2 * one + 10)
    assert freed == 2 * one
    assert [store._path({"number": number}).exists() for number in range(4)] == [False, True, False, True]


def test_the_folder_never_grows_far_beyond_its_limit(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 100_000)
    for number in range(100):
        get(store, lambda: np.zeros(1000), {"number": number})
    assert store.size().bytes < 120_000


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    store = FeatureStore(tmp_path / "file", 10**9)
    with caplog.at_level(logging.WARNING):
        assert get(store, lambda: 1, shared=True) == 1
    assert "cannot be kept" in caplog.text


def test_the_command_says_what_features_take_and_frees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from click.testing import CliRunner

    from a2bench.cli.cache import cache_group
    from a2bench.features.store import open_store

    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "0.5")
    get(open_store(), lambda: np.zeros(1000))
    shown = json.loads(CliRunner().invoke(cache_group, ["show", "--json"]).stdout)
    assert (shown["entries"], shown["limit"]) == (1, 500_000_000) and shown["bytes"] > 8000
    assert "0.00 GB remain" in CliRunner().invoke(cache_group, ["prune", "--to", "0"]).stdout
    assert open_store().size().entries == 0


def test_the_store_imports_no_torch_for_arrays() -> None:
    import subprocess

    code = "import sys; import a2bench.features.identity; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
