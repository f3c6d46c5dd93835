"""Archives: made of files, and unpacked where nothing in them can reach anything else."""

import os
import shutil
import tarfile
import zipfile
import zlib
from lzma import LZMAError

from places import Failed, clear, folder_for, root_of, tree

TAR = {".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tar.xz": "xz"}
ENDINGS = (*TAR, ".zip")
MOST_MEMBERS = 1_000_000
CHUNK = 1 << 20
BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, LZMAError, NotImplementedError, RuntimeError)


def ending_of(path):
    ending = next((ending for ending in sorted(ENDINGS, key=len, reverse=True) if path.lower().endswith(ending)), None)
    if ending is None:
        raise Failed(f"{path} is no archive by its name: it ends in one of {' '.join(ENDINGS)}")
    return ending


def create(things, to):
    """The number of files in it. It is there when it is complete."""
    folder_for(to, root_of(os.path.dirname(to) or "."))
    clear(to)
    members = [one for path, name in things.items() for one in tree(path, name) if path != to and one[0] != to]
    members = [(content(path, kind), name, kind) for path, name, kind in members]
    unfinished, ending = f"{to}.unfinished", ending_of(to)
    clear(unfinished)
    try:
        write_zip(unfinished, members) if ending == ".zip" else write_tar(unfinished, members, TAR[ending])
        os.replace(unfinished, to)
    finally:
        if os.path.lexists(unfinished):
            os.unlink(unfinished)
    return sum(kind != "folder" for _, _, kind in members)


def content(path, kind):
    """A link to a file of the working directory is kept as that file; another one would be refused when unpacked."""
    if kind != "link":
        return path
    real = os.path.realpath(path)
    if not os.path.isfile(real) or not real.startswith(os.path.realpath(".") + "/"):
        raise Failed(f"{path} is a link to something that is no file of the working directory")
    return real


def write_tar(target, members, compression):
    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    # A file with two names is kept twice: links would be refused when unpacked.
    with tarfile.open(target, f"w:{compression}", dereference=True) as archive:
        for path, name, _ in members:
            archive.inodes = {}
            archive.add(path, name, recursive=False, filter=plain)


def write_zip(target, members):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path, name, _ in members:
            archive.write(path, name)


def extract(path, to, limit):
    """The number of files. Everything is looked at before anything is written. `limit`: bytes."""
    root = root_of(to)
    try:
        if ending_of(path) == ".zip":
            with zipfile.ZipFile(path) as archive:
                return unpack([ZipMember(archive, one) for one in archive.infolist()], path, root, limit)
        with tarfile.open(path, "r:*") as archive:
            return unpack([TarMember(archive, one) for one in limited(archive, path)], path, root, limit)
    except BROKEN as error:
        why = str(error).partition(":\n")[0] or type(error).__name__
        raise Failed(f"{path} cannot be read as an archive: {why}") from None


def limited(archive, path):
    for number, member in enumerate(archive):
        if number >= MOST_MEMBERS:
            raise Failed(f"{path} has more than {MOST_MEMBERS} members")
        yield member


class TarMember:
    def __init__(self, archive, member):
        self.name, self.size, self.mode = member.name, member.size if member.isreg() else 0, member.mode
        self.kind = "file" if member.isreg() else "folder" if member.isdir() else "link or special file"
        self.open = lambda: archive.extractfile(member)


class ZipMember:
    def __init__(self, archive, member):
        mode = member.external_attr >> 16
        self.name, self.size, self.mode = member.filename, member.file_size, mode or 0o644
        plain = mode & 0o170000 in (0, 0o100000, 0o040000)
        self.kind = "link or special file" if not plain else "folder" if member.is_dir() else "file"
        self.open = lambda: archive.open(member)


def unpack(members, path, root, limit):
    if len(members) > MOST_MEMBERS:
        raise Failed(f"{path} has more than {MOST_MEMBERS} members")
    for member in members:
        check(member, path)
    if sum(member.size for member in members) > limit:
        raise Failed(f"{path} unpacks to more than {limit >> 20} MiB: raise limit if that is meant")
    for member in members:
        target = os.path.join(root, os.path.normpath(member.name))
        if member.kind == "folder":
            folder_for(os.path.join(target, "x"), root)
        else:
            write(member, target, root)
    return sum(member.kind == "file" for member in members)


def check(member, path):
    name = member.name
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or not name.strip("/"):
        raise Failed(f"{path} is refused: its member {name!r} leads out of the folder")
    if member.kind not in ("file", "folder"):
        raise Failed(f"{path} is refused: its member {name!r} is a {member.kind}")


def write(member, target, root):
    folder_for(target, root)
    clear(target)
    with member.open() as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
        os.fchmod(file.fileno(), member.mode & 0o755 | 0o600)
