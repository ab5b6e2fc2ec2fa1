"""What browser tests may ask for: `open_page`."""

from tests.support.browser import open_page

__all__ = ["open_page"]
