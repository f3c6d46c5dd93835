"""Objects of a bucket and files of the working directory: up, down, listed, deleted, made equal."""

import json
import os
import re
import signal
import sys
import time

from bucket import Bucket, Failed, keys_from, pieces, region_of

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_NAMED = 10_000  # keys in the output
MOST_PARTS = 10_000
LONGEST = 1 << 20
WEEK = 7 * 86400
MIME = {".json": "application/json", ".yaml": "application/yaml", ".yml": "application/yaml", ".md": "text/markdown"}


class TimeUp(BaseException):
    """No library may take this for an error of its own."""


def secret(name):
    return os.environ.get("INPUT_" + name.upper().replace("-", "_"), "")


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


class Work:
    """What one step does in one bucket, counted."""

    def __init__(self, given, bucket):
        self.given, self.bucket = given, bucket
        self.keys, self.count, self.bytes = [], 0, 0

    def counts(self, key, size, said=""):
        self.count, self.bytes = self.count + 1, self.bytes + size
        if len(self.keys) < MOST_NAMED:
            self.keys.append(key)
        if said:
            print(f"{said} s3://{self.bucket.name}/{key} ({size} bytes)", flush=True)

    @property
    def prefix(self):
        key = self.given.get("key") or ""
        return key if key.endswith("/") or not key else f"{key}/"

    @property
    def path(self):
        path = self.given.get("path")
        if not path:
            raise Failed(f"{self.given['command']} needs a path of the working directory")
        return path

    def listed(self, prefix):
        """(key, size, etag) of every object below, a page of 1,000 at a time."""
        more = {}
        while True:
            query = {"list-type": "2", "prefix": prefix, "encoding-type": "url", **more}
            text = self.bucket.ask("GET", query=query)[1].decode("utf-8", "replace")
            if "<ListBucketResult" not in text:
                raise Failed(f"{self.bucket.host}: the answer is no list of a bucket: is it S3 that answers there?")
            for one in re.findall(r"<Contents>(.*?)</Contents>", text, re.DOTALL):
                yield unquoted(inner(one, "Key")), int(inner(one, "Size") or 0), plain(inner(one, "ETag"))
            token = inner(text, "NextContinuationToken")
            if not token or inner(text, "IsTruncated") != "true":
                return
            more = {"continuation-token": plain(token, quotes=False)}

    def send(self, path, key):
        size = os.path.getsize(path)
        part = self.given["part-size"] << 20
        kind = self.given.get("content-type") or MIME.get(os.path.splitext(path)[1].lower()) or kind_of(path)
        if size > part:
            self.send_parts(path, key, size, max(part, -(-size // MOST_PARTS)), kind)
        else:
            self.bucket.ask("PUT", key, body=(path, 0, size), headers={"content-type": kind})
        self.counts(key, size, "sent")

    def send_parts(self, path, key, size, part, kind):
        text = self.bucket.ask("POST", key, {"uploads": ""}, headers={"content-type": kind})[1].decode()
        upload = plain(inner(text, "UploadId"), quotes=False)
        try:
            done = []
            for number, offset in enumerate(range(0, size, part), 1):
                query = {"partNumber": str(number), "uploadId": upload}
                headers, _ = self.bucket.ask("PUT", key, query, (path, offset, min(part, size - offset)))
                tag = next((value for name, value in headers.items() if name.lower() == "etag"), "")
                done.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
            body = f"<CompleteMultipartUpload>{''.join(done)}</CompleteMultipartUpload>".encode()
            answer = self.bucket.ask("POST", key, {"uploadId": upload}, body)[1].decode("utf-8", "replace")
            if "<Error>" in answer:  # with status 200
                raise Failed(f"s3://{self.bucket.name}/{key}: {inner(answer, 'Code')}: {inner(answer, 'Message')}")
        except BaseException:
            signal.setitimer(signal.ITIMER_REAL, 10)  # parts that are left cost money
            self.bucket.close()
            self.bucket.ask("DELETE", key, {"uploadId": upload})
            raise

    def fetch(self, key, path):
        """The file is there only when all of it is."""
        target = inside(path)
        unfinished = f"{target}.unfinished"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            with open(unfinished, "wb") as file:
                self.bucket.ask("GET", key, into=file)
            os.replace(unfinished, target)
        finally:
            if os.path.exists(unfinished):
                os.unlink(unfinished)
        self.counts(key, os.path.getsize(target), "fetched")

    def remove(self, key, size=0):
        self.bucket.ask("DELETE", key)
        self.counts(key, size, "deleted")


def kind_of(path):
    import mimetypes  # here: it is for uploads alone, and each import is paid for by every step

    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def inner(text, tag):
    found = re.search(f"<{tag}>([^<]*)</{tag}>", text)
    return found[1] if found else ""


def plain(text, *, quotes=True):
    for name, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#34;", '"'), ("&amp;", "&")):
        text = text.replace(name, character)
    return text.strip('"') if quotes else text


def unquoted(key):
    from urllib.parse import unquote_plus

    return unquote_plus(plain(key, quotes=False))


def inside(path):
    """The real place of a file to be written; a key may hold `..` and a folder may be a link."""
    real, here = os.path.realpath(path), os.path.realpath(".")
    if not real.startswith(here.rstrip("/") + "/") or "\0" in path:
        raise Failed(f"{path} leads out of the working directory")
    return real


def files_below(folder):
    """(path, name below the folder), past no link."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path, os.path.relpath(path, folder)


def meant(path):
    """(path, name) of the files to be sent: one file, a folder with all below it, or a glob."""
    if os.path.isfile(path):
        return [(path, os.path.basename(path))]
    if os.path.isdir(path):
        return list(files_below(path))
    if re.search(r"[*?\[]", path):
        import glob

        parts = path.split("/")
        base = "/".join(parts[: next(at for at, part in enumerate(parts) if re.search(r"[*?\[]", part))])
        names = sorted(one for one in glob.glob(path, recursive=True) if os.path.isfile(one))
        if names:
            return [(one, os.path.relpath(one, base or ".")) for one in names]
    raise Failed(f"path: there is nothing at {path}")


def upload(work):
    key, files = work.given.get("key") or "", meant(work.path)
    single = os.path.isfile(work.path) and key and not key.endswith("/")
    for path, name in files:
        work.send(path, key if single else work.prefix + name)


def download(work):
    key = work.given.get("key") or ""
    if key and not key.endswith("/"):
        path = work.path
        return work.fetch(key, os.path.join(path, os.path.basename(key)) if path.endswith("/") else path)
    for name, _, _ in work.listed(key):
        if not name.endswith("/"):  # what consoles make to show a folder
            work.fetch(name, os.path.join(work.path, name[len(key) :]))
    if not work.count:
        raise Failed(f"s3://{work.bucket.name}/{key}: there is nothing below it")
    return None


def list_(work):
    for key, size, _ in work.listed(work.given.get("key") or ""):
        work.counts(key, size)
    print(f"{work.count} objects, {work.bytes} bytes")


def delete(work):
    key = work.given.get("key") or ""
    if not key:
        raise Failed("delete needs a key; one that ends with / means all objects below")
    if not key.endswith("/"):
        return work.remove(key)
    for name, size, _ in list(work.listed(key)):
        work.remove(name, size)
    return None


def same(path, size, tag):
    """An object that came in parts has a tag that says nothing of its bytes: its size has to do."""
    if os.path.getsize(path) != size:
        return False
    if "-" in tag:
        return True
    import hashlib

    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces(path, 0, size):
        digest.update(piece)
    return digest.hexdigest() == tag


def sync_up(work):
    if not os.path.isdir(work.path):
        raise Failed(f"path: {work.path} is no folder")
    there = {key: (size, tag) for key, size, tag in work.listed(work.prefix)}
    for path, name in files_below(work.path):
        key = work.prefix + name
        if key not in there or not same(path, *there[key]):
            work.send(path, key)
        there.pop(key, None)
    if work.given.get("delete"):
        for key, (size, _) in there.items():
            work.remove(key, size)


def sync_down(work):
    folder = work.path
    inside(os.path.join(folder, "x"))
    os.makedirs(folder, exist_ok=True)
    here = {name: path for path, name in files_below(folder)}
    for key, size, tag in work.listed(work.prefix):
        name = key[len(work.prefix) :]
        if name and not name.endswith("/"):
            path = here.pop(name, None)
            if path is None or not same(path, size, tag):
                work.fetch(key, os.path.join(folder, name))
    if work.given.get("delete"):
        for path in here.values():
            os.unlink(path)


def presign(work):
    expires = int(seconds(work.given.get("expires") or "1h"))
    if not 1 <= expires <= WEEK:
        raise Failed("expires is between 1s and 7d")
    if not work.bucket.keys[0]:
        raise Failed("presign needs keys: access-key and secret-key, or those of the environment")
    key = work.given.get("key") or ""
    if not key or key.endswith("/"):
        raise Failed("presign needs the key of one object")
    print(f"a URL to {work.given['method']} s3://{work.bucket.name}/{key} for {work.given.get('expires')}")
    work.counts(key, 0)
    return work.bucket.presigned(work.given["method"], key, expires)


COMMANDS = {
    "upload": upload,
    "download": download,
    "list": list_,
    "delete": delete,
    "sync-up": sync_up,
    "sync-down": sync_down,
    "presign": presign,
}


def time_up(_signal, _frame):
    raise TimeUp


def main():
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    limit, started = given.get("timeout") or "30m", time.monotonic()
    signal.signal(signal.SIGALRM, time_up)
    signal.setitimer(signal.ITIMER_REAL, max(seconds(limit), 0.001))
    try:
        endpoint = given.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL") or ""
        bucket = Bucket(given["bucket"], region_of(given), endpoint, keys_from(os.environ, given, secret))
        work = Work(given, bucket)
        url = COMMANDS[given["command"]](work)
    except Failed as error:
        sys.exit(f"s3: {error}")
    except TimeUp:
        sys.exit(f"s3: not done within {limit}")
    except OSError as error:
        sys.exit(f"s3: {f'{error.filename}: ' if error.filename else ''}{error.strerror}")
    while len(json.dumps(work.keys, ensure_ascii=False).encode("utf-8", "replace")) > LONGEST:
        work.keys = work.keys[: len(work.keys) // 2]
    outputs = {"objects": work.keys, "count": work.count, "bytes": work.bytes, "url": url or ""}
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(json.dumps(outputs, separators=(",", ":")) + "\n")
    print(f"{work.count} objects in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
