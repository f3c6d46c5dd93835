"""Helper containers of an attempt: native sidecars of its Pod (KEP-753), begun before the program, ended after it.

In: the services of a launch. Out: containers, and names that the Pod's containers know them by: they share one network,
so each name is 127.0.0.1. Of a Pod: what keeps its services from being ready, and which of them there are. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.executors.kubernetes.judging import Delay, runtime_words, waits
from windlass.executors.kubernetes.pods import HELPER, service_of
from windlass.executors.kubernetes.variables import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.executors.kubernetes.pods import ContainerStatus, Pod
    from windlass.executors.kubernetes.variables import Variables
    from windlass.runs.beside import LaunchService

READY = 120.0  # seconds that a service may take from its start
PROBES = 180  # one each second: the kubelet's patience ends after ours
_LONGEST = 63 - len(HELPER)  # characters of a name; a container's is a DNS label
_BACK_OFF = "CrashLoopBackOff"
# Whether the ports of "$@" are listened to, asked of the kernel with what every `sh` has built in.
_LISTENING = """\
for port in "$@"; do
  found=
  for table in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$table" ] || continue
    while read -r _ local _ state _; do
      case "$state/$local" in
        0A/0100007F:*|0A/00000000000000000000000001000000:*) ;;
        0A/*:"$port") found=1 ;;
      esac
    done < "$table"
  done
  [ "$found" ] || exit 1
done
"""


# ---- what the Pod is given


def give_services(pod: dict[str, Any], services: Sequence[LaunchService], variables: Variables) -> None:
    """In their order. Raises ValueError when a Pod cannot have them."""
    if not services:
        return
    _check(services)
    pod.setdefault("initContainers", []).extend(_container(service, variables) for service in services)
    pod.setdefault("hostAliases", []).append({"ip": "127.0.0.1", "hostnames": [one.name for one in services]})


def _check(services: Sequence[LaunchService]) -> None:
    taken: dict[int, str] = {}
    for service in services:
        if len(service.name) > _LONGEST:
            raise ValueError(f"services.{service.name}: in a Pod, names have at most {_LONGEST} characters")
        for port in set(service.ports):
            if (other := taken.setdefault(port, service.name)) != service.name:
                raise ValueError(
                    f"services.{service.name}.ports: {other} has the port {port} already, and in a Pod all share one "
                    "network"
                )


def _container(service: LaunchService, variables: Variables) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": f"{HELPER}{service.name}",
        "image": service.image,
        "restartPolicy": "Always",
        "env": variables.of(service.env, service.unset, service.name),
        "securityContext": {"allowPrivilegeEscalation": False},
    }
    if service.argv:
        found["command"] = [literal(word) for word in service.argv]
    if service.resources:
        found["resources"] = {part: dict(given) for part, given in service.resources.items()}
    if service.ports:
        found["startupProbe"] = {**_asked(service.ports), "periodSeconds": 1, "failureThreshold": PROBES}
    return found


def _asked(ports: Sequence[int]) -> dict[str, Any]:
    """A probe asks for one port only; of several the container itself is asked."""
    if len(ports) == 1:
        return {"tcpSocket": {"port": ports[0]}}
    return {"exec": {"command": ["sh", "-c", _LISTENING, "sh", *(f"{port:04X}" for port in ports)]}}


# ---- what becomes of them


def services_of(pod: Pod | None) -> Iterator[tuple[str, ContainerStatus]]:
    """By their names, in their order."""
    for status in pod.status.init_container_statuses if pod is not None else ():
        if (name := service_of(status.name)) is not None:
            yield name, status


def delay_of_services(pod: Pod, services: Sequence[LaunchService] = ()) -> Delay | None:
    """Why the program does not begin yet: the first service that is not ready. `services`: as far as they are known."""
    if pod.state.running is not None or pod.state.terminated is not None:
        return None
    ports = {service.name: service.ports for service in services}
    for name, status in services_of(pod):
        found = _delay(f"the service {name}", status, ports.get(name, ()))
        if found is not None:
            return found
    return None


def _delay(who: str, status: ContainerStatus, ports: Sequence[int]) -> Delay | None:
    ended = status.state.terminated or status.last_state.terminated
    if ended is not None:
        if ended.reason in ("StartError", "ContainerCannotRun"):
            return Delay("service-failed", f"{who} cannot be started: {runtime_words(ended.message)}", 0.0)
        why = ": memory ran out" if ended.reason == "OOMKilled" else ""
        return Delay("service-failed", f"{who} ended with exit code {ended.exit_code}{why}", 0.0)
    if (found := waits(status)) is not None:
        cause = "service-failed" if found.cause == "start-failed" else found.cause
        return Delay(cause, f"{who}: {found.message}", found.patience)
    if status.state.running is not None and status.started is False:
        message = f"{who} is not ready, for which it has {READY:g} s{_missing(ports)}"
        return Delay("service-starting", message, READY, "service-failed")
    return None


def _missing(ports: Sequence[int]) -> str:
    if len(ports) == 1:
        return f": nothing listens on port {ports[0]}"
    return f": nothing listens on one of the ports {', '.join(map(str, ports))}" if ports else ""
