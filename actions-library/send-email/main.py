"""One e-mail through one SMTP server."""

import json
import os
import re
import sys
import time


class Later(type(sys)):
    """Stands in for a module that others import and rarely use; it is loaded when it is asked for something."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)


for rare in ("ssl", "hmac", "random", "calendar", "datetime", "ipaddress"):
    sys.modules.setdefault(rare, Later(rare))

import smtplib  # noqa: E402
from email.errors import HeaderParseError  # noqa: E402
from email.headerregistry import Address  # noqa: E402
from email.message import EmailMessage  # noqa: E402

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
PORTS = {"starttls": 587, "always": 465, "never": 25}
LARGEST = 25 << 20  # bytes of attachments: hardly a server takes more
LINES = 1000  # of one answer


class Failed(Exception):
    """What is wrong, for the one line that people read."""


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


def addresses(given, name):
    written = [given[name]] if isinstance(given[name], str) else given.get(name) or []
    return [address(one, name) for one in written]


def address(text, name):
    named = re.fullmatch(r"\s*(.*?)\s*<([^<>]+)>\s*", text)
    shown, plain = (named[1].strip('"'), named[2]) if named else ("", text.strip())
    try:
        found = Address(display_name=shown, addr_spec=plain)
    except (HeaderParseError, ValueError, IndexError):
        found = None
    if found is None or not found.domain or re.search(r"[\x00-\x1f]", text):
        raise Failed(f"{name}: {text!r} is no e-mail address")
    return found


def message(given):
    made = EmailMessage()
    for header, name in (("From", "from"), ("To", "to"), ("Cc", "cc")):
        found = addresses(given, name)
        if found:
            made[header] = found
    if re.search(r"[\r\n]", given["subject"]):
        raise Failed("subject: it is one line")
    # Days and months are English here: no locale is set.
    made["Subject"], made["Date"] = given["subject"], time.strftime("%a, %d %b %Y %H:%M:%S -0000", time.gmtime())
    made["Message-ID"] = f"<{os.urandom(16).hex()}@{addresses(given, 'from')[0].domain}>"
    made.set_content(given.get("text") or "")
    if given.get("html"):
        made.add_alternative(given["html"], subtype="html")
    for path in attached(given.get("attachments") or []):
        import mimetypes

        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        with open(path, "rb") as file:
            made.add_attachment(
                file.read(),
                maintype=kind.partition("/")[0],
                subtype=kind.partition("/")[2],
                filename=os.path.basename(path),
            )
    return made


def attached(patterns):
    result, here = {}, os.path.realpath(".")
    for pattern in patterns:
        import glob  # here: most mails have none, and each import is paid for by every step

        matches = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))
        if not matches:
            raise Failed(f"attachments: there is no file at {pattern}")
        for path in matches:
            if not os.path.realpath(path).startswith(here + "/"):
                raise Failed(f"attachments: {path} is not in the working directory")
            result[path] = os.path.getsize(path)
    if sum(result.values()) > LARGEST:
        raise Failed(f"attachments have {sum(result.values()) >> 20} MiB; more than {LARGEST >> 20} MiB are not sent")
    return list(result)


def place(given):
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s/]+)(?::(\d{1,5}))?", given["server"].strip())
    if found is None or not 0 < int(found[2] or 1) < 65536:
        raise Failed(f"server: {given['server']!r} is not HOST or HOST:PORT")
    return found[1].strip("[]"), int(found[2] or PORTS[given["tls"]])


class Lines:
    """What comes from the server, as far as it is one answer."""

    def __init__(self, file):
        self.file, self.left = file, LINES

    def readline(self, most):
        self.left -= 1
        if self.left < 0:
            raise smtplib.SMTPServerDisconnected("its answer has no end")
        return self.file.readline(most)

    def close(self):
        self.file.close()


class Bounded:
    """smtplib bounds the lines of an answer, but not their number."""

    def getreply(self):
        if self.file is None:
            self.file = Lines(self.sock.makefile("rb"))
        self.file.left = LINES
        return super().getreply()


class Plain(Bounded, smtplib.SMTP):
    pass


class Encrypted(Bounded, smtplib.SMTP_SSL):
    pass


def connected(given, host, port):
    patience = max(seconds(given.get("timeout") or "1m"), 0.01)
    if given["tls"] == "never":
        return Plain(host, port, timeout=patience)
    import ssl

    if given["tls"] == "always":
        return Encrypted(host, port, timeout=patience, context=ssl.create_default_context())
    smtp = Plain(host, port, timeout=patience)
    smtp.ehlo()
    if not smtp.has_extn("starttls"):
        smtp.close()
        raise Failed(f"{host}:{port} offers no STARTTLS: use tls: always, or tls: never where the network is your own")
    smtp.starttls(context=ssl.create_default_context())  # it reads every authority: not before it is needed
    return smtp


def send(given, secret):
    made = message(given)
    receivers = [one.addr_spec for name in ("to", "cc", "bcc") for one in addresses(given, name)]
    host, port = place(given)
    if given.get("username") and given["tls"] == "never" and host not in ("localhost", "127.0.0.1", "::1"):
        raise Failed("tls: never would send the password for everybody to read: use starttls or always")
    try:
        with connected(given, host, port) as smtp:
            if given.get("username"):
                smtp.login(given["username"], secret)
            refused = smtp.send_message(made, addresses(given, "from")[0].addr_spec, receivers)
    except smtplib.SMTPAuthenticationError as error:
        raise Failed(f"{host}:{port} refuses this username and password ({error.smtp_code})") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise Failed(f"{host}:{port} refuses every receiver: {reasons(error.recipients)}") from None
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 0:
            raise Failed(f"{host}:{port}: what answers there speaks no SMTP") from None
        raise Failed(f"{host}:{port} answered {error.smtp_code} {text_of(error.smtp_error)}") from None
    except smtplib.SMTPException as error:
        why = "no answer in time" if "timed out" in str(error) else str(error)
        raise Failed(f"{host}:{port}: {why}") from None
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
        raise Failed(f"{host}:{port}: {getattr(error, 'verify_message', '') or why}") from None
    if refused:
        raise Failed(f"sent, but not to all: {reasons(refused)}")
    return made["Message-ID"], len(receivers)


def reasons(refused):
    return "; ".join(f"{who}: {code} {text_of(said)}" for who, (code, said) in list(refused.items())[:5])


def text_of(said):
    return " ".join((said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).split())[:300]


def main():
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    try:
        name, number = send(given, os.environ.get("INPUT_PASSWORD", ""))
    except Failed as error:
        sys.exit(f"send-email: {error}")
    except OSError as error:
        sys.exit(f"send-email: {error.filename}: {error.strerror}")
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"message-id={name}\n")
    print(f"sent to {number} {'address' if number == 1 else 'addresses'}: {name}")


if __name__ == "__main__":
    main()
