"""The vision-language judge: what it is asked, what counts as an answer, and that the key stays here."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.assets.weights import unmet_needs
from a2bench.base.counting import take_counts
from a2bench.base.hashing import file_sha256
from a2bench.model.cases import Suite, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.video import Video, write_video
from a2bench.run import work
from a2bench.run.plan import metric_identity
from a2bench_metrics import judge, judge_alignment, judge_api
from a2bench_metrics.judge import NoRatingError, ratings
from tests.conftest import write_suite
from tests.loopback import answering

KEY = "sk-secret-of-the-test-0123456789"
GOOD = {"prompt": 8, "elements": {"character": 9, "object": 0, "background": 10}}


def said(content: str | None, **more: Any) -> bytes:
    message = {"role": "assistant", "content": content, **more}
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()


@dataclass
class StandIn:
    """A judge on loopback: rates calibration items rightly, and says of samples what the test wants, in turn."""

    url: str = ""
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    passes: bool = True
    wait: Callable[[], object] = lambda: None

    def reply(self, request: dict[str, Any]) -> tuple[int, bytes]:
        self.requests.append(request)
        if "plain red disc" not in request["messages"][1]["content"][0]["text"]:
            self.wait()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        pictures = [part["image_url"]["url"] for part in request["messages"][1]["content"] if "image_url" in part]
        rating = 10 if not self.passes or pictures[0] == pictures[-1] else 0
        return 200, said(json.dumps({"prompt": rating, "elements": {"object": rating}}))

    @property
    def of_samples(self) -> list[dict[str, Any]]:
        return [r for r in self.requests if "plain red disc" not in r["messages"][1]["content"][0]["text"]]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    state = StandIn(answers=[(200, said(json.dumps(GOOD)))])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/chat/completions" and self.headers["Authorization"] == f"Bearer {KEY}"
            status, body = state.reply(request)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | state.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the client that would not wait has gone
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    monkeypatch.setenv("A2BENCH_JUDGE_URL", state.url)
    monkeypatch.setenv("A2BENCH_JUDGE_MODEL", "stand-in-1")
    monkeypatch.setenv("A2BENCH_JUDGE_KEY", KEY)
    monkeypatch.setattr(judge_api, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(work, "_metrics", {})
    take_counts()
    with answering(server):
        yield state


@pytest.fixture(scope="module")
def one_case(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return load_suite(str(write_suite(tmp_path_factory.mktemp("suite"), cases=1)))


@pytest.fixture(scope="module")
def argument(one_case: Suite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a worker is given to score one video."""
    folder = tmp_path_factory.mktemp("video")
    frames = np.random.default_rng(0).integers(0, 256, (20, 64, 96, 3), dtype=np.uint8)
    write_video(Video(frames, Fraction(8)), folder / "video.mp4")
    return {
        "video": str(folder / "video.mp4"),
        "sha256": file_sha256(folder / "video.mp4"),
        "pictures": str(folder / "pictures"),
        "case": one_case.cases[0].model_dump(mode="json"),
        "references": str(one_case.references_dir),
        "metrics": ["judge_alignment"],
    }


def scored(argument: dict[str, Any]) -> dict[str, Any]:
    """What a worker makes of the metric; the key is in nothing that it hands back."""
    (result,) = work.score(argument)
    assert KEY not in json.dumps(result)
    return result


def test_a_good_answer_becomes_a_score(stand_in: StandIn, argument: dict[str, Any]) -> None:
    result = scored(argument)
    assert (result["status"], result["value"]) == ("scored", 0.8)
    elements = {name: entry["value"] for name, entry in result["detail"]["per_element"].items()}
    assert elements == {"character": 0.9, "object": 0.0, "background": 1.0}
    assert result["counts"]["judge:request"] == 3 and len(stand_in.requests) == 3, "two calibration items, one sample"
    (asked,) = stand_in.of_samples
    assert (asked["model"], asked["temperature"]) == ("stand-in-1", 0)
    assert asked["messages"][0] == {"role": "system", "content": judge.RUBRIC}
    parts = asked["messages"][1]["content"]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    assert "In scene 0, a round stranger" in texts[0] and texts[1] == 'Reference of "character":'
    frames = result["detail"]["details"]["frames"]
    assert len(frames) == 8 and texts[4:] == [f"Frame at {index / 8:.2f} s:" for index in frames]
    assert sum(part["type"] == "image_url" for part in parts) == 3 + 8


REFUSED, OTHER = "the judge refused: ", "the judge's answer is not the JSON that was asked for: "


@pytest.mark.parametrize(
    ("body", "reason", "refused"),
    [
        (said("I'm sorry, I can't help with real people."), REFUSED, True),
        (said(None, refusal="not this"), f"{REFUSED}'not this'", True),
        (said('{"refused": "a real person"}'), f"{REFUSED}'a real person'", True),
        (said("The video is lovely: 9/10"), OTHER, False),
        (said(f"```json\n{json.dumps(GOOD)}\n```"), OTHER, False),
        (said(""), OTHER, False),
        (said(None), "the judge gave an empty answer", False),
        (said(json.dumps(GOOD | {"extra": 1})), "the judge's answer has other keys", False),
        (said('{"prompt": 8, "elements": {"object": 1}}'), "the judge rated 'object'; asked for was", False),
        (said(json.dumps(GOOD | {"prompt": 8.5})), "the judge rated '8.5'; expected a whole number", False),
        (said(json.dumps(GOOD | {"prompt": 11})), "the judge rated '11'", False),
        (said(json.dumps(GOOD | {"prompt": True})), "the judge rated 'True'", False),
        (said(f"your key is {KEY}"), f"{OTHER}'your key is [key]'", False),
    ],
)
def test_whatever_is_no_rating_leaves_the_sample_unscored_with_the_reason(
    stand_in: StandIn, argument: dict[str, Any], body: bytes, reason: str, refused: bool
) -> None:
    stand_in.answers = [(200, body)]
    result = scored(argument)
    assert (result["status"], result["value"]) == ("unscored", None)
    assert result["reason"].startswith(reason)
    assert result["detail"]["details"]["refused"] is refused
    assert result["counts"]["judge:refused" if refused else "judge:garbage"] == 1


def test_an_error_of_the_server_is_tried_again(stand_in: StandIn, argument: dict[str, Any]) -> None:
    stand_in.answers = [(500, b"oops"), (429, b"slowly"), (200, said(json.dumps(GOOD)))]
    result = scored(argument)
    assert result["value"] == 0.8 and result["counts"]["judge:retry"] == 2


@pytest.mark.parametrize(
    ("status", "body", "reason", "requests"),
    [
        (503, b"busy", "gave no answer in 3 attempts: it answered 503: 'busy'", 3),
        (401, f"wrong key {KEY}".encode(), "cannot be asked: it answered 401: 'wrong key [key]'", 1),
        (200, b"<html>", "does not speak the interface: '<html>'", 1),
        (200, b'{"choices": []}', "does not speak the interface", 1),
    ],
)
def test_no_answer_is_a_failure_that_the_next_run_tries_again(
    stand_in: StandIn, argument: dict[str, Any], status: int, body: bytes, reason: str, requests: int
) -> None:
    stand_in.answers = [(status, body)]
    result = scored(argument)
    assert result["status"] == "failed" and reason in result["reason"] and "traceback" not in result
    assert len(stand_in.of_samples) == requests


def test_a_slow_judge_is_not_waited_for_forever(
    stand_in: StandIn, argument: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(judge_api, "TIMEOUT", 0.3)
    stand_in.wait = lambda: released.wait(10)
    result = scored(argument)
    released.set()
    assert result["status"] == "failed" and "in 3 attempts: no answer in 0.3 s" in result["reason"]


def test_a_redirect_takes_the_key_nowhere(stand_in: StandIn, argument: dict[str, Any]) -> None:
    stand_in.headers = {"Location": f"{stand_in.url}/chat/completions"}
    stand_in.answers = [(307, b"")]
    result = scored(argument)
    assert result["status"] == "failed" and "it answered 307" in result["reason"] and len(stand_in.of_samples) == 1


def test_a_proxy_is_not_shown_the_key_on_the_way_to_this_machine(
    stand_in: StandIn, argument: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert scored(argument)["value"] == 0.8 and len(stand_in.requests) == 3


def test_a_judge_that_fails_its_calibration_is_not_believed_until_it_passes(
    stand_in: StandIn, argument: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_alignment, "CALIBRATE_EVERY", 2)
    assert scored(argument)["status"] == "scored"
    stand_in.passes = False
    assert scored(argument)["status"] == "scored", "not asked again yet"
    for _ in range(2):
        result = scored(argument)
        assert result["status"] == "unscored"
        assert result["reason"] == (
            "the judge failed its calibration: a red disc that is not there was rated 10; expected 0 to 3"
        )
    assert len(stand_in.of_samples) == 2, "a judge that is not believed is not paid for"
    stand_in.passes = True
    assert scored(argument)["status"] == "scored"


def test_offline_nobody_is_asked_and_the_next_run_asks(
    stand_in: StandIn, argument: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")
    result = scored(argument)
    assert result["status"] == "failed" and "offline mode" in result["reason"] and not stand_in.requests


def test_without_a_judge_nothing_is_asked_and_the_reason_says_what_to_type(
    argument: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.build_opener", lambda *_: pytest.fail("reached for the network"))
    result = scored(argument)
    assert result["status"] == "unscored" and result["reason"] == unmet_needs("judge_alignment")[0]
    assert "type `export A2BENCH_JUDGE_FOLDER=FOLDER`" in result["reason"]
    assert result["counts"] == {}, "not even the video is decoded"


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"URL": "https://judge.example/v1"}, "is set without a model"),
        ({"URL": "http://judge.example/v1", "MODEL": "m"}, "must be like https://HOST/v1"),
        ({"URL": f"https://user:{KEY}@judge.example/v1", "MODEL": "m"}, "holds a user name or password"),
        ({"URL": f"https://judge.example/v1?key={KEY}", "MODEL": "m"}, "without a query"),
        ({"URL": "https://judge.example:port/v1", "MODEL": "m"}, "must be like"),
        ({"URL": "https://judge.example/v1", "MODEL": "m", "KEY": f"{KEY}\nX: y"}, "characters that no key has"),
        ({"URL": "https://judge.example/v1", "MODEL": "m", "FOLDER": "here"}, "unset one of them"),
        ({"FOLDER": "no/such/folder"}, "holds no model"),
    ],
)
def test_a_judge_that_cannot_be_used_gets_one_sentence_without_the_key(
    variables: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"A2BENCH_JUDGE_{name}", value)
    (reason,) = unmet_needs("judge_alignment")
    assert complaint in reason and KEY not in reason


