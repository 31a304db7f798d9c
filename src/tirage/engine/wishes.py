"""A picture that is to be made: what is asked for, and its form as a source among sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tirage.engine.errors import Problem, ResourceProblem

SCHEME = "ai:"
"""Begins the source of a picture that a provider makes; the wish follows as canonical JSON."""
MAX_PICTURES = 6
"""Pictures that one wish may begin with, the source and the references together."""

Form = Literal["square", "wide", "tall"]
_FORMS = ("square", "wide", "tall")
_SQUARE = 1.25  # the longer side of what still counts as a square


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a provider: words, pictures to begin with, the form, and whether the background goes.

    `references` are pairs of a name, which the prompt may use, and a source.
    """

    prompt: str = ""
    source: str = ""
    references: tuple[tuple[str, str], ...] = ()
    form: Form = "square"
    cut_out: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The sources of the pictures to begin with, in their order."""
        own = (self.source,) if self.source else ()
        return (*own, *(source for _, source in self.references))

    def as_source(self) -> str:
        """The wish as a source; equal wishes are equal texts."""
        members = {
            "cutOut": self.cut_out, "form": self.form, "prompt": self.prompt, "references": self.references,
            "source": self.source,
        }  # fmt: skip
        told = {key: value for key, value in members.items() if value not in ("", (), False)}
        return SCHEME + json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=1024)
def wish_of(source: str) -> Wish | None:
    """The wish that a source is; None for any other source, also one that only begins like a wish."""
    if not source.startswith(SCHEME):
        return None
    try:
        told = json.loads(source.removeprefix(SCHEME))
        references = tuple((name, picture) for name, picture in told.get("references", ()))
        form: Form = told.get("form", "square")
        wish = Wish(told.get("prompt", ""), told.get("source", ""), references, form, "cutOut" in told)
        # Whoever writes one by hand writes it as we do: a form or a type of theirs makes another text.
        texts = all(isinstance(each, str) for each in (wish.prompt, *wish.inputs))
        ours = texts and form in _FORMS and len(wish.inputs) <= MAX_PICTURES and wish.as_source() == source
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return wish if ours else None


def with_inputs(sources: Iterable[str]) -> tuple[list[str], list[str]]:
    """Sources that are to be had, those that wishes begin with among them; and the sources that are wishes."""
    plain: dict[str, None] = {}
    wishes: list[str] = []
    for source in sources:
        wish = wish_of(source)
        if wish is None:
            plain[source] = None
        else:
            wishes.append(source)
            plain.update(dict.fromkeys(wish.inputs))
    return list(plain), wishes


def picture_source(
    image_url: str, prompt: str, source: str, references: Sequence[tuple[str, str]], form: Form, *, cut_out: bool
) -> str:
    """The source of what an image layer shows: its `imageUrl`, or the wish for what is to be made.

    Raises ResourceProblem `pictures_too_many`.
    """
    if not prompt and not cut_out:
        return image_url
    if not prompt:
        return Wish(source=image_url or source, cut_out=True).as_source() if image_url or source else ""
    wish = Wish(prompt, source, tuple(references), form, cut_out)
    if len(wish.inputs) > MAX_PICTURES:
        message = f"The layer has {len(wish.inputs)} pictures to begin with; at most {MAX_PICTURES} are taken."
        hint = "Leave some of sourceImage and referenceImages out."
        raise ResourceProblem(Problem("pictures_too_many", message, "/referenceImages", hint))
    return wish.as_source()


def form_of(width: float, height: float) -> Form:
    """The form nearest to a box of so many px."""
    if min(width, height) <= 0 or max(width, height) <= _SQUARE * min(width, height):
        return "square"
    return "wide" if width > height else "tall"
