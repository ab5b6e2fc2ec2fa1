import pytest

from channels.email.parse import parse
from channels.email.view import View
from channels.message import Kind

VIEW = View(
    addresses=("help@example.com", "info@example.com"), lists=("support.groups.example.net",), authserv="mx"
)
PERSON = {"From": "Ana <ana@example.org>", "To": "help@example.com", "Subject": "Hello"}


def judged(**headers: str) -> tuple[Kind, str]:
    """Return kind and reason of a mail with these headers."""
    fields = {**PERSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    parsed = parse(f"{head}\r\nHello\r\n".encode(), VIEW)
    return parsed.kind, parsed.no_note


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Precedence": "normal"},
        {"To": "someone@example.org", "Cc": "Help <HELP@Example.com>"},
        {"To": "info+sales@example.com"},
        {"To": "boss@example.net", "Delivered_To": "help@example.com"},
        {"To": "boss@example.net", "X_Original_To": "help@example.com"},
        {"Return_Path": "<ana@example.org>"},
        {"Return_Path": "<bounce-4711@mailer.example.net>"},
        {"Subject": "My auto needs a reply"},
        {"Subject": "Re: out of office hours?"},
        {"From": "Reply Noreen <noreen@example.org>"},
        {"From": "admin@example.org"},
        {"List_Id": "<help.example.com>", "List_Post": "<mailto:x>", "Precedence": "list"},
        {"List_Id": "Support <support.groups.example.net>", "List_Unsubscribe": "<mailto:x>"},
        {"X_Spam_Status": "No, score=-1.0", "X_Spam_Flag": "NO"},
        {"X_Loop": "somebody@else.example"},
        {"X_Auto_Response_Suppress": "DR, RN, NRN"},
        {"X_Forefront_Antispam_Report": "CIP:1.2.3.4;SFV:NSPM;SCL:1;"},
        {"Feedback_ID": "x:y", "X_Mailer": "Out of office assistant"},
    ],
    ids=str,
)
def test_a_person_is_answered(headers: dict[str, str]) -> None:
    """What real people's mail carries, also through forwarders and groups of our own, silences nobody."""
    assert judged(**headers) == (Kind.CUSTOMER, "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "AUTO-GENERATED; type=x"},
        {"Auto_Submitted": "auto-notified (vacation)"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.org"},
        {"From": "postmaster@example.org"},
        {"From": "bounces+help=example.com@example.org"},
        {"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"},
        {"Content_Type": "multipart/report; report-type=disposition-notification; boundary=x"},
        {"List_Id": "<users.lists.example.net>"},
        {"List_Post": "<mailto:users@lists.example.net>"},
        {"Precedence": "bulk"},
        {"Precedence": "Junk"},
        {"Precedence": "list"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "Re: Hello"},
        {"X_Loop": "help@example.com"},
        {"X_Loop": "info@example.com"},
        {"Message_ID": "<hb.note-1@example.com>"},
        {"X_Failed_Recipients": "ana@example.org"},
    ],
    ids=str,
)
def test_a_machine_is_recognised(headers: dict[str, str]) -> None:
    """Strong signs make it a machine's message, and nothing answers it."""
    kind, reason = judged(**headers)
    assert kind is Kind.MACHINE
    assert reason


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "no-reply@example.org"},
        {"From": "noreply+123@example.org"},
        {"From": "do_not_reply@example.org"},
        {"From": "accounts-noreply@example.org"},
        {"From": "owner-users@example.org"},
        {"From": "users-request@example.org"},
        {"From": "info@example.com"},
        {"From": "help+x@example.com"},
        {"From": ""},
        {"X_Auto_Response_Suppress": "All"},
        {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
        {"List_Unsubscribe": "<https://example.org/u>"},
        {"Subject": "Out of Office: Hello"},
        {"Subject": "Automatische Antwort: Hallo"},
        {"Subject": "Автоответ: Привет"},
        {"X_Spam_Flag": "YES"},
        {"X_Spam_Status": "Yes, score=9.1"},
        {"X_MS_Exchange_Organization_SCL": "6"},
        {"X_Forefront_Antispam_Report": "CIP:1.2.3.4;SFV:SPM;SCL:5;"},
        {"Authentication_Results": "mx; dmarc=fail header.from=example.org"},
        {"To": "undisclosed-recipients:;"},
        {"To": ""},
        {"To": "somebody@else.example"},
        {"Received": "a\r\nReceived: ".join(["from x by y; z"] * 26)},
    ],
    ids=lambda headers: str(headers)[:60],
)
def test_a_doubtful_mail_waits_for_a_person(headers: dict[str, str]) -> None:
    """Weaker signs only silence us: it stays a customer's message, with the reason."""
    kind, reason = judged(**headers)
    assert kind is Kind.CUSTOMER
    assert reason


