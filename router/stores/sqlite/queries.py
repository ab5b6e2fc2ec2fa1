"""The named statements of `queries.sql`, read once; a misspelt name fails when its module is imported."""

from importlib.resources import files


def _read() -> dict[str, str]:
    found: dict[str, str] = {}
    text = files(__package__).joinpath("queries.sql").read_text(encoding="utf-8")
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        lines = (line for line in body.splitlines() if not line.startswith("--"))
        found[name.strip()] = "\n".join(lines).strip()
    return found


#: Statement by name.
SQL = _read()
