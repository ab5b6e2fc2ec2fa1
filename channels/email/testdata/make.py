"""Writes what each recorded mail is expected to become; read the difference before you commit it.

Run as `python -m channels.email.testdata.make`. To add a case, put `name.in.eml` beside this file first.
"""

import json
from pathlib import Path

from channels.email.recorded import parsed

HERE = Path(__file__).parent


def main() -> None:
    """Write every `*.out.json`."""
    for path in sorted(HERE.glob("*.in.eml")):
        result = parsed(path.read_bytes())
        out = path.with_name(path.name.replace(".in.eml", ".out.json"))
        out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
