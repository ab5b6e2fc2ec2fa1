"""What the DNS says about mail from a domain (SPF, DKIM, DMARC), and what receivers make of it; no input, no output."""

import re
from collections.abc import Mapping, Sequence

from channels.tryout import Finding

#: Where a provider's submission servers are, and what the domain's SPF record must then include.
INCLUDES: Mapping[str, str] = {
    "gmail.com": "_spf.google.com", "google.com": "_spf.google.com", "googlemail.com": "_spf.google.com",
    "office365.com": "spf.protection.outlook.com", "outlook.com": "spf.protection.outlook.com",
    "amazonaws.com": "amazonses.com", "sendgrid.net": "sendgrid.net", "mailgun.org": "mailgun.org",
    "postmarkapp.com": "spf.mtasv.net", "fastmail.com": "spf.messagingengine.com",
    "messagingengine.com": "spf.messagingengine.com", "zoho.com": "zohomail.com", "zoho.eu": "zoho.eu",
    "mailbox.org": "mailbox.org", "migadu.com": "spf.migadu.com", "mailjet.com": "spf.mailjet.com",
    "sparkpostmail.com": "_spf.sparkpostmail.com", "brevo.com": "spf.brevo.com", "proton.me": "_spf.protonmail.ch",
    "ionos.com": "_spf-eu.ionos.com", "gandi.net": "_mailcust.gandi.net", "mandrillapp.com": "spf.mandrillapp.com",
}  # fmt: skip
#: The names under which keys for DKIM are usually published.
SELECTORS = (
    "google", "selector1", "selector2", "default", "dkim", "mail", "s1", "s2", "k1", "k2", "k3", "mx", "smtp",
    "fm1", "fm2", "fm3", "zoho", "zmail", "pm", "key1", "protonmail", "brevo1", "mailjet", "mta", "email", "hb",
)  # fmt: skip
#: RFC 7208 4.6.4: a record whose evaluation needs more look-ups is invalid.
MOST_LOOKUPS = 10
_LOOKS_UP = re.compile(r"[+?~-]?(include:|exists:|redirect=|a\b|mx\b|ptr\b)", re.IGNORECASE)


def spf(domain: str, texts: Sequence[str], sender: str) -> Finding:
    """Judge the texts at the domain; `sender` is the host that we submit to (RFC 7208)."""
    records = [one for one in texts if one.lower().split(" ")[0] == "v=spf1"]
    wanted = include_for(sender)
    example = f"v=spf1 {f'include:{wanted}' if wanted else 'include:… (what your provider names)'} -all"
    if not records:
        mend = f'Publish a TXT record at {domain}: "{example}".'
        return Finding(
            ok=False, what=f"{domain} has no SPF record: receivers cannot tell our mail.", mend=mend
        )
    if len(records) > 1:
        mend = "Join them into one: several count as none."
        return Finding(ok=False, what=f"{domain} has {len(records)} SPF records.", mend=mend)
    terms = records[0].split()
    if any(term.lower() in {"all", "+all"} for term in terms):
        mend = 'End it with "-all", or with "~all" while you try.'
        return Finding(
            ok=False, what=f"The SPF record of {domain} lets everybody send in its name.", mend=mend
        )
    count = sum(bool(_LOOKS_UP.match(term)) for term in terms[1:])
    if count > MOST_LOOKUPS:
        mend = "Take out what is not used any more."
        return Finding(
            ok=False, what=f"The SPF record of {domain} needs {count} look-ups; 10 are allowed.", mend=mend
        )
    if wanted and f"include:{wanted}" not in records[0].lower() and "redirect=" not in records[0].lower():
        mend = f'Add "include:{wanted}" to it, unless another part of it covers {sender}.'
        return Finding(ok=False, what=f"The SPF record of {domain} does not name {sender}.", mend=mend)
    return Finding(ok=True, what=f"{domain} has an SPF record.")


def dkim(domain: str, keys: Mapping[str, Sequence[str]]) -> Finding:
    """Judge the texts found under the usual selectors (RFC 6376)."""
    alive = [name for name, texts in keys.items() if any(_key(text) for text in texts)]
    gone = [name for name, texts in keys.items() if name not in alive and any("p=" in text for text in texts)]
    if alive:
        return Finding(ok=True, what=f"{domain} publishes keys for DKIM: {', '.join(alive)}.")
    if gone:
        mend = "Publish the key that your provider shows, or let it make a new one."
        return Finding(
            ok=False, what=f"The DKIM keys of {domain} are withdrawn: {', '.join(gone)}.", mend=mend
        )
    mend = (
        "Let your provider sign for the domain and publish its key. If it does under a name of its own: send yourself "
        'a mail and look for "dkim=pass" in its Authentication-Results.'
    )
    return Finding(
        ok=True, what=f"No DKIM key of {domain} stands under the usual names ({len(keys)} tried).", mend=mend
    )


def dmarc(domain: str, texts: Sequence[str]) -> Finding:
    """Judge the texts at `_dmarc` of the domain or of one above it (RFC 7489)."""
    records = [one for one in texts if one.lower().replace(" ", "").startswith("v=dmarc1")]
    if not records:
        mend = f'Publish a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}".'
        return Finding(ok=True, what=f"{domain} has no DMARC record; large receivers ask for one.", mend=mend)
    if len(records) > 1 or not re.search(r"\bp\s*=\s*(none|quarantine|reject)\b", records[0], re.IGNORECASE):
        mend = 'Keep one, with "p=none", "p=quarantine" or "p=reject" in it.'
        return Finding(ok=False, what=f"The DMARC record of {domain} cannot be used.", mend=mend)
    return Finding(ok=True, what=f"{domain} has a DMARC record.")


def include_for(host: str) -> str:
    """Return what SPF must include for this submission server; "" when we do not know."""
    labels = host.lower().rstrip(".").split(".")
    names = (".".join(labels[at:]) for at in range(len(labels)))
    return next((INCLUDES[name] for name in names if name in INCLUDES), "")


def above(domain: str) -> list[str]:
    """Return the domain and those above it that may speak for it, nearest first."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]


def _key(text: str) -> bool:
    """Tell whether the text holds a key that is not withdrawn."""
    found = re.search(r"\bp\s*=\s*([A-Za-z0-9+/=\s]*)", text)
    return found is not None and bool(found[1].strip())
