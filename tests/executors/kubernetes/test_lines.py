"""A log that is read again and again is one stream: no gap, no double, wherever a connection breaks."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from windlass.executors.kubernetes.lines import Lines, Position

START = 1_700_000_000_000_000_000
# Several lines of the same nanosecond, of the same second, and of later ones.
STEPS = st.sampled_from([0, 0, 1, 1000, 999_999_999, 3_000_000_000])
CONTENT = st.binary(max_size=12).map(lambda text: text.replace(b"\n", b" "))
WRITTEN = st.lists(st.tuples(STEPS, CONTENT), min_size=1, max_size=12)


def stamp(nanos: int) -> bytes:
    whole = datetime.fromtimestamp(nanos // 1_000_000_000, UTC)
    digits = f"{nanos % 1_000_000_000:09d}".rstrip("0")  # as Go's RFC3339Nano
    return f"{whole:%Y-%m-%dT%H:%M:%S}{'.' + digits if digits else ''}Z".encode()


class Kubelet:
    """What a program has written, as lines with their times; the last one may have no end yet."""

    def __init__(self, written: list[tuple[int, bytes]], *, ended: bool) -> None:
        self.lines, now = [], START
        for step, content in written:
            now += step
            self.lines.append((now, content))
        self.ended = ended

    @property
    def text(self) -> bytes:
        text = b"".join(content + b"\n" for _, content in self.lines)
        return text if self.ended else text[:-1]

    def answer(self, since: str | None, rotated: int = 0) -> bytes:
        oldest = int(datetime.fromisoformat(since).timestamp()) * 1_000_000_000 if since else 0
        shown = b"".join(stamp(at) + b" " + text + b"\n" for at, text in self.lines[rotated:] if at >= oldest)
        return shown if self.ended or not shown else shown[:-1]


def read(lines: Lines, answer: bytes, cuts: list[int]) -> bytes:
    lines.begin()
    places = sorted({cut % (len(answer) + 1) for cut in cuts} | {0, len(answer)})
    pieces = [answer[a:b] for a, b in itertools.pairwise(places)]
    return b"".join(data for piece in pieces for _, data in lines.feed(piece))


@given(WRITTEN, st.booleans(), st.lists(st.integers(0, 2000), max_size=6), st.lists(st.integers(0, 2000), max_size=4))
def test_wherever_it_breaks_and_however_it_comes(
    written: list[tuple[int, bytes]], ended: bool, breaks: list[int], cuts: list[int]
) -> None:
    kubelet, lines, seen = Kubelet(written, ended=ended), Lines(), b""
    for broken in breaks:
        answer = kubelet.answer(lines.since)
        seen += read(lines, answer[: broken % (len(answer) + 1)], cuts)
        lines = Lines(Position.read(lines.position.to_json()))  # as after a restart
    seen += read(lines, kubelet.answer(lines.since), cuts)
    assert seen == kubelet.text
    assert not lines.gap
    assert lines.complaint is None


def test_lines_that_nobody_has_any_more_are_a_gap() -> None:
    kubelet = Kubelet([(1, b"a"), (1, b"b"), (1, b"c"), (1, b"d")], ended=True)
    lines = Lines()
    answer = kubelet.answer(None)
    assert read(lines, answer[: answer.index(b"b")], []) == b"a\n"
    assert read(lines, kubelet.answer(lines.since, rotated=2), []) == b"c\nd\n"
    assert lines.gap


def test_what_is_no_log_is_said() -> None:
    lines = Lines()
    assert read(lines, b'failed to try resolving symlinks in path "/var/log/pods/x": no such file\n', []) == b""
    assert "no such file" in (lines.complaint or "")


def test_a_kubelet_that_cannot_follow_says_so_in_the_middle_of_a_line() -> None:
    lines, words = Lines(), b"failed to create fsnotify watcher: too many open files"
    kubelet = Kubelet([(1, b"a"), (1, b"end")], ended=False)
    lines.begin(follows=True)
    assert b"".join(data for _, data in lines.feed(kubelet.answer(None) + words)) == b"a\nend"
    assert lines.complaint == words.decode()
    kubelet = Kubelet([(1, b"a"), (1, b"end" + words)], ended=False)  # the program itself, which is asked for at last
    assert read(lines, kubelet.answer(lines.since), []) == words
