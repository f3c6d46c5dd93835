"""An image from a folder, by the engine's API."""

import base64
import json
import os
import tempfile

from context import packed
from engine import Engine
from tool import Failed, secret, step, word


def named(given):
    """The image with its tag."""
    name = word(given, "image")
    if not name:
        folder = os.path.basename(os.path.normpath(os.path.join("/", given["context"])))
        name = (folder or os.environ.get("WINDLASS_REPOSITORY") or "image").lower()
    if ":" in name.rpartition("/")[2]:
        raise Failed(f"image: {name} has a tag already: write it in `tag`")
    return f"{name}:{given.get('tag') or 'latest'}"


def registry(image):
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "https://index.docker.io/v1/"


def credentials(given, image):
    """Headers for the build, which may pull, and for the push."""
    if not given.get("username"):
        return {}, {"X-Registry-Auth": coded({})}
    one = {"username": given["username"], "password": secret("password"), "serveraddress": registry(image)}
    return {"X-Registry-Config": coded({registry(image): one})}, {"X-Registry-Auth": coded(one)}


def coded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def wanted(given, image):
    yield "t", image
    yield "dockerfile", given.get("dockerfile") or "Dockerfile"
    yield from ((name, given[name]) for name in ("target", "platform") if given.get(name))
    yield from (("buildargs", texts(given, "build-args")), ("labels", texts(given, "labels")), ("forcerm", "1"))
    yield from ((key, "1") for key, name in (("pull", "pull"), ("nocache", "no-cache")) if given.get(name))


def texts(given, name):
    values = given.get(name) or {}
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return json.dumps(plain)


def act(given, private):
    image = named(given)
    folder = os.path.realpath(given["context"])
    inside = os.path.realpath(".")
    if folder != inside and not folder.startswith(f"{inside}/"):
        raise Failed(f"context: {given['context']} leads out of the working directory")
    if not os.path.isdir(folder):
        raise Failed(f"context: {given['context']} is no folder here: is `checkout: true` missing?")
    engine, (for_build, for_push) = Engine(), credentials(given, image)
    engine.ask()
    with tempfile.TemporaryFile(dir=private.folder) as archive:
        packed(folder, given.get("dockerfile") or "Dockerfile", archive)
        headers = {"Content-Type": "application/x-tar", **for_build}
        told = engine.follow("/build", dict(wanted(given, image)), archive, headers)
    found = {"image": image, "id": told.get("ID", "") or engine.json(f"/images/{image}/json")["Id"], "digest": ""}
    if given.get("push"):
        name, _, tag = image.rpartition(":")
        found["digest"] = engine.follow(f"/images/{name}/push", {"tag": tag}, None, for_push).get("Digest", "")
    return found


if __name__ == "__main__":
    step("docker-build", act)
