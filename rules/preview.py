"""Shows every note text as customers would read it: `python -m rules.preview da --directory wording`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rules.problems import RulesError
from rules.proof import samples
from rules.refusals import LANGUAGES
from rules.wording import Wording


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the texts of a language, or what is wrong with the files; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m rules.preview", description="Show every note text filled in."
    )
    parser.add_argument("language", choices=LANGUAGES)
    parser.add_argument(
        "--directory", type=Path, help="your own <language>.yaml files, laid over the shipped ones"
    )
    parser.add_argument("--kind", help="only notes of this kind, such as first or renewal")
    given = parser.parse_args(arguments)
    try:
        wording = Wording.load(given.directory)
    except RulesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for where, text in _shown(wording, given.language, given.kind):
        sys.stdout.write(f"{where}\n    {text}\n")
    return 0


def _shown(wording: Wording, language: str, kind: str | None) -> list[tuple[str, str]]:
    """Return each rendered text once, under the first place where it is used."""
    found: dict[str, str] = {}
    for sample in samples(wording.texts(language)):
        if kind in {None, sample.slot[0]}:
            found.setdefault(sample.text.replace("\n", "\n    "), " → ".join(sample.slot))
    return [(where, text) for text, where in found.items()]


if __name__ == "__main__":
    sys.exit(main())
