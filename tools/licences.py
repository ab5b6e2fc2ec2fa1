"""Let only permissive licences and MPL-2.0 into what users run."""

import re
import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata

from locks import ROOT, read

#: SPDX names and the older ways to write them, in small letters.
ALLOWED = {
    "0bsd", "apache 2.0", "apache license 2.0", "apache license, version 2.0", "apache software license",
    "apache-2.0", "apache 2", "bsd", "bsd license", "bsd 3-clause", "bsd-2-clause", "bsd-3-clause", "cc0-1.0",
    "isc", "isc license (iscl)", "isc license", "mit", "mit license", "mit-0", "mit-cmu",
    "mozilla public license 2.0 (mpl 2.0)", "mpl-2.0", "psf-2.0", "python software foundation license",
    "python-2.0", "the unlicense (unlicense)", "unlicense", "zlib", "zpl-2.1",
}  # fmt: skip
#: Packages whose metadata does not say it plainly, and where their licence text says what.
KNOWN: dict[str, str] = {}


def licence(meta: Message) -> str:
    """Return what the package says: the SPDX expression, else its classifiers, else one line of free text."""
    if expression := meta.get("License-Expression"):
        return str(expression)
    classifiers = [each for each in meta.get_all("Classifier", []) if each.startswith("License ::")]
    names = [each.rpartition(" :: ")[2] for each in classifiers]
    named = [name for name in names if name not in {"License", "OSI Approved"}]
    return " OR ".join(named) or str(meta.get("License") or "").strip().partition("\n")[0]


def permitted(expression: str) -> bool:
    """Tell whether the user may choose terms that are all allowed: `A OR (B AND C)`."""
    text = re.sub(r"\s+WITH\s+\S+", "", expression.strip())
    if text.lower() in ALLOWED:
        return True
    choices = re.split(r"\s+OR\s+|\s*;\s*", text)
    if len(choices) > 1:
        return any(permitted(choice.strip(" ()")) for choice in choices)
    parts = re.split(r"\s+AND\s+", text)
    return len(parts) > 1 and all(permitted(part.strip(" ()")) for part in parts)


def check() -> list[str]:
    """Return a sentence for each package of requirements.lock that may not be shipped."""
    problems = []
    for name in read(ROOT / "requirements.lock")[0]:
        try:
            said = KNOWN.get(name) or licence(metadata(name))
        except PackageNotFoundError:
            problems.append(f"{name}: is not installed; run: make test")
            continue
        if not permitted(said):
            problems.append(f"{name}: {said or 'no licence named'}: neither permissive nor MPL-2.0")
    return problems


if __name__ == "__main__":
    faults = check()
    print("\n".join(faults) or "All runtime licences are permissive or MPL-2.0.")
    sys.exit(bool(faults))
