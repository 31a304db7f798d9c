"""Wishes → pictures: kept ones from the shelf, equal ones asked for once, a few at a time, what comes looked at."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence

from tirage.assets.content import SVG, picture_type
from tirage.assets.fetched import Fetched
from tirage.assets.providers.port import Input, Provider, missing, problem
from tirage.assets.providers.shelf import NoShelf, Shelf
from tirage.engine.errors import ResourceProblem
from tirage.engine.wishes import Wish, wish_of

AT_ONCE = 4
"""Pictures that are made at the same time; providers limit it themselves, and answer 429 beyond."""

Had = Mapping[str, Fetched | ResourceProblem]


class Maker:
    """Has wishes fulfilled by a provider, or tells that there is none. Belongs to one event loop."""

    def __init__(self, provider: Provider | None, shelf: Shelf | None = None) -> None:
        self._provider = provider
        self._shelf = shelf or NoShelf()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._flights: dict[tuple[str, str], asyncio.Task[Fetched]] = {}

    async def aclose(self) -> None:
        """Close the provider's connections."""
        if self._provider is not None:
            await self._provider.aclose()

    async def make_many(
        self, sources: Iterable[str], had: Had, *, scope: str = ""
    ) -> dict[str, Fetched | ResourceProblem]:
        """The pictures of sources that are wishes, or why there is none; `had` are those that they begin with.

        Raises StorageProblem.
        """
        wanted = list(dict.fromkeys(sources))
        made = await asyncio.gather(*(self._one(source, had, scope) for source in wanted))
        return dict(zip(wanted, made, strict=True))

    async def _one(self, source: str, had: Had, scope: str) -> Fetched | ResourceProblem:
        wish = wish_of(source)
        assert wish is not None, "only wishes are made"
        try:
            return await self._made(wish, _inputs(wish, had), scope)
        except ResourceProblem as error:
            # A new one: the same failure may be raised in many rows.
            return ResourceProblem(error.problems, retryable=error.retryable)

    async def _made(self, wish: Wish, inputs: Sequence[Input], scope: str) -> Fetched:
        if self._provider is None:
            raise missing()
        key = _key(self._provider.mark, wish, inputs)
        flight = self._flights.get((scope, key))
        if flight is None:
            flight = self._flights[scope, key] = asyncio.create_task(self._fresh(wish, inputs, scope, key))
            flight.add_done_callback(lambda _: self._flights.pop((scope, key), None))
        # Shielded: what is being made is paid for, and kept for the next row that asks.
        return await asyncio.shield(flight)

    async def _fresh(self, wish: Wish, inputs: Sequence[Input], scope: str, key: str) -> Fetched:
        assert self._provider is not None
        kept = await self._shelf.find(scope, key)
        if kept is not None:
            return Fetched.of(kept, picture_type(kept), "")
        async with self._places:
            data = await self._provider.make(wish, inputs)
        try:
            media_type = picture_type(data)
        except ResourceProblem as error:
            raise problem(
                "provider_answer", f"What the provider sent is no picture: {error.problems[0].message}"
            ) from None
        if media_type == SVG:
            raise problem("provider_answer", "The provider sent an SVG drawing in the place of a picture.")
        await self._shelf.keep(scope, key, data)
        return Fetched.of(data, media_type, "")


def _inputs(wish: Wish, had: Had) -> list[Input]:
    """The pictures to begin with. Raises ResourceProblem for one that could not be had or that no provider takes."""
    names = ([""] if wish.source else []) + [name for name, _ in wish.references]
    inputs = []
    for name, source in zip(names, wish.inputs, strict=True):
        found = had[source]
        if isinstance(found, ResourceProblem):
            raise found
        if found.media_type not in ("image/png", "image/jpeg", "image/webp"):
            what = found.media_type.removeprefix("image/")
            message = f"A picture cannot begin with {what}: providers take PNG, JPEG and WebP."
            raise problem("provider_refused", message, "Convert the picture first.")
        inputs.append(Input(found.data, found.media_type, name))
    return inputs


def _key(mark: str, wish: Wish, inputs: Sequence[Input]) -> str:
    """The hash of all that decides a made picture: the provider, the words, the bytes to begin with."""
    parts = [mark, wish.prompt, wish.form, str(wish.cut_out), "source" if wish.source else ""]
    for each in inputs:
        parts += [each.name, hashlib.sha256(each.data).hexdigest()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
