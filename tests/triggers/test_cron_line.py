"""Cron lines: what is read, what is refused, and where the finger points (fine print, "Cron"; C02)."""

from __future__ import annotations

import pytest

from windlass.triggers.cron import CronError, parse_cron


@pytest.mark.parametrize(
    ("line", "field", "values"),
    [
        ("5 * * * *", "minutes", (5,)),
        ("05 * * * *", "minutes", (5,)),
        ("*/20 * * * *", "minutes", (0, 20, 40)),
        ("10/20 * * * *", "minutes", (10, 30, 50)),
        ("10-30/10 * * * *", "minutes", (10, 20, 30)),
        ("1,5-7,5 * * * *", "minutes", (1, 5, 6, 7)),
        ("0 0-23/6 * * *", "hours", (0, 6, 12, 18)),
        ("0 0 1 jan,Mar-MAY *", "months", (1, 3, 4, 5)),
        ("0 0 * * mon-FRI", "weekdays", (1, 2, 3, 4, 5)),
        ("0 0 * * 7", "weekdays", (0,)),
        ("0 0 * * 5-7", "weekdays", (0, 5, 6)),
        ("0 0 * * 1/2", "weekdays", (1, 3, 5)),
        ("*/30 * * * * *", "seconds", (0, 30)),
        ("0 5 * * * *", "minutes", (5,)),
        ("\t 5  *\t* * * \n", "minutes", (5,)),
        ("59/1 * * * *", "minutes", (59,)),
        ("0 0 29 2 *", "days", (29,)),
    ],
)
def test_a_line_is_read(line: str, field: str, values: tuple[int, ...]) -> None:
    assert getattr(parse_cron(line), field) == values


def test_five_fields_fire_at_second_zero() -> None:
    assert parse_cron("5 * * * *").seconds == (0,)


@pytest.mark.parametrize(
    ("line", "token", "words"),
    [
        ("61 * * * *", "61", "minute is 0 to 59"),
        ("* 24 * * *", "24", "hour is 0 to 23"),
        ("* * 0 * *", "0", "day of month is 1 to 31"),
        ("* * * 13 *", "13", "month is 1 to 12"),
        ("* * * * 8", "8", "weekday is 0 to 7"),
        ("60 * * * * *", "60", "second is 0 to 59"),
        ("0 0 1 FOO *", "FOO", "month is 1 to 12 or JAN to DEC"),
        ("* * * * 1,MONDAY", "MONDAY", "weekday"),
        ("* * ? * *", "?", "not supported"),
        ("* * L * *", "L", "not supported"),
        ("* * LW * *", "L", "not supported"),
        ("* * 15W * *", "W", "not supported"),
        ("* * * * 5L", "L", "not supported"),
        ("* * * * 1#2", "#", "not supported"),
        ("@daily", "@daily", "macros"),
        ("@reboot", "@reboot", "macros"),
        ("5-1 * * * *", "5-1", "goes upwards"),
        ("* * * * FRI-SUN", "FRI-SUN", "goes upwards"),
        ("*/0 * * * *", "0", "step"),
        ("*/61 * * * *", "61", "step"),
        ("1,,2 * * * *", ",", "missing"),
        ("1/ * * * *", "1/", "is no minute"),
        ("-1 * * * *", "-1", "is no minute"),
        ("*5 * * * *", "*5", "is no minute"),
        ("５ * * * *", "５", "is no minute"),
        ("H * * * *", "H", "minute is 0 to 59"),
        ("0 0 31 2 *", "31", "never fires"),
        ("0 0 30,31 2 *", "30,31", "never fires"),
        ("0 0 31 4,6,9,11 *", "31", "never fires"),
        ("99999999999999999999 * * * *", "99999999999999999999", "minute is 0 to 59"),
    ],
)
def test_a_mistake_is_shown_at_its_token(line: str, token: str, words: str) -> None:
    with pytest.raises(CronError, match=words) as caught:
        parse_cron(line)
    error = caught.value
    assert line[error.offset : error.offset + error.length] == token


@pytest.mark.parametrize("line", ["", "  ", "* * * *", "* * * * * * *", "0 0 * * * ; rm"])
def test_the_number_of_fields(line: str) -> None:
    with pytest.raises(CronError, match="five fields"):
        parse_cron(line)


def test_an_endless_line_is_refused_at_once() -> None:
    with pytest.raises(CronError, match="at most"):
        parse_cron("1," * 500_000 + "1 * * * *")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("@daily", '"0 0 * * *"'),
        ("0 0 * * FRI-SUN", "FRI-7"),
        ("0 22-2 * * *", "22-23,0-2"),
        ("0 0 1 NOV-FEB *", "NOV-DEC,JAN-FEB"),
        ("0 0 * * MONDAY", "MON"),
        ("*/90 * * * *", "every"),
        ("0 0 ? * *", "*"),
    ],
)
def test_a_hint_says_what_to_write(line: str, hint: str) -> None:
    with pytest.raises(CronError) as caught:
        parse_cron(line)
    assert hint in (caught.value.hint or "")


def test_c02_both_day_fields_never_make_a_line_that_cannot_fire() -> None:
    assert parse_cron("0 0 31 2 1").days == (31,)
