"""The child process that reads mails: it holds no secret, opens nothing, and may be killed at any time."""

import resource
import signal
import struct
import sys
from collections.abc import Callable
from types import FrameType
from typing import BinaryIO

import msgspec

from channels.email import reply
from channels.email.mime import html
from channels.email.parse import Tools, parse
from channels.email.view import View

#: Lengths of the view and of the mail, in front of each job.
JOB = struct.Struct("!II")
#: Length of the answer, in front of it.
ANSWER = struct.Struct("!I")
#: CPU seconds for one mail, and within them for one step that can be done without.
CPU_S = 5
STEP_CPU_S = 1.0
#: Bytes of memory; a mail larger than LARGE may take twice as much, as its files must fit in.
MEMORY = 256 * 1024 * 1024
LARGE = 12 * 1024 * 1024


def main() -> None:
    """Answer jobs from standard input until it ends."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGVTALRM, _too_long)
    tools = Tools(strip=_within(reply.strip, _same), html_text=_within(html.text, html.bare))
    serve(sys.stdin.buffer, sys.stdout.buffer, tools)


def serve(jobs: BinaryIO, answers: BinaryIO, tools: Tools) -> None:
    """Read a job, write its answer, again and again."""
    decoder, encoder = msgspec.msgpack.Decoder(View), msgspec.msgpack.Encoder()
    while True:
        head = jobs.read(JOB.size)
        if len(head) < JOB.size:
            return
        view_size, raw_size = JOB.unpack(head)
        _limit_next(large=raw_size > LARGE)
        view, raw = decoder.decode(jobs.read(view_size)), jobs.read(raw_size)
        answer = encoder.encode(parse(raw, view, tools))
        del raw
        answers.write(ANSWER.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _limit_next(*, large: bool) -> None:
    """Let the kernel end this process when the next mail takes too much time, and refuse it more memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY * (2 if large else 1), 2 * MEMORY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _within(step: Callable[[str], str], instead: Callable[[str], str]) -> Callable[[str], str]:
    """Limit the CPU time of a step; one that takes longer is done in the simpler way."""

    def limited(text: str) -> str:
        signal.setitimer(signal.ITIMER_VIRTUAL, STEP_CPU_S)
        try:
            return step(text)
        except TimeoutError:
            return instead(text)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    return limited


def _same(text: str) -> str:
    return text


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError
