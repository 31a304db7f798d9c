"""Pictures are asked for as the Images API wants it, every way of failing is told, and none is paid for twice."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.evil import png
from tests.harness.provider import Answer, ImagesService, images_service

from tirage.assets.fetch import Fetcher
from tirage.assets.fetched import Fetched
from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.providers import FolderShelf, Maker, SyncMaker
from tirage.assets.providers.multipart import FormFile, multipart
from tirage.assets.providers.openai import OpenAiImages, openai_images
from tirage.engine.errors import Problem, ResourceProblem, TirageError
from tirage.engine.wishes import Wish, form_of, picture_source, wish_of, with_inputs

pytestmark = pytest.mark.anyio
PHOTO = Fetched.of(png(4, 4, 50), "image/png", "")
DRAWING = Fetched.of(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "")


@pytest.fixture
def anyio_backend() -> str:
    """The loop of the service."""
    return "asyncio"


@pytest.fixture
def service() -> Iterator[ImagesService]:
    """A service that makes pictures."""
    with images_service() as running:
        yield running


def provider_of(service: ImagesService, seconds: float = 5.0, max_bytes: int = 1_000_000) -> OpenAiImages:
    """A client of that service which hardly pauses."""
    fetcher = Fetcher(Policy.of([f"127.0.0.1:{service.port}"]), limits=Limits(max_bytes=max_bytes))
    return OpenAiImages(service.url, "sk-test", "pictor", seconds=seconds, backoff=0.01, fetcher=fetcher)


@pytest.fixture
async def maker(service: ImagesService, tmp_path: Path) -> AsyncIterator[Maker]:
    """A maker with a folder."""
    made = Maker(provider_of(service), FolderShelf(tmp_path / "made"))
    yield made
    await made.aclose()


async def make(maker: Maker, wish: Wish, had: Mapping[str, Fetched | ResourceProblem] | None = None) -> Fetched:
    """The picture of one wish, or its problem raised."""
    source = wish.as_source()
    found = (await maker.make_many([source], had or {}))[source]
    if isinstance(found, ResourceProblem):
        raise found
    return found


async def test_words_alone_are_a_generation(service: ImagesService, maker: Maker) -> None:
    """The model, the words, the size of the form and the key are sent; the picture comes back whole."""
    found = await make(maker, Wish("a red kite over dunes", form="wide"))
    assert found.data == service.picture and found.media_type == "image/png"
    asked = service.asked[0]
    assert (asked.path, asked.authorization) == ("/v1/images/generations", "Bearer sk-test")
    assert asked.fields == {"model": "pictor", "prompt": "a red kite over dunes", "n": 1, "size": "1536x1024"}


async def test_pictures_to_begin_with_are_an_edit(service: ImagesService, maker: Maker) -> None:
    """The source comes first, references follow, and the prompt tells which number has which name."""
    wish = Wish("put the shoe on the beach", "photo.png", (("the shoe", "shoe.png"), ("beach", "b.png")), "tall")
    other = Fetched.of(png(5, 5, 200), "image/png", "")
    await make(maker, wish, {"photo.png": PHOTO, "shoe.png": other, "b.png": PHOTO})
    asked = service.asked[0]
    assert asked.path == "/v1/images/edits"
    assert [(field, data) for field, _, data in asked.files] == [
        ("image[]", PHOTO.data), ("image[]", other.data), ("image[]", PHOTO.data),
    ]  # fmt: skip
    assert asked.fields["size"] == "1024x1536" and "background" not in asked.fields
    assert asked.fields["prompt"].endswith("image 2 is “the shoe”, image 3 is “beach”.")


async def test_a_cut_out_asks_for_transparency(service: ImagesService, maker: Maker) -> None:
    """Without words of its own it has those of a cut-out; the answer must be able to be transparent."""
    await make(maker, Wish(source="photo.png", cut_out=True), {"photo.png": PHOTO})
    asked = service.asked[0]
    assert [field for field, _, _ in asked.files] == ["image"]
    assert (asked.fields["background"], asked.fields["output_format"]) == ("transparent", "png")
    assert asked.fields["prompt"].startswith("Remove the background")


async def test_a_result_may_lie_elsewhere(service: ImagesService, maker: Maker) -> None:
    """A `url` is fetched through the guard."""
    service.answers = [service.told(url=f"{service.url}/files/1.png")]
    assert (await make(maker, Wish("x"))).data == service.picture
    assert service.fetched == ["/v1/files/1.png"]
    service.answers = [service.told(url="http://127.0.0.3/secret")]
    with pytest.raises(ResourceProblem) as failed:
        await make(maker, Wish("y"))
    assert failed.value.code == "source_blocked"


@pytest.mark.parametrize(
    ("answer", "code", "retryable", "requests"),
    [
        (ImagesService().refusal(429, "slow down"), "provider_busy", True, 3),
        (ImagesService().refusal(429, "pay first", "insufficient_quota"), "provider_refused", False, 1),
        (ImagesService().refusal(429, "tomorrow", Retry_After="3600"), "provider_busy", True, 1),
        (ImagesService().refusal(500), "provider_failed", True, 3),
        (ImagesService().refusal(501), "provider_failed", True, 1),
        (ImagesService().refusal(400, "Your request was\nrejected"), "provider_refused", False, 1),
        (ImagesService().refusal(401, "wrong key sk-test"), "provider_denied", False, 1),
        (ImagesService().refusal(404), "provider_refused", False, 1),
        (Answer(302, headers={"Location": "http://127.0.0.1/"}), "provider_refused", False, 1),
        (Answer(body=b"<html>"), "provider_answer", False, 1),
        (Answer(body=b"[1]"), "provider_answer", False, 1),
        (Answer(body=b'{"data": []}'), "provider_answer", False, 1),
        (Answer(body=b'{"data": [{"b64_json": "%%"}]}'), "provider_answer", False, 1),
        (Answer(body=b'{"data": [{"b64_json": "aGVsbG8="}]}'), "provider_answer", False, 1),
        (Answer(body=b'{"data": [{}]}'), "provider_answer", False, 1),
        (Answer(body=json.dumps({"data": [{"b64_json": base64.b64encode(DRAWING.data).decode()}]}).encode()),
         "provider_answer", False, 1),
        (Answer(delay=0.6), "source_timeout", True, 1),
    ],
)  # fmt: skip
async def test_every_failure_has_its_code(
    service: ImagesService, answer: Answer, code: str, retryable: bool, requests: int
) -> None:
    """What may pass is tried again and is retryable; the rest is told at once, without the key or line ends."""
    maker = Maker(provider_of(service, seconds=0.3 if answer.delay else 5.0))
    service.answers = [answer] * 3
    with pytest.raises(ResourceProblem) as failed:
        await make(maker, Wish("x"))
    await maker.aclose()
    assert (failed.value.code, failed.value.retryable, len(service.asked)) == (code, retryable, requests)
    told = str(failed.value)
    assert "sk-test" not in told.replace("wrong key", "") and "\n" not in failed.value.problems[0].message


async def test_what_passes_is_tried_again(service: ImagesService, maker: Maker) -> None:
    """A busy and a failing answer are followed by the picture."""
    service.answers = [service.refusal(429), service.refusal(503)]
    assert (await make(maker, Wish("x"))).data == service.picture
    assert len(service.asked) == 3


async def test_an_answer_too_large_is_cut_off(service: ImagesService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody holds more of an answer than the limit."""
    monkeypatch.setattr("tirage.assets.providers.openai.MAX_BYTES", 10_000)
    maker = Maker(provider_of(service))
    service.answers = [Answer(body=b'{"data": [{"b64_json": "' + b"A" * 20_000 + b'"}]}')]
    with pytest.raises(ResourceProblem) as failed:
        await make(maker, Wish("x"))
    await maker.aclose()
    assert failed.value.code == "source_too_large"


async def test_nothing_is_paid_for_twice(service: ImagesService, maker: Maker, tmp_path: Path) -> None:
    """Equal wishes at once and later are one request, also in another process; other words or bytes are another."""
    wish = Wish("x", "photo.png")
    both = await asyncio.gather(*(make(maker, wish, {"photo.png": PHOTO}) for _ in range(5)))
    assert {each.sha256 for each in both} == {both[0].sha256} and len(service.asked) == 1
    again = Maker(provider_of(service), FolderShelf(tmp_path / "made"))
    await make(again, Wish("x", "elsewhere.png"), {"elsewhere.png": PHOTO})
    assert len(service.asked) == 1
    await make(again, Wish("y", "photo.png"), {"photo.png": PHOTO})
    await make(again, wish, {"photo.png": Fetched.of(png(4, 4, 51), "image/png", "")})
    await again.aclose()
    assert len(service.asked) == 3
    assert all(not path.name.startswith(".") for path in (tmp_path / "made").iterdir())


async def test_what_a_picture_begins_with_must_be_there(service: ImagesService, maker: Maker) -> None:
    """A lost source is the wish's own problem; a drawing is refused before anybody is asked."""
    lost = ResourceProblem(Problem("source_not_found", "Gone."))
    found = await maker.make_many([Wish("x", "a").as_source()], {"a": lost})
    problem = next(iter(found.values()))
    assert isinstance(problem, ResourceProblem) and problem.code == "source_not_found"
    with pytest.raises(ResourceProblem) as failed:
        await make(maker, Wish("x", "a.svg"), {"a.svg": DRAWING})
    assert failed.value.code == "provider_refused" and "svg" in str(failed.value)
    assert service.asked == []


async def test_without_a_provider_the_remedy_is_told() -> None:
    """The error names the settings."""
    with pytest.raises(ResourceProblem, match="TIRAGE_AI_URL") as failed:
        await make(Maker(None), Wish("x"))
    assert failed.value.code == "provider_missing"


async def test_only_the_providers_client_may_reach_it(service: ImagesService) -> None:
    """The address that the settings open stays closed to pictures of rows; one that is no address is refused."""
    async with Fetcher(Policy.of([])) as fetcher:
        with pytest.raises(ResourceProblem) as failed:
            await fetcher.fetch(f"{service.url}/files/1.png")
    assert failed.value.code == "source_blocked"
    opened = openai_images(service.url, "", "m", seconds=5)
    maker = Maker(opened)
    await make(maker, Wish("x"))
    await maker.aclose()
    assert service.asked[0].authorization == ""
    with pytest.raises(TirageError) as refused:
        openai_images("api.example/v1", "", "m", seconds=5)
    assert refused.value.code == "policy_invalid" and "TIRAGE_AI_URL" in str(refused.value)


def test_callers_without_a_loop_have_one_made(service: ImagesService) -> None:
    """The blocking maker works from several calls and again after it was closed."""
    maker = SyncMaker(lambda: Maker(provider_of(service)))
    source = Wish("x").as_source()
    for _ in range(2):
        found = maker.make_many([source], {})[source]
        assert isinstance(found, Fetched) and found.data == service.picture
        maker.close()
    maker.close()


_TEXT = st.text(max_size=20)


@given(
    _TEXT, _TEXT, st.lists(st.tuples(_TEXT, st.text(min_size=1, max_size=20)), max_size=5),
    st.sampled_from(["square", "wide", "tall"]),
    st.booleans(),
)  # fmt: skip
def test_a_wish_is_what_its_source_says(
    prompt: str, source: str, references: list[tuple[str, str]], form: str, cut_out: bool
) -> None:
    """Every wish comes back from its source, with the pictures that it begins with."""
    wish = Wish(prompt, source, tuple(references), form, cut_out)  # type: ignore[arg-type]
    assert wish_of(wish.as_source()) == wish
    plain, wishes = with_inputs([wish.as_source(), "a.png"])
    assert wishes == [wish.as_source()] and set(plain) == {*wish.inputs, "a.png"}


@given(st.text().map(lambda text: f"ai:{text}") | st.recursive(
    st.none() | st.integers() | st.text(max_size=5), lambda inner: st.dictionaries(
        st.sampled_from(["prompt", "source", "references", "form", "cutOut"]), inner) | st.lists(inner)
).map(lambda value: f"ai:{json.dumps(value)}"))  # fmt: skip
def test_what_only_looks_like_a_wish_is_none(text: str) -> None:
    """Anything after the scheme is a wish in our own writing, or none; nothing is raised."""
    wish = wish_of(text)
    assert wish is None or wish.as_source() == text


def test_the_form_follows_the_box_and_too_many_pictures_are_refused() -> None:
    """Boxes up to 5:4 are squares; seven pictures are one too many, and none of it matters without a prompt."""
    assert [form_of(*size) for size in ((10, 10), (125, 100), (130, 100), (100, 130), (0, 5))] == [
        "square", "square", "wide", "tall", "square",
    ]  # fmt: skip
    many = [(str(number), f"{number}.png") for number in range(6)]
    assert picture_source("a.png", "", "s.png", many, "square", cut_out=False) == "a.png"
    with pytest.raises(ResourceProblem) as failed:
        picture_source("a.png", "x", "s.png", many, "square", cut_out=False)
    assert failed.value.code == "pictures_too_many"


def test_forms_are_read_by_others() -> None:
    """The boundary is never in the content, whatever that is."""
    body, kind = multipart([("a", "1\r\n--x")], [FormFile("f", "p.png", "image/png", PHOTO.data)])
    boundary = kind.partition("boundary=")[2].encode()
    assert body.count(b"--" + boundary) == 3 and PHOTO.data in body and body.endswith(b"--" + boundary + b"--\r\n")
