"""Where the cluster is and who we are there: a kubeconfig, or the service account of the pod we run in.

In: a kubeconfig's path, a context, or neither. Out: an Access, from which `client.py` opens connections. The official
library reads the configuration (exec plugins, certificates, tokens, OIDC); this is the only module that imports it.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from windlass.kube.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_FRESH = 10.0  # seconds for which a token is used without asking the library whether it has expired


@dataclass(frozen=True, slots=True)
class Place:
    """What to read: `kubeconfig` as $KUBECONFIG (several paths are allowed), `context` None for the current one.

    Without a kubeconfig, inside of a pod, the pod's service account is used.
    """

    kubeconfig: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Paths of the authority, the client's certificate and its key, as far as there are any."""

    authority: str | None
    certificate: str | None
    key: str | None
    verify: bool


class Access:
    """One cluster: `server` (URL), `namespace` (the context's, or the pod's own), `shown` for messages."""

    def __init__(self, place: Place, configuration: Any, namespace: str, shown: str) -> None:
        self.place = place
        self.server: str = configuration.host.rstrip("/")
        self.namespace = namespace
        self.shown = shown
        self.ssl = _ssl(configuration) if self.server.startswith("https") else None
        self.server_name: str | None = configuration.tls_server_name or None
        self.proxy = _proxy(configuration)
        self._configuration = configuration
        self._token: str | None = None
        self._asked_at = -_FRESH

    @property
    def fresh(self) -> bool:
        """`authorization` answers without asking a plugin or a file."""
        return time.monotonic() - self._asked_at < _FRESH

    def authorization(self) -> Mapping[str, str]:
        """The header for a request; may run a plugin, so it blocks unless `fresh`. Raises AccessError."""
        if not self.fresh:
            try:
                token = self._configuration.get_api_key_with_prefix("BearerToken")
            except Exception as error:
                raise AccessError(f"{self.shown}: no token could be had: {error}") from error
            self._token = token.strip() if token else None
            self._asked_at = time.monotonic()
        return {"Authorization": self._token} if self._token else {}

    @property
    def files(self) -> Files:
        """For a library that opens connections of its own."""
        found = self._configuration
        return Files(found.ssl_ca_cert or None, found.cert_file or None, found.key_file or None, found.verify_ssl)


def load(place: Place, environment: Mapping[str, str] | None = None) -> Access:
    """Blocks: reads files, may run a plugin. Raises AccessError."""
    environment = os.environ if environment is None else environment
    try:
        from kubernetes.client import Configuration
    except ImportError as error:
        raise AccessError("clusters need the extra `kubernetes`: pip install 'windlass[kubernetes]'") from error
    logging.getLogger("kubernetes").addHandler(logging.NullHandler())
    configuration = type.__call__(Configuration)
    path = place.kubeconfig or environment.get("KUBECONFIG") or None
    if path is None and place.context is None and "KUBERNETES_SERVICE_HOST" in environment and _ACCOUNT.is_dir():
        return _in_cluster(place, configuration)
    return _from_kubeconfig(place, configuration, path or "~/.kube/config")


def _in_cluster(place: Place, configuration: Any) -> Access:
    from kubernetes.config import ConfigException, load_incluster_config

    try:
        load_incluster_config(client_configuration=configuration)
        namespace = (_ACCOUNT / "namespace").read_text().strip()
    except (ConfigException, OSError) as error:
        raise AccessError(f"the pod's service account cannot be used: {error}") from error
    return Access(place, configuration, namespace or "default", "this cluster")


def _from_kubeconfig(place: Place, configuration: Any, path: str) -> Access:
    from kubernetes.config import list_kube_config_contexts, load_kube_config

    shown = f"context {place.context!r} of {path}" if place.context else f"kubeconfig {path}"
    try:
        contexts, current = list_kube_config_contexts(path)
        if place.context is not None:
            chosen = next((found for found in contexts if found["name"] == place.context), None)
            if chosen is None:
                known = ", ".join(sorted(found["name"] for found in contexts))
                raise AccessError(f"{path} has no context {place.context!r}; it has: {known}")
            current = chosen
        with _Said() as said:
            load_kube_config(path, place.context, configuration, persist_config=False)
        if said.errors:  # the library only logs that a plugin failed
            raise AccessError(f"{shown}: {said.errors[-1]}")
        return Access(place, configuration, str(current["context"].get("namespace") or "default"), shown)
    except AccessError:
        raise
    except Exception as error:  # the library's own, and whatever a malformed file makes it stumble over
        raise AccessError(f"{shown} cannot be used: {' '.join(str(error).split())}") from error


class _Said(logging.Handler):
    """Collects what the library says through the root logger within the block."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.errors.append(record.getMessage())

    def __enter__(self) -> _Said:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger().removeHandler(self)


def _ssl(configuration: Any) -> ssl.SSLContext:
    """Raises OSError (ssl.SSLError among them) when a file is missing or is no certificate."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file or None)
    return context


def _proxy(configuration: Any) -> str | None:
    """The kubeconfig's, else the environment's, which has exceptions."""
    proxy: str | None = configuration.proxy or None
    if proxy in getproxies().values() and proxy_bypass(urlsplit(configuration.host).netloc):
        return None
    return proxy
