"""The `handleby` command."""

import sys

from router.cli import command
from router.errors import HandlebyError


def main() -> None:
    """Run the command; what a person must mend is said in plain words, without a traceback."""
    try:
        command(sys.argv[1:])(prog_name="handleby")
    except HandlebyError as error:
        print(f"handleby: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
