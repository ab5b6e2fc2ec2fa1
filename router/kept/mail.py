"""The weekly letter as a mail: plain text that reads well on a phone."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from router.kept.gaps import Gap
from router.kept.letter import Letter, Miss
from router.kept.reasons import help_against, said


def subject(letter: Letter, organisation: str) -> str:
    """Return the mail's subject."""
    rate = letter.whole.kept_rate
    kept = "no promise ended" if rate is None else f"{percent(rate)} of promises kept"
    return f"{organisation}: {kept} in the week of {day(letter)}"


def body(letter: Letter, public_url: str) -> str:
    """Return the mail's text."""
    parts = [rates(letter), _misses(letter), *_causes(letter), *_words(letter), _gaps(letter)]
    parts.append(f"The same with the figures behind it: {public_url}/report/letter?week={letter.week}")
    return "\n\n".join(parts) + "\n"


def rates(letter: Letter) -> str:
    """Return how promises were kept, against the week before."""
    whole, before = letter.whole, letter.before
    if whole.kept_rate is None:
        made = (
            "none was made"
            if not whole.made
            else "1 was made"
            if whole.made == 1
            else f"{whole.made} were made"
        )
        return f"In the week of {day(letter)}, no promise came to its end, and {made}."
    ended = whole.kept + whole.broken
    rate = f"{percent(whole.kept_rate)} of {ended} promises were kept"
    if ended == 1:
        rate = f"the one promise that ended was {'kept' if whole.kept else 'broken'}"
    said = f"In the week of {day(letter)}, {rate}"
    if before.kept_rate is None:
        return f"{said}. Of the week before nothing is known.{_renewed(letter)}"
    change = 100 * (whole.kept_rate - before.kept_rate)
    if abs(change) < 0.05:
        return f"{said}, as in the week before.{_renewed(letter)}"
    way = "up" if change > 0 else "down"
    return f"{said}, {way} from {percent(before.kept_rate)} the week before.{_renewed(letter)}"


def _renewed(letter: Letter) -> str:
    whole = letter.whole
    first = (
        ""
        if whole.first_rate is None
        else f" {percent(whole.first_rate)} of the answers came by the time first said."
    )
    if not whole.renewed:
        return first
    told = "customer was" if whole.renewed == 1 else "customers were"
    return f" {whole.renewed} {told} told a new time before the old one passed.{first}"


def _misses(letter: Letter) -> str:
    lines = [told(one, letter.zone) for one in letter.misses]
    return _listed("Broken promises:", lines, letter.more) if lines else "No promise was broken."


def _listed(head: str, lines: Sequence[str], more: int) -> str:
    """Return lines below their heading, and how many more there are."""
    rest = [f"and {more} more"] if more else []
    return "\n".join([head, *(f"- {line}" for line in lines), *rest])


def told(one: Miss, zone: str) -> str:
    """Return a broken promise in a line."""
    came = f"answered {moment(one.actual, zone)}" if one.actual is not None else "not answered yet"
    why = f": {said(one.reason)}" if one.reason else ""
    return f"{one.reference or 'A conversation'} ({one.channel}): promised {moment(one.promised, zone)}, {came}{why}"


def _causes(letter: Letter) -> Iterator[str]:
    if letter.causes:
        lines = [f"{said(reason)} ({count})" for reason, count in letter.causes]
        yield f"{_listed('Most often because:', lines, 0)}\nWhat helps: {help_against(letter.causes)}"


def _words(letter: Letter) -> Iterator[str]:
    if letter.words is not None:
        who = "to whom we broke a promise" if letter.words.missed else "who said thanks"
        yield f"In the words of a customer {who}:\n\n    {letter.words.text}"


def _gaps(letter: Letter) -> str:
    lines = [gap_told(one, letter.zone) for one in letter.gaps]
    if not lines:
        return "The week ahead: the people on fit the work that usually comes."
    return _listed("The week ahead, hours that are thin:", lines, letter.more_gaps)


def gap_told(one: Gap, zone: str) -> str:
    """Return a gap in a line."""
    start, end = (each.astimezone(ZoneInfo(zone)) for each in (one.start, one.end))
    until = "24:00" if end.date() > start.date() else f"{end:%H:%M}"
    when = f"{start:%a} {start.day} {start:%b} {start:%H:%M}–{until}"
    on = "nobody is on" if not one.people else f"{one.people} on, {one.needed} needed"
    come = round(one.messages)
    usual = "1 message usually comes" if come == 1 else f"{come} messages usually come"
    about = f", about {usual}" if one.messages >= 1 else ""
    return f"{when}, {one.queue}: {on}{about}"


def day(letter: Letter) -> str:
    """Return the week's days, such as `16 to 22 November 2026`."""
    first, last = letter.monday, letter.monday + timedelta(days=6)
    if first.month == last.month:
        return f"{first.day} to {last.day} {last:%B %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%B} to {last.day} {last:%B %Y}"
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def moment(at: datetime, zone: str) -> str:
    """Return an instant as people read it in a week."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.1f} %"
