"""Requests → answers over one connection pool: keys, retries that do nothing twice, problem documents as `ApiError`."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tirage.client.errors import ApiError, ApiProblem
from tirage.client.retries import RETRIED, Retries, retry_after

SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that may be repeated without asking (RFC 9110, 9.2.2)."""
USER_AGENT = "tirage-python"


class Transport:
    """One server and one key. `sleep` is what waits between attempts."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float,
        retries: Retries,
        verify: bool | str = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ApiError("url_invalid", f"{url[:200]!r} is no address of a server, such as https://tirage.example.")
        self.base = url.rstrip("/")
        self._key = key
        self._retries = retries
        self._sleep = sleep
        if isinstance(verify, str):
            import ssl

            context: Any = ssl.create_default_context(cafile=verify)
        else:
            context = verify
        # Redirects are not followed: they would carry the key to wherever they point.
        self._http = httpx.Client(timeout=timeout, verify=context, headers={"user-agent": USER_AGENT})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        once: str | bool = False,
    ) -> Any:
        """The JSON answer of a request with a JSON body.

        `once` gives it an `Idempotency-Key`, a new one or this one, so that it may be repeated after a lost answer.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        given = {**(headers or {}), **({} if content is None else {"content-type": "application/json"})}
        answer = self._repeated(method, path, params, given, once, lambda: {"content": content})
        return _value(answer)

    def bytes(self, method: str, path: str, *, params: Mapping[str, Any], body: Any, once: str | bool) -> bytes:
        """The answer's body as it is."""
        content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        given = {"content-type": "application/json"}
        return self._repeated(method, path, params, given, once, lambda: {"content": content}).content

    def upload(self, path: str, fields: Mapping[str, str], file: Path, name: str, *, once: str | bool = True) -> Any:
        """The JSON answer to a form with a file, which is read from disk while it is sent."""
        with file.open("rb") as stream:

            def form() -> dict[str, Any]:
                stream.seek(0)
                # The fields come first: the server knows what a file is for before it begins.
                return {"data": dict(fields), "files": {"file": (name, stream)}}

            return _value(self._repeated("POST", path, None, {}, once, form))

    @contextmanager
    def stream(
        self, path: str, *, headers: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> Iterator[httpx.Response]:
        """An answer that is read piece by piece: until it begins it is retried, then httpx.TransportError is raised."""
        request = self._http.build_request(
            "GET",
            self._address(path),
            headers={**self._authorization(path), **(headers or {})},
            timeout=self._http.timeout if timeout is None else httpx.Timeout(timeout),
        )
        attempt = 1
        while True:
            try:
                answer = self._http.send(request, stream=True)
            except httpx.TransportError as error:
                failure = _unreached(error, self.base)
            else:
                try:
                    if answer.is_success:
                        yield answer
                        return
                    answer.read()
                    failure = _failure(answer)
                finally:
                    answer.close()
            attempt += 1
            pause = self._retries.pause(attempt, failure.retry_after) if failure.retryable else None
            if pause is None:
                raise failure
            self._sleep(pause)

    def _repeated(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        once: str | bool,
        body: Callable[[], dict[str, Any]],
    ) -> httpx.Response:
        given = {**self._authorization(path), **headers}
        if once:
            given["idempotency-key"] = once if isinstance(once, str) else str(uuid.uuid4())
        asked = {name: value for name, value in (params or {}).items() if value is not None}
        attempt = 1
        while True:
            try:
                answer = self._http.request(method, self._address(path), params=asked or None, headers=given, **body())
                if answer.is_success:
                    return answer
                failure = _failure(answer)
            except httpx.TransportError as error:
                failure = _unreached(error, self.base)
                # What never arrived may be sent again whatever it is.
                arrived = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if arrived and not (once or method in SAFE):
                    raise failure from error
            attempt += 1
            pause = self._retries.pause(attempt, failure.retry_after) if failure.retryable else None
            if pause is None:
                raise failure
            self._sleep(pause)

    def _address(self, path: str) -> str:
        return path if path.startswith(("https://", "http://")) else self.base + path

    def _authorization(self, path: str) -> dict[str, str]:
        """The key, for this server and no other: pictures may lie elsewhere."""
        address = self._address(path)
        return {"authorization": f"Bearer {self._key}"} if address.startswith(f"{self.base}/") else {}


def _value(answer: httpx.Response) -> Any:
    if answer.status_code == 204 or not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        raise ApiError(
            "answer_invalid",
            "The server's answer is not JSON; is this the address of a Tirage server?",
            status=answer.status_code,
            request_id=answer.headers.get("x-request-id", ""),
        ) from None


def _failure(answer: httpx.Response) -> ApiError:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        said = {}
    code = str(said.get("code") or f"http_{answer.status_code}")
    fallback = f"The server answered {answer.status_code} {answer.reason_phrase}."
    errors = said.get("errors")
    problems = tuple(
        ApiProblem(**{name: str(each.get(name) or "") for name in ("code", "message", "pointer", "hint", "closest")})
        for each in (errors if isinstance(errors, list) else ())
        if isinstance(each, dict)
    )
    status = answer.status_code
    waits = status in RETRIED or code == "idempotency_in_progress"
    return ApiError(
        code,
        str(said.get("message") or said.get("detail") or fallback),
        status=status,
        request_id=str(said.get("requestId") or answer.headers.get("x-request-id", "")),
        problems=problems,
        retry_after=retry_after(answer.headers.get("retry-after")),
        retryable=waits,
    )


def _unreached(error: httpx.TransportError, base: str) -> ApiError:
    if isinstance(error, httpx.TimeoutException):
        return ApiError("server_timeout", f"The server at {base} did not answer in time.", retryable=True)
    reason = str(error) or type(error).__name__
    return ApiError("server_unreachable", f"The server at {base} cannot be reached: {reason}.", retryable=True)
