"""Puts a git repository into the working directory, at a branch, a tag or a commit."""

import os
import re
import sys

from git import Failed, Git, checked_ref, checked_url


def given(name):
    return os.environ.get("INPUT_" + name, "")


def target(url):
    name = given("PATH") or re.sub(r"\.git$", "", url.rstrip("/")).rpartition("/")[2].rpartition(":")[2] or "repository"
    path = os.path.realpath(name)
    if ".." in name.split("/") or not path.startswith(os.path.realpath(".") + "/"):
        raise Failed(f"path: {name} leads out of the working directory")
    if os.path.isdir(path) and os.listdir(path):
        raise Failed(f"path: there is something in {name} already")
    return name


def clone():
    url, ref, depth = checked_url(given("URL")), checked_ref(given("REF")), int(given("DEPTH") or 1)
    path = target(url)
    credential = (url, given("USERNAME") or "x-access-token", given("TOKEN")) if given("TOKEN") else None
    os.makedirs(path, exist_ok=True)
    git = Git(path, credential, given("TIMEOUT") or "30m")
    git("init", "--quiet", "--template=")
    git("remote", "add", "--", "origin", url)
    git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    shallow = [f"--depth={depth}"] if depth else []
    wanted, branch = which(git, ref)
    if not depth:
        git("fetch", "--quiet", "--tags", "origin")
    git("fetch", "--quiet", *shallow, "origin", wanted)
    if branch:
        git("update-ref", f"refs/remotes/origin/{branch}", "FETCH_HEAD")
        git("checkout", "--quiet", "-B", branch, "--track", f"origin/{branch}")
    else:
        git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    return path, branch, git("rev-parse", "HEAD")[1]


def which(git, ref):
    """(what is fetched, the branch that it is): a branch wins over a tag of the same name."""
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", ref):
        return ref, ""
    if not ref:
        found = re.match(r"ref: refs/heads/(\S+)\s+HEAD", git("ls-remote", "--symref", "origin", "HEAD")[1])
        if found is None:
            raise Failed("the repository has no branch that it stands on: is it empty? Say which ref is meant")
        return f"refs/heads/{found[1]}", found[1]
    short = re.sub(r"^refs/(heads|tags)/", "", ref)
    names = [line.split()[1] for line in git("ls-remote", "origin", ref)[1].splitlines() if len(line.split()) == 2]
    if f"refs/heads/{short}" in names:
        return f"refs/heads/{short}", short
    if f"refs/tags/{short}" in names:
        return f"refs/tags/{short}", ""
    raise Failed(f"the repository has no branch and no tag {ref}")


def main():
    try:
        path, branch, commit = clone()
    except Failed as error:
        sys.exit(f"git-clone: {error}")
    except OSError as error:
        sys.exit(f"git-clone: {error.filename}: {error.strerror}")
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"commit={commit}\npath={path}\nbranch={branch}\n")
    print(f"{path} is at {commit[:12]}{f', branch {branch}' if branch else ''}")


if __name__ == "__main__":
    main()
