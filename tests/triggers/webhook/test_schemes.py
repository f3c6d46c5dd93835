"""Every scheme with its sender's published example, and what none of them lets through (W01, W05, W17)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from windlass.errors import UsageError
from windlass.triggers.webhook import SCHEMES, HookRequest, NoKeyError, VerificationError, check_secret, verify

NOW = 1_531_420_618_000  # the time of Slack's published example
KEY, OLD, FOREIGN = b"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", b"b2xkLWtleS1vbGQta2V5LW9sZA==", b"Zm9yZWlnbi1mb3JlaWduLWZvcg=="
BODY = b'{"id": "evt_1", "event_id": "Ev1", "ref": "refs/heads/main"}'
Headers = dict[str, str]


def request(headers: Mapping[str, str] | list[tuple[str, str]], body: bytes = BODY) -> HookRequest:
    pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
    return HookRequest("POST", tuple(pairs), {}, body)


def mac(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def github(key: bytes, body: bytes, now: int = NOW) -> Headers:
    return {"X-Hub-Signature-256": "sha256=" + mac(key, body), "X-GitHub-Delivery": "d-1"}


def gitlab(key: bytes, body: bytes, now: int = NOW) -> Headers:
    return {"X-Gitlab-Token": key.decode(), "Idempotency-Key": "d-1"}


def slack(key: bytes, body: bytes, now: int = NOW) -> Headers:
    time = str(now // 1000)
    signature = "v0=" + mac(key, f"v0:{time}:".encode() + body)
    return {"X-Slack-Request-Timestamp": time, "X-Slack-Signature": signature}


def stripe(key: bytes, body: bytes, now: int = NOW) -> Headers:
    time = str(now // 1000)
    return {"Stripe-Signature": f"t={time},v1={mac(key, time.encode() + b'.' + body)},v0=00"}


def standard(key: bytes, body: bytes, now: int = NOW) -> Headers:
    moment = datetime.fromtimestamp(now // 1000, UTC)
    signature = Webhook(key.decode()).sign("msg_1", moment, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(now // 1000), "webhook-signature": signature}


def plain(key: bytes, body: bytes, now: int = NOW) -> Headers:
    return {"X-Signature-256": mac(key, body)}


def token(key: bytes, body: bytes, now: int = NOW) -> Headers:
    return {"Authorization": f"Bearer {key.decode()}"}


SIGNERS: dict[str, Callable[..., Headers]] = {
    "github": github, "gitlab": gitlab, "slack": slack, "stripe": stripe, "standard": standard,
    "hmac-sha256": plain, "token": token,
}  # fmt: skip
SIGNED = [name for name in SIGNERS if name not in ("gitlab", "token")]
TIMED = ["slack", "stripe", "standard"]


def test_every_scheme_is_tested() -> None:
    assert set(SCHEMES) == {*SIGNERS, "none"}


# ---- published examples


def test_github_as_its_documentation_has_it() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    hook = request({"x-hub-signature-256": signature, "x-github-delivery": "72d3162e"}, b"Hello, World!")
    assert verify("github", hook, [b"It's a Secret to Everybody"], NOW, {}).delivery_id == "72d3162e"


def test_slack_as_its_documentation_has_it() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    assert verify("slack", request(headers, body), [b"8f742231b10e8888abcd99yyyzzz85a5"], NOW, {}).delivery_id is None


def test_standard_as_its_specification_has_it() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    hook = request(headers, b'{"test": 2432232314}')
    verified = verify("standard", hook, [b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], 1_614_265_330_000, {})
    assert verified.delivery_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"


# ---- what all of them let through


@pytest.mark.parametrize("scheme", SIGNERS)
def test_a_genuine_delivery_passes(scheme: str) -> None:
    expected = {"github": "d-1", "gitlab": "d-1", "slack": "Ev1", "stripe": "evt_1", "standard": "msg_1"}
    verified = verify(scheme, request(SIGNERS[scheme](KEY, BODY)), [KEY], NOW, {})
    assert verified.delivery_id == expected.get(scheme)


@pytest.mark.parametrize("scheme", SIGNERS)
@pytest.mark.parametrize("keys", [[OLD, KEY], [KEY, OLD]])
def test_w17_during_a_rotation_both_keys_are_valid(scheme: str, keys: list[bytes]) -> None:
    for key in (OLD, KEY):
        verify(scheme, request(SIGNERS[scheme](key, BODY)), keys, NOW, {})


@pytest.mark.parametrize("scheme", SIGNERS)
def test_header_names_have_no_case(scheme: str) -> None:
    headers = {name.swapcase(): value for name, value in SIGNERS[scheme](KEY, BODY).items()}
    verify(scheme, request(headers), [KEY], NOW, {})


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_are_tolerated(scheme: str, seconds: int) -> None:
    verify(scheme, request(SIGNERS[scheme](KEY, BODY)), [KEY], NOW + seconds * 1000, {})


def test_none_asks_for_nothing() -> None:
    assert verify("none", request({}), [], NOW, {}).delivery_id is None


def test_hmac_with_a_header_of_ones_own_and_an_id() -> None:
    headers = {"X-My": "sha256=" + mac(KEY, BODY).upper(), "X-Id": "7"}
    options = {"header": "X-My", "idHeader": "X-Id"}
    assert verify("hmac-sha256", request(headers), [KEY], NOW, options).delivery_id == "7"
    del headers["X-Id"]
    assert verify("hmac-sha256", request(headers), [KEY], NOW, options).delivery_id is None


def test_bearer_has_no_case() -> None:
    verify("token", request({"Authorization": "bearer " + KEY.decode()}), [KEY], NOW, {})


def test_a_key_that_is_not_ascii() -> None:
    key = "schlüssel".encode()
    verify("gitlab", request({"X-Gitlab-Token": key.decode("latin-1")}), [key], NOW, {})


def test_stripe_takes_one_of_several_signatures() -> None:
    header = stripe(KEY, BODY)["Stripe-Signature"]
    hook = request({"Stripe-Signature": header.replace(",v1=", ",v1=" + "0" * 64 + ",v1=")})
    verify("stripe", hook, [KEY], NOW, {})


def test_standard_takes_one_of_several_signatures() -> None:
    headers = standard(KEY, BODY)
    headers["webhook-signature"] = f"v1,{base64.b64encode(b'x' * 32).decode()} v1a,xx {headers['webhook-signature']}"
    verify("standard", request(headers), [KEY], NOW, {})


def test_an_id_of_any_length_is_kept_short_and_apart() -> None:
    ids = [
        verify("github", request({**github(KEY, BODY), "X-GitHub-Delivery": "x" * n}), [KEY], NOW, {}).delivery_id
        for n in (200, 5000, 5001)
    ]
    assert len(set(ids)) == 3
    assert all(one is not None and len(one) <= 200 for one in ids)


# ---- what none of them lets through


@pytest.mark.parametrize("scheme", SIGNERS)
def test_w01_no_signature(scheme: str) -> None:
    with pytest.raises(VerificationError, match="missing"):
        verify(scheme, request({}), [KEY], NOW, {})


@pytest.mark.parametrize("scheme", SIGNERS)
def test_w01_the_key_of_another_endpoint(scheme: str) -> None:
    with pytest.raises(VerificationError) as caught:
        verify(scheme, request(SIGNERS[scheme](FOREIGN, BODY)), [KEY, OLD], NOW, {})
    assert KEY.decode() not in str(caught.value)
    assert mac(KEY, BODY) not in str(caught.value)


@pytest.mark.parametrize("scheme", SIGNED)
def test_w01_another_body(scheme: str) -> None:
    with pytest.raises(VerificationError):
        verify(scheme, request(SIGNERS[scheme](KEY, BODY), BODY + b" "), [KEY], NOW, {})


@pytest.mark.parametrize("keys", [[], [b""], [b" \n"], [KEY, b""]])
@pytest.mark.parametrize("scheme", SIGNERS)
def test_w01_an_empty_key_lets_nobody_in(scheme: str, keys: list[bytes]) -> None:
    for key in (b"", KEY):
        signed = SIGNERS[scheme](KEY if scheme == "standard" else key, BODY)
        with pytest.raises(NoKeyError):
            verify(scheme, request(signed), keys, NOW, {})


@pytest.mark.parametrize("key", [b"", b"  \n", b"abc"])
def test_w01_an_empty_key_is_an_error_of_the_configuration(key: bytes) -> None:
    with pytest.raises(UsageError, match="SHOP_KEY"):
        check_secret("SHOP_KEY", key)
    check_secret("SHOP_KEY", KEY)


def test_w01_sha1_does_not_count() -> None:
    sha1 = hmac.new(KEY, BODY, hashlib.sha1).hexdigest()
    for headers in ({"X-Hub-Signature": "sha1=" + sha1}, {"X-Hub-Signature-256": "sha1=" + sha1}):
        with pytest.raises(VerificationError):
            verify("github", request(headers), [KEY], NOW, {})


@pytest.mark.parametrize("scheme", SIGNERS)
def test_a_header_that_comes_twice(scheme: str) -> None:
    headers = list(SIGNERS[scheme](KEY, BODY).items())
    for name, value in headers:
        for more in (value, "x"):
            with pytest.raises(VerificationError, match="twice"):
                verify(scheme, request([*headers, (name.lower(), more)]), [KEY], NOW, {})


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_old_or_future_signature_is_a_replay(scheme: str, seconds: int) -> None:
    with pytest.raises(VerificationError, match="five minutes"):
        verify(scheme, request(SIGNERS[scheme](KEY, BODY)), [KEY], NOW + seconds * 1000, {})


@pytest.mark.parametrize("scheme", SIGNERS)
@pytest.mark.parametrize(
    "junk", ["", "=", ",", "v1,", "v1", "sha256=", "v0=", "t=,v1=", "é" * 50, "\x00", "a" * 60_000, "v1,=" * 9000]
)
def test_junk_is_refused_and_nothing_else_happens(scheme: str, junk: str) -> None:
    headers = SIGNERS[scheme](KEY, BODY)
    for name in headers:
        if name in ("Idempotency-Key", "X-GitHub-Delivery"):
            continue
        with pytest.raises(VerificationError):
            verify(scheme, request({**headers, name: junk}), [KEY], NOW, {})


@pytest.mark.parametrize("scheme", SIGNERS)
@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100_000])
def test_w05_a_body_of_any_kind_is_signed_or_not(scheme: str, body: bytes) -> None:
    headers = SIGNERS[scheme](KEY, body) if scheme != "standard" or body != b"\xff\xfe" else standard(KEY, b"")
    try:
        verified = verify(scheme, request(headers, body), [KEY], NOW, {})
    except VerificationError:
        assert (scheme, body) == ("standard", b"\xff\xfe")
    else:
        assert verified.delivery_id in (None, "d-1", "msg_1")


@pytest.mark.parametrize("key", ["ключ", "whsec_", "a"])
def test_a_standard_key_that_is_no_key(key: str) -> None:
    with pytest.raises(NoKeyError):
        verify("standard", request(standard(KEY, BODY)), [key.encode()], NOW, {})


@pytest.mark.parametrize("value", ["Basic", "Bearer", "Bearerx", "Basic {}", "{}", "Bearer  x{}"])
def test_only_a_bearer_token_counts(value: str) -> None:
    headers: dict[str, Any] = {"Authorization": value.format(KEY.decode())}
    with pytest.raises(VerificationError):
        verify("token", request(headers), [KEY], NOW, {})
