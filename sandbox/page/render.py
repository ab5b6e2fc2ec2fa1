"""Turns what is shown into HTML: the whole page, and each region of it again when it changed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sandbox.page import views, words
from sandbox.page.deskside import DeskSide
from sandbox.page.sides import SLACK, Sides


class Renderer:
    """Knows both sides and the templates."""

    def __init__(self, sides: Sides, side: DeskSide, frame: Mapping[str, Any]) -> None:
        """Take both sides, the desk as it is followed, and what stays the same on the page."""
        self._stands, self._slack, self._side, self._frame = sides.stands, sides.slack, side, frame
        self._templates = Environment(
            loader=PackageLoader("sandbox.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"clock": clock, "iso": datetime.isoformat}

    def regions(self) -> list[str]:
        """Return the names of what changes."""
        return [*(f"channel-{name}" for name in self._stands), "cases", "people", "figures", SLACK]

    def page(self) -> str:
        """Return the whole page."""
        pieces = {name: self.region(name) for name in self.regions()}
        return self._templates.get_template("both.html").render(
            **self._frame,
            pieces=pieces,
            channels=[(name, words.look(name)) for name in self._stands],
            shares=[*words.SHARES],
        )

    def region(self, name: str) -> str:
        """Return the inside of one region."""
        if name.startswith("channel-"):
            channel = name.removeprefix("channel-")
            return self._piece(
                "channel.html",
                card=views.card(channel, self._stands[channel], self._side.health),
                shares=[*words.SHARES],
            )
        if name == SLACK:
            return self._piece("slack.html", slack=views.slack(self._slack), shares=[*words.SHARES])
        if name == "cases":
            return self._piece("cases.html", cases=views.cases(self._side))
        if name == "people":
            return self._piece("people.html", people=self._side.people)
        return self._piece("figures.html", **views.figures(self._stands, self._side))

    def _piece(self, template: str, **values: Any) -> str:
        return self._templates.get_template(template).render(**values)


def clock(at: datetime) -> str:
    """Return a time of day as this machine's people read it; the page's script says it in the reader's zone."""
    return f"{at.astimezone(UTC).astimezone():%H:%M}"
