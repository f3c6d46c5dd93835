"""Approvals asked on a terminal: what is shown, what is taken, what is asked again, and what ends a question."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from windlass.cli import questions
from windlass.clock import VirtualClock
from windlass.runs.model import Status, Step, StepKey

PERCENT = {"type": "integer", "maximum": 100, "default": 10}
WHERE = {"type": "string", "enum": ["eu", "us"]}


def waiting(name="ask", *, item="", message=None, required=(), **inputs):
    asked = {"message": message, "inputs": {"properties": inputs, "required": list(required)}}
    return Step(StepKey(name, item), Status.WAITING, detail={"approval": asked, "votes": []})


@pytest.fixture
def terminal(monkeypatch, capsys):
    """Types lines, and gives the answers and what was shown since."""
    ours, theirs = os.pipe()
    monkeypatch.setattr(questions, "STDIN", ours)
    answers = []
    asking = questions.Questions("ada", VirtualClock(), answers.append)

    def typed(text):
        os.write(theirs, text.encode())
        asking.look()
        return capsys.readouterr().err

    typed.asking, typed.answers, typed.end = asking, answers, lambda: os.close(theirs)
    yield typed
    os.close(ours)


def said(terminal):
    return [(a.key.path, a.key.item, a.approve, a.comment, a.inputs) for a in terminal.answers]


def test_a_question_with_answers(terminal, capsys):
    terminal.asking.changed([waiting(message="Ship?", required=["where"], percent=PERCENT, where=WHERE)])
    assert capsys.readouterr().err == "ask asks: Ship?\npercent (integer) [10]: "
    assert terminal("200\n") == "  must be at most 100, is 200\npercent (integer) [10]: "
    assert terminal("many\n") == '  must be an integer, not "many"\npercent (integer) [10]: '
    assert terminal("\n") == "where (eu, us): "
    assert terminal("\n") == "  is required\nwhere (eu, us): "
    assert "must be one of eu, us" in terminal("asia\n")
    assert terminal("eu\n") == "Approve? (y/n) "
    assert terminal("what\n").startswith("  y or n")
    assert terminal("y\n") == "Comment, or Enter: "
    terminal("looks fine\n")
    assert said(terminal) == [("ask", "", True, "looks fine", {"where": "eu"})]
    assert terminal.answers[0].decides
    assert terminal.answers[0].who == "ada"


def test_no(terminal):
    terminal.asking.changed([waiting()])
    terminal("n\n\n")
    assert said(terminal) == [("ask", "", False, None, {})]


def test_lines_may_come_in_pieces_and_ahead(terminal):
    terminal.asking.changed([waiting(item="0"), waiting(item="1")])
    for piece in ("y", "\nfirst", "\nn\nsecond\n"):
        terminal(piece)
    assert said(terminal) == [("ask", "0", True, "first", {}), ("ask", "1", False, "second", {})]


def test_the_end_of_input_rejects(terminal):
    terminal.asking.changed([waiting(percent=PERCENT)])
    terminal.end()
    terminal.asking.look()
    assert said(terminal) == [("ask", "", False, "the input ended", {})]


def test_a_question_is_withdrawn(terminal, capsys):
    step = waiting()
    terminal.asking.changed([step, waiting("next")])
    terminal.asking.changed([replace(step, status=Status.FAILED, message="nobody answered")])
    shown = capsys.readouterr().err
    assert "ask has ended without an answer: nobody answered\nnext asks: approve?" in shown
    terminal("y\n\n")
    assert said(terminal) == [("next", "", True, None, {})]


def test_what_is_shown_cannot_drive_the_terminal(terminal, capsys):
    terminal.asking.changed([waiting(message="\x1b[2Jgo?")])
    assert "\x1b" not in capsys.readouterr().err
