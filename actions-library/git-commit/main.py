"""Puts files of the working directory into a branch of a repository: clone, commit, push, again when it has moved."""

import glob
import json
import os
import shutil
import sys
import tempfile

from git import Failed, Git, checked_ref, checked_url

TRIES = 3
BEHIND = ("fetch first", "non-fast-forward", "cannot lock ref", "reference already exists")


def given(name):
    return os.environ.get("INPUT_" + name, "")


def files():
    """(file, its path in the repository): a folder keeps its last name, as a glob's match does."""
    result, here = {}, os.path.realpath(".")
    for pattern in json.loads(given("FROM")):
        matches = sorted(glob.glob(pattern, include_hidden=True))
        if not matches:
            raise Failed(f"from: there is nothing at {pattern}")
        for path in matches:
            if not os.path.realpath(path).startswith(here + "/"):
                raise Failed(f"from: {path} is not in the working directory")
            result |= {one: os.path.relpath(one, os.path.dirname(path.rstrip("/")) or ".") for one in below(path)}
    return result


def below(path):
    if os.path.islink(path):
        raise Failed(f"from: {path} is a link, and links are not followed")
    if not os.path.isdir(path):
        return [path]
    return [one for name in sorted(os.listdir(path)) if name != ".git" for one in below(os.path.join(path, name))]


def put(found, folder, to):
    """Nothing is written through a link that the repository holds."""
    root = os.path.realpath(folder)
    for path, name in found.items():
        target = os.path.normpath(os.path.join(folder, to, name))
        parent = os.path.dirname(target)
        if not (os.path.realpath(parent) + "/").startswith(root + "/") or ".git" in os.path.relpath(
            target, folder
        ).split("/"):
            raise Failed(f"to: {os.path.join(to, name)} leads out of the repository")
        os.makedirs(parent, exist_ok=True)
        if os.path.islink(target):
            os.unlink(target)
        shutil.copy(path, target)


def attempt(folder, found, git, branch):
    """(commit, whether there was anything to commit). Raises Failed."""
    url, to = given("URL"), given("TO")
    git("init", "--quiet", "--template=", f"--initial-branch={branch}")
    git("remote", "add", "--", "origin", url)
    there = git("ls-remote", "origin", f"refs/heads/{branch}")[1]
    if there:
        git("fetch", "--quiet", "--depth=1", "origin", f"refs/heads/{branch}")
        git("checkout", "--quiet", "-B", branch, "FETCH_HEAD")
    put(found, folder, to)
    git("add", "--all", "--force", "--", to or ".")
    if there and git("diff", "--cached", "--quiet", fine=(0, 1))[0] == 0:
        return git("rev-parse", "HEAD")[1], False
    roles = [(role, part) for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")]
    who = {f"GIT_{role}_{part}": given(f"AUTHOR_{part}") for role, part in roles}
    git("-c", "commit.gpgSign=false", "commit", "--quiet", "--message", given("MESSAGE"), env=who)
    git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    return git("rev-parse", "HEAD")[1], True


def commit():
    url, branch, to = checked_url(given("URL")), checked_ref(given("BRANCH")), given("TO")
    if os.path.isabs(to) or ".." in to.split("/"):
        raise Failed(f"to: {to} leads out of the repository")
    if not given("MESSAGE").strip() or not branch:
        raise Failed("message and branch may not be empty")
    url = url if "://" in url or (":" in url and "/" not in url.partition(":")[0]) else os.path.realpath(url)
    os.environ["INPUT_URL"] = url  # a path is meant from here, not from the clone
    credential = (url, given("USERNAME") or "x-access-token", given("TOKEN")) if given("TOKEN") else None
    found = files()
    for number in range(1, TRIES + 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                return attempt(folder, found, Git(folder, credential, given("TIMEOUT") or "30m"), branch)
            except Failed as error:
                if number == TRIES or not any(word in str(error) for word in BEHIND):
                    raise
        print("somebody else pushed meanwhile: once more, on top of that", flush=True)
    raise AssertionError


def main():
    try:
        found, changed = commit()
    except Failed as error:
        sys.exit(f"git-commit: {error}")
    except OSError as error:
        sys.exit(f"git-commit: {error.filename}: {error.strerror}")
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"commit={found}\nchanged={'true' if changed else 'false'}\n")
    print(
        f"pushed {found[:12]} to {given('BRANCH')}" if changed else f"{given('BRANCH')} has it all: nothing is pushed"
    )


if __name__ == "__main__":
    main()