def test_scores_of_two_judges_or_rubrics_never_mix(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = metric_identity("judge_alignment")
    assert identity["metric"]["backend"] == "stand-in-1 at 127.0.0.1, rubric 1" and KEY not in json.dumps(identity)
    monkeypatch.setenv("A2BENCH_JUDGE_MODEL", "stand-in-2")
    assert metric_identity("judge_alignment") != identity
    known = {1: "f4e4429e66494535"}
    found = hashlib.sha256(judge.RUBRIC.encode()).hexdigest()[:16]
    assert known[judge.RUBRIC_VERSION] == found, "a changed rubric needs another version"


def test_a_key_twice_is_no_rating() -> None:
    with pytest.raises(NoRatingError, match="not the JSON"):
        ratings('{"prompt": 1, "prompt": 9, "elements": {}}', [])


def write_small_llava(folder: Path) -> None:
    """A LLaVA of two tiny towers with random weights, its processor and its chat template."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    words = ["<unk>", "<s>", "</s>", "<pad>", "<image>", *'abcdefghijklmnopqrstuvwxyz0123456789{}":,']
    raw = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    names: dict[str, Any] = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, **names)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    tower: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**tower, image_size=28, patch_size=14, projection_dim=16),
        text_config=LlamaConfig(**tower, vocab_size=len(words), max_position_embeddings=4096, num_key_value_heads=2),
        image_token_index=words.index("<image>"),
        vision_feature_layer=-1,
    )
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    template = (
        "{% for m in messages %}{% for part in m.content %}{% if part.type == 'image' %}<image>"
        "{% else %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}"
    )
    size = {"shortest_edge": 28}
    pictures = CLIPImageProcessor(size=size, crop_size={"height": 28, "width": 28})
    LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    ).save_pretrained(folder)


def test_a_local_model_is_asked_and_not_believed_when_it_answers_by_chance(
    argument: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2bench_metrics import judge_local

    write_small_llava(tmp_path / "llava")
    monkeypatch.setenv("A2BENCH_JUDGE_FOLDER", str(tmp_path / "llava"))
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")  # a local judge needs no network
    monkeypatch.setattr(work, "_metrics", {})
    monkeypatch.setattr(judge_local, "MAX_TOKENS", 6)
    assert not unmet_needs("judge_alignment")
    assert metric_identity("judge_alignment")["metric"]["backend"].startswith("llava ")
    result = scored(argument)
    assert result["status"] == "unscored"
    assert result["reason"].startswith("the judge failed its calibration: a red disc that is there: the judge's answer")
    assert result["counts"]["load:judge"] == 1

    local = work._metrics["judge_alignment", ""]._judge  # type: ignore[attr-defined]
    seen: list[int] = []
    tower = local._model.model.vision_tower
    tower.register_forward_hook(lambda module, given, output: seen.append(len(output.last_hidden_state)))
    there = judge.calibration_items()[0].question
    assert local.answer(judge.RUBRIC, there) == local.answer(judge.RUBRIC, there) != ""
    assert sum(seen) == 6, "the reference and two frames, twice"


def test_a_folder_with_another_model_is_named(one_case: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from a2bench.errors import InputError

    (tmp_path / "other").mkdir()
    (tmp_path / "other/config.json").write_text('{"model_type": "bert"}')
    monkeypatch.setenv("A2BENCH_JUDGE_FOLDER", str(tmp_path / "other"))
    video = Video(np.zeros((4, 32, 32, 3), np.uint8), Fraction(8))
    with pytest.raises(InputError, match="holds no image-text-to-text model of transformers"):
        judge_alignment.JudgeAlignment().score(Sample(one_case.cases[0], video))
