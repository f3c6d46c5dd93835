"""Programs of others that the tests run, built once from Go modules into the cache of this user.

In: names of `TOOLS`. Out: the folder of each, `~/.cache/windlass/go/NAME-VERSION-KEY`, printed one a line; what is
there already is only printed. Why from modules: they are pinned by the `go.mod` and `go.sum` of `scripts/go/NAME`, and
need neither a registry of images nor a release page.

A build goes into a folder beside and is renamed when it is whole: one that is killed leaves nothing that looks built
(and Go's own cache keeps what it had compiled). Two at once: the second waits for the first.

    scripts/go_tools.py etcd helm         builds what is missing
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "go"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "windlass"
BUILDING = 3000  # seconds


class CannotBuild(Exception):
    """Why, in words for the one who runs the tests."""


@dataclass(frozen=True)
class Tool:
    """A folder of `scripts/go` and what is built in it."""

    name: str
    module: str  # whose version is the tool's; "": our own
    programs: dict[str, str]  # name of a program → its package
    stamps: tuple[str, ...] = field(default=())  # variables that say the version, with {version}, {major} and {minor}

    @property
    def version(self) -> str:
        if not self.module:
            return "0.0"
        found = re.search(rf"^(?:require)?\s+{re.escape(self.module)} v(\S+)", self._go_mod.read_text(), re.MULTILINE)
        assert found is not None, f"{self._go_mod} does not require {self.module}"
        return found[1]

    @property
    def folder(self) -> Path:
        """Where it is once it is built. The key: everything that decides what is built."""
        what = [path.read_bytes() for path in sorted(self._go_mod.parent.iterdir())]
        key = hashlib.sha256(b"\0".join([*what, repr(self).encode()])).hexdigest()[:10]
        return CACHE / "go" / f"{self.name}-{self.version}-{key}"

    def program(self, name: str) -> Path:
        return self.folder / name

    @property
    def _go_mod(self) -> Path:
        return MODULES / self.name / "go.mod"

    @property
    def go_wanted(self) -> str:
        found = re.search(r"^go (\d+\.\d+)", self._go_mod.read_text(), re.MULTILINE)
        assert found is not None
        return found[1]


_STAMP = "k8s.io/component-base/version."
TOOLS = {
    tool.name: tool
    for tool in (
        Tool("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"}),
        Tool(
            "kubernetes",
            "k8s.io/kubernetes",
            {
                name: f"k8s.io/kubernetes/cmd/{name}"
                for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
            },
            (f"{_STAMP}gitVersion=v{{version}}", f"{_STAMP}gitMajor={{major}}", f"{_STAMP}gitMinor={{minor}}"),
        ),
        Tool(
            "helm",
            "helm.sh/helm/v4",
            {"helm": "helm.sh/helm/v4/cmd/helm"},
            ("helm.sh/helm/v4/internal/version.version=v{version}",),
        ),
        Tool(
            "kubeconform",
            "github.com/yannh/kubeconform",
            {"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"},
        ),
        Tool("kwok", "sigs.k8s.io/kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
        Tool("pause", "", {"pause": "."}),
        Tool(
            "sops",
            "github.com/getsops/sops/v3",
            {"sops": "github.com/getsops/sops/v3/cmd/sops", "age-keygen": "filippo.io/age/cmd/age-keygen"},
        ),
        Tool("tofu", "github.com/opentofu/opentofu", {"tofu": "github.com/opentofu/opentofu/cmd/tofu"}),
    )
}


def why_not(tool: Tool) -> str | None:
    """Why it can neither be found nor built here; None: it can."""
    if tool.folder.exists():
        return None
    if _go() is None:
        return f"{tool.name} is built by Go {tool.go_wanted}, which is missing: https://go.dev/doc/install"
    said = subprocess.run([str(_go()), "env", "GOVERSION", "GOTOOLCHAIN"], capture_output=True, text=True, check=False)
    version, _, toolchain = said.stdout.partition("\n")
    if toolchain.strip() == "local" and _numbers(version.removeprefix("go")) < _numbers(tool.go_wanted):
        return f"{tool.name} is built by Go {tool.go_wanted}, and there is {version}: https://go.dev/doc/install"
    return None


def _go() -> str | None:
    """Where PATH has it, else where its own instructions put it."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def built(tool: Tool) -> Path:
    """Its folder, built when it is not there. Raises CannotBuild."""
    if tool.folder.exists():
        return tool.folder
    reason = why_not(tool)
    if reason is not None:
        raise CannotBuild(reason)
    tool.folder.parent.mkdir(parents=True, exist_ok=True)
    with (tool.folder.parent / f"{tool.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tool.folder.exists():
            _build(tool)
    return tool.folder


def _build(tool: Tool) -> None:
    making = tool.folder.with_name(f"{tool.folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    started = time.monotonic()
    print(f"Building {tool.name} {tool.version} (once; minutes)", file=sys.stderr, flush=True)
    for name, package in tool.programs.items():
        _compile(tool, package, making / name)
        print(f"  {name}: {time.monotonic() - started:.0f} s since the start", file=sys.stderr, flush=True)
    making.rename(tool.folder)


def _compile(tool: Tool, package: str, target: Path) -> None:
    major, minor, *_ = tool.version.split(".")
    stamps = " ".join(f"-X {stamp.format(version=tool.version, major=major, minor=minor)}" for stamp in tool.stamps)
    command = [
        str(_go()),
        "build",
        "-mod=readonly",
        "-trimpath",
        f"-ldflags=-s -w {stamps}",
        "-o",
        str(target),
        package,
    ]
    env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    folder = MODULES / tool.name
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=BUILDING, check=False
        )
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"{tool.name} {tool.version} was not built within {BUILDING} seconds") from None
    if done.returncode != 0:
        raise CannotBuild(f"{tool.name} {tool.version} cannot be built here: {done.stderr[-2000:]}")


def main(names: list[str]) -> int:
    for name in names:
        try:
            print(built(TOOLS[name]))
        except CannotBuild as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
