"""The Images API of OpenAI, which many services and local servers speak: generations and edits over HTTP."""

from __future__ import annotations

import asyncio
import base64
import binascii
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from tirage.assets.exchange import Answer
from tirage.assets.fetch import Fetcher
from tirage.assets.freshness import retry_after
from tirage.assets.guard import Policy
from tirage.assets.limits import Limits
from tirage.assets.post import Poster
from tirage.assets.providers.multipart import FormFile, multipart
from tirage.assets.providers.port import Input, problem
from tirage.assets.urls import parse_url
from tirage.engine.errors import ResourceProblem, TirageError
from tirage.engine.wishes import Form, Wish

MAX_BYTES = 60_000_000
"""Of an answer: a picture of 3 megapixels as PNG in base 64, several times over."""
TRIES = 3
MAX_PAUSE = 20.0
"""A provider that asks for a longer pause is not tried again."""
MESSAGE = 300
"""Characters of a provider's own sentence that are told."""

_SIZES: Mapping[Form, str] = {"square": "1024x1024", "wide": "1536x1024", "tall": "1024x1536"}
_CUT_OUT = (
    "Remove the background completely and leave it transparent. Keep the subject exactly as it is: its shape, "
    "proportions, colours, texture and light. Add nothing."
)
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class OpenAiImages:
    """A service that speaks the Images API.

    `base` is the address before `/images/generations`, such as `https://api.openai.com/v1`; its host is opened for this
    client alone, also where it is private. `seconds` bound one picture. `backoff` is the pause before a second try.
    """

    def __init__(
        self, base: str, key: str, model: str, *, seconds: float = 120.0, backoff: float = 1.0, fetcher: Fetcher
    ) -> None:
        self._base = base.rstrip("/")
        self._key = key
        self._model = model
        self._seconds = seconds
        self._backoff = backoff
        self._fetcher = fetcher
        self._poster: Poster | None = None

    @property
    def mark(self) -> str:
        """The address and the model."""
        return f"openai {self._base} {self._model}"

    async def aclose(self) -> None:
        """Close every connection."""
        poster, self._poster = self._poster, None
        if poster is not None:
            await poster.aclose()
        await self._fetcher.aclose()

    async def make(self, wish: Wish, inputs: Sequence[Input]) -> bytes:
        """The picture's bytes. Raises ResourceProblem with one of the `provider_…` or `source_…` codes."""
        fields = {"model": self._model, "prompt": _prompt(wish, inputs), "n": "1", "size": _SIZES[wish.form]}
        if wish.cut_out:
            fields |= {"background": "transparent", "output_format": "png"}
        if inputs:
            field = "image" if len(inputs) == 1 else "image[]"
            files = [
                FormFile(field, f"picture-{number}.{_ENDINGS[each.media_type]}", each.media_type, each.data)
                for number, each in enumerate(inputs, 1)
            ]
            body, media_type = multipart(list(fields.items()), files)
            answer = await self._ask("/images/edits", body, media_type)
        else:
            body = orjson.dumps({**fields, "n": 1})
            answer = await self._ask("/images/generations", body, "application/json")
        return await self._picture(answer)

    async def _ask(self, path: str, body: bytes, media_type: str) -> Answer:
        headers = {"Content-Type": media_type, "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            pause = self._backoff * 2**attempt * random.uniform(0.75, 1.25)
            try:
                answer = await self._posting().post(f"{self._base}{path}", body, headers)
            except ResourceProblem as error:
                if last or error.code != "source_unreachable":
                    raise
            else:
                if answer.status == 200:
                    return answer
                asked = retry_after(answer.headers.get("retry-after"), time.time()) or 0.0
                if last or answer.status not in _PASSING or asked > MAX_PAUSE or _is_spent(answer):
                    raise _refusal(answer)
                pause = max(pause, asked)
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _posting(self) -> Poster:
        if self._poster is None:
            limits = Limits(
                first_byte=self._seconds, stall=self._seconds, total=self._seconds, min_rate=0, max_bytes=MAX_BYTES
            )
            self._poster = self._fetcher.poster(limits)
        return self._poster

    async def _picture(self, answer: Answer) -> bytes:
        """The one picture of an answer, as it came or from where it lies."""
        told = _read(answer.body)
        entries = told.get("data")
        entry = entries[0] if isinstance(entries, list) and entries else None
        if not isinstance(entry, dict):
            raise problem("provider_answer", "The provider's answer holds no picture.")
        if isinstance(packed := entry.get("b64_json"), str) and packed:
            try:
                return base64.b64decode(packed, validate=True)
            except binascii.Error:
                raise problem("provider_answer", "The picture in the provider's answer is not in base 64.") from None
        if isinstance(url := entry.get("url"), str) and url:
            return (await self._fetcher.fetch(url)).data
        raise problem("provider_answer", "The provider's answer holds neither b64_json nor url.")


def openai_images(base: str, key: str, model: str, *, seconds: float, allow: Sequence[str] = ()) -> OpenAiImages:
    """The client for an address of the settings, whose host is opened. Raises TirageError `policy_invalid`.

    `allow` are the other hosts that results may be fetched from.
    """
    try:
        url = parse_url(base)
    except ResourceProblem as error:
        message = f"TIRAGE_AI_URL is no address: {error.problems[0].message}"
        raise TirageError(replace(error.problems[0], code="policy_invalid", message=message)) from None
    host = f"[{url.host}]" if ":" in url.host else url.host
    policy = Policy.of([f"{host}:{url.port}", *allow])
    return OpenAiImages(base, key, model, seconds=seconds, fetcher=Fetcher(policy, limits=Limits(max_bytes=MAX_BYTES)))


def _prompt(wish: Wish, inputs: Sequence[Input]) -> str:
    """The words with what says which picture is which; a cut-out alone has words of its own."""
    parts = [wish.prompt] if wish.prompt else []
    named = [f"image {number} is “{each.name}”" for number, each in enumerate(inputs, 1) if each.name]
    if named:
        parts.append(f"Of the pictures given, {', '.join(named)}.")
    if wish.cut_out:
        parts.append("Leave the background transparent." if wish.prompt else _CUT_OUT)
    return "\n\n".join(parts)


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise problem("provider_answer", "The provider did not answer in JSON.") from None
    if not isinstance(told, dict):
        raise problem("provider_answer", "The provider's answer is no JSON object.")
    return told


def _error(answer: Answer) -> Mapping[str, Any]:
    try:
        error = _read(answer.body).get("error")
    except ResourceProblem:
        return {}
    return error if isinstance(error, dict) else {"message": error}


def _is_spent(answer: Answer) -> bool:
    """Whether a 429 means that nothing is left to pay with: then no pause helps."""
    return "insufficient_quota" in (_error(answer).get("code"), _error(answer).get("type"))


def _refusal(answer: Answer) -> ResourceProblem:
    """Why there is no picture, with the provider's own sentence where it is one."""
    sentence = _error(answer).get("message")
    said = ""
    if isinstance(sentence, str) and sentence.strip():
        said = "".join(each for each in sentence if each.isprintable() or each == " ").strip()[:MESSAGE]
        said = f" It says: {said}"
    status = answer.status
    if status in (401, 403):
        return problem("provider_denied", f"The provider did not accept the key ({status}).", "Check TIRAGE_AI_KEY.")
    if status == 404:
        message = f"The provider knows neither this address nor this model (404).{said}"
        return problem("provider_refused", message, "Check TIRAGE_AI_URL and TIRAGE_AI_MODEL.")
    if status == 429 and not _is_spent(answer):
        return problem("provider_busy", f"The provider asks to wait (429).{said}", "Try again later.")
    if status >= 500 or status in _PASSING - {429}:
        return problem("provider_failed", f"The provider failed ({status}).{said}", "Try again later.")
    return problem("provider_refused", f"The provider refused to make the picture ({status}).{said}")