def test_a_sender_is_proven_only_by_the_configured_server() -> None:
    """Results of another server count for nothing, aligned DKIM and DMARC of ours do."""

    def verified(results: str, authserv: str = "mx") -> bool:
        view = View(addresses=("help@example.com",), authserv=authserv)
        raw = f"Authentication-Results: {results}\r\nFrom: ana@news.example.org\r\n\r\nhi".encode()
        return parse(raw, view).sender.verified

    assert verified("mx; dmarc=pass header.from=example.org")
    assert verified("mx 1; dkim=pass header.d=example.org")
    assert verified("spf=pass; dmarc=pass action=none header.from=example.org", "microsoft365")
    assert not verified("mx; dkim=pass header.d=mailer.example.net")
    assert not verified("mx; dkim=pass header.d=org")
    assert not verified("mx; dmarc=none; spf=pass")
    assert not verified("mx; dmarc=fail; dkim=pass header.d=example.org")
    assert not verified("evil; dmarc=pass")
    assert not verified("evil; x=mx; dmarc=pass")
    assert not verified("mx; dmarc=pass", "")
    assert not verified("mx.evil; dmarc=pass", "microsoft365")
    assert verified("mx (here; there); dmarc=pass")
    assert verified('mx (host) ; dkim=pass (2048 bit (rsa)) header.d="example.org"')


@pytest.mark.parametrize(
    "results",
    [
        'mx; spf=pass smtp.mailfrom="x; dmarc=pass"@evil.example',
        'mx; spf=pass smtp.mailfrom="x; dmarc=pass"@evil.example; dmarc=fail header.from=example.org',
        'mx; spf=pass smtp.mailfrom="x\\"; dmarc=pass"@evil.example',
        'mx; spf=pass (domain of "x) ; dmarc=pass ("@evil designates it) smtp.mailfrom=x; dmarc=none',
        "mx; spf=pass (domain of x) ; dmarc=pass (@evil designates it) smtp.mailfrom=x; dmarc=fail",
        "mx; spf=pass (a (b (c); dmarc=pass ; d) e); dmarc=fail",
        "mx; spf=pass (a (b) ; dmarc=pass ; dkim=pass header.d=example.org",
        'mx; spf=pass smtp.helo="; dmarc=pass',
        'mx; dkim=pass header.i="x; dkim=pass header.d=example.org" header.d=evil.example',
        'mx; dkim=fail reason="; dkim=pass header.d=example.org"',
        "mx; dkim=pass header.d=evil.example (header.d=example.org)",
        "mx; dmarc=pass; dmarc=fail",
    ],
)
def test_strangers_words_in_a_servers_verdict_prove_nothing(results: str) -> None:
    """What a stranger puts into quotes or comments of it, by the address they send from, is no result."""
    view = View(addresses=("help@example.com",), authserv="mx")
    raw = f"Authentication-Results: {results}\r\nFrom: ana@news.example.org\r\n\r\nhi".encode()
    assert not parse(raw, view).sender.verified
