"""The client of the API that the server verbs share.

In: `--server`, WINDLASS_SERVER or the data folder's running server, and WINDLASS_TOKEN. Out: JSON, or the error that
its problem details describe (RFC 9457).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from windlass.cli.data_folder import data_folder, running_server
from windlass.errors import ConflictError, InputError, InputProblem, NotFoundError, ServerUnreachableError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    import httpx2


def server_url(arguments: argparse.Namespace) -> str | None:
    """The address to talk to; None when none is named and none runs on the data folder."""
    named = getattr(arguments, "server", None) or os.environ.get("WINDLASS_SERVER")
    if named:
        if not named.startswith(("http://", "https://")):
            raise UsageError(f"--server {named} is no http:// or https:// address")
        return str(named).rstrip("/")
    found = running_server(data_folder(getattr(arguments, "data", None)))
    return str(found["url"]).rstrip("/") if found else None


class Client:
    """Calls below `/api/v1`. Raises the errors of windlass.errors; nothing else."""

    def __init__(self, url: str) -> None:
        import httpx2  # the only place that imports httpx2

        token = os.environ.get("WINDLASS_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url
        self._errors = httpx2.HTTPError
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=30, follow_redirects=False)

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Client:
        url = server_url(arguments)
        if url is None:
            folder = data_folder(getattr(arguments, "data", None))
            raise ServerUnreachableError(f"no server is named, and none runs on {folder}; start one with: windlass up")
        return cls(url)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._json(self._send("GET", path, params=params))

    def items(self, path: str, cursor: str | None = None, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every item of a list, page by page; those after a cursor."""
        while True:
            page = self.get(path, {"limit": 500} | dict(query or {}) | ({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def post(self, path: str, body: Any = None) -> Any:
        return self._json(self._send("POST", path, json=body if body is not None else {}))

    def put(self, path: str, body: Any, params: Mapping[str, Any] | None = None) -> Any:
        return self._json(self._send("PUT", path, json=body, params=params))

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> None:
        self._send("DELETE", path, params=params)

    def log(self, path: str, params: Mapping[str, Any]) -> tuple[bytes, int, bool]:
        """Bytes, the next offset, and whether the log is complete."""
        answer = self._send("GET", path, params=params)
        return (
            answer.content,
            int(answer.headers["Windlass-Next-Offset"]),
            answer.headers["Windlass-Complete"] == "true",
        )

    def chunks(self, path: str, params: Mapping[str, Any]) -> Iterator[bytes]:
        """A download, however large."""
        try:
            with self._http.stream("GET", f"/api/v1{path}", params=params) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise _problem(answer)
                yield from answer.iter_raw()
        except self._errors as error:
            raise ServerUnreachableError(f"{self.url} cannot be reached: {error}") from error

    def _send(self, method: str, path: str, **what: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, f"/api/v1{path}", **what)
        except self._errors as error:
            raise ServerUnreachableError(f"{self.url} cannot be reached: {error}") from error
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer

    def _json(self, answer: httpx2.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise ServerUnreachableError(f"{self.url} answers, but is no Windlass server") from error


def _problem(answer: httpx2.Response) -> Exception:
    try:
        body = answer.json()
        detail = str(body.get("detail") or body.get("title"))
    except (ValueError, AttributeError):
        return ServerUnreachableError(f"the server answers {answer.status_code} without saying why")
    if answer.status_code == 422 and body.get("errors"):
        return InputError([InputProblem(e["pointer"].removeprefix("/inputs"), e["message"]) for e in body["errors"]])
    if answer.status_code == 404:
        return NotFoundError(detail)
    if answer.status_code == 409:
        return ConflictError(detail)
    if answer.status_code in (400, 401, 403, 422):
        return UsageError(detail)
    return ServerUnreachableError(f"the server answers {answer.status_code}: {detail}")
