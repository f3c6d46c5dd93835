"""`ref+gcpsecrets://PROJECT/SECRET[#/KEY]`: a version of a secret of Google Secret Manager, over its REST interface.

In: the store (project, the key of a service account or else the identity of the machine), a reference. Out: the value,
or an entry of one that is JSON or YAML. PROJECT may be left out, and is the store's then; `?version=N` as in vals. This
is the only place that imports google-auth, and only when such a store is asked.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.errors import SecretError
from windlass.secrets.asking import Asking, refused
from windlass.secrets.entry import entry_of_text, text_of

if TYPE_CHECKING:
    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.opened import OpenStore

ADDRESS = "https://secretmanager.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class GcpSecretsProvider:
    def __init__(self, store: OpenStore) -> None:
        self._store = store
        self._project = store.options.get("project")
        self._asking = Asking(store.name, store.address or ADDRESS, store.credential("ca"))
        self._lock = threading.Lock()
        self._entered: tuple[str | None, Any] | None = None  # the key as it was given, and google's credentials

    def value(self, reference: Reference, origin: Origin) -> str:
        unknown = sorted(set(reference.params) - {"version"})
        if unknown:
            raise SecretError("secret-denied", f"gcpsecrets references have version, and no {', '.join(unknown)}")
        place = self._place(reference.path, reference.params.get("version", "latest"))
        headers = {"Authorization": f"Bearer {self._token()}"}
        answer = self._asking.ask("GET", f"/v1/{place}:access", headers=headers)
        data = answer.part("payload", "data")
        if answer.status != 200 or not isinstance(data, str):
            raise refused(self._store.name, answer, reference.path)
        try:
            text = text_of(base64.b64decode(data, validate=True), reference.path)
        except binascii.Error:
            raise SecretError("secret-failed", f"store {self._store.name} answers what is no secret") from None
        return entry_of_text(text, reference.keys, reference.path)

    def _place(self, path: str, version: str) -> str:
        project, slash, secret = path.strip("/").partition("/")
        if not slash:
            project, secret = self._project or "", project
        if not project or "/" in secret or not secret:
            raise SecretError("secret-failed", f"{path}: write PROJECT/SECRET")
        if self._project not in (None, project):
            message = f"store {self._store.name} is of project {self._project}, and {path} is of another"
            raise SecretError("secret-denied", message)
        if version != "latest" and not version.isdecimal():
            raise SecretError("secret-failed", f"{path}: version is a number, or latest")
        return f"projects/{quote(project, safe='')}/secrets/{quote(secret, safe='')}/versions/{version}"

    def _token(self) -> str:
        auth = self._google()
        key = self._store.credential("serviceAccount")
        with self._lock:
            try:
                if self._entered is None or self._entered[0] != key:
                    self._entered = (key, _credentials(auth, key))
                credentials = self._entered[1]
                if not credentials.valid:
                    from google.auth.transport.requests import Request

                    credentials.refresh(Request())
            except (ValueError, KeyError):
                message = f"store {self._store.name}: serviceAccount is no key of a service account"
                raise SecretError("secret-failed", message) from None
            except (auth.exceptions.RefreshError, auth.exceptions.DefaultCredentialsError) as error:
                message = f"store {self._store.name}: Google gives no access ({type(error).__name__})"
                raise SecretError("secret-denied", message) from None
            except auth.exceptions.GoogleAuthError as error:
                message = f"store {self._store.name}: Google cannot be asked ({type(error).__name__})"
                raise SecretError("secret-failed", message) from None
        return str(credentials.token)

    def _google(self) -> Any:
        try:
            import google.auth
            import google.auth.exceptions
            import google.auth.transport.requests
            import google.oauth2.service_account
        except ImportError:
            message = f"store {self._store.name} needs Google's library: pip install 'windlass[gcp]'"
            raise SecretError("secret-failed", message) from None
        return google.auth


def _credentials(auth: Any, key: str | None) -> Any:
    if key is None:
        return auth.default(scopes=[SCOPE])[0]
    from google.oauth2.service_account import Credentials

    made: Any = Credentials
    return made.from_service_account_info(json.loads(key), scopes=[SCOPE])
