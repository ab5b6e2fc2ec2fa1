"""What was decided here and the store may not have counted yet: so a burst sees itself, and a look loses nothing.

A conversation is added when it is decided, and settled when it is written; the first look that begins after that
has it. What was not written is dropped.
"""

from msgspec import Struct

from router.conversation import Conversation, is_work
from router.engine.backlog import Line, bucket_of, group_of


class _Piece(Struct):
    line: Line
    #: The look that was the last to have begun when it was written; None = it is not written yet.
    settled: int | None = None


class Since:
    """What is to be counted beside the last look at the store."""

    def __init__(self) -> None:
        """Begin with nothing."""
        #: Every change, in order: views take it up as they are asked.
        self.lines: list[Line] = []
        self._pieces: dict[str, _Piece] = {}
        self._looks = 0
        self._heir: Since | None = None

    def __contains__(self, conversation: str) -> bool:
        """Tell whether the conversation is counted here."""
        return conversation in self._pieces

    def add(self, conversation: Conversation) -> None:
        """Count a conversation that is decided, if it is work to be done now."""
        if is_work(conversation):
            line = (group_of(conversation), bucket_of(conversation.urgency), 1.0)
            self._put(conversation.id, _Piece(line))
            if self._heir is not None:
                self._heir.add(conversation)

    def settle(self, conversation: str) -> None:
        """Note that it is written: the store counts it from the next look on."""
        piece = self._pieces.get(conversation)
        if piece is not None:
            piece.settled = self._looks
        if self._heir is not None:
            self._heir.settle(conversation)

    def drop(self, conversation: str) -> None:
        """Count a conversation no more that was decided, but could not be written."""
        piece = self._pieces.get(conversation)
        if piece is not None and piece.settled is None:
            self._out(conversation)
        if self._heir is not None:
            self._heir.drop(conversation)

    def look(self) -> None:
        """Note that the store is about to be asked."""
        self._looks += 1

    def inherited(self) -> "Since":
        """Return what stands beside the look that ends now: all that was not written when it began.

        Whoever still adds here adds there too.
        """
        heir = Since()
        heir._looks = self._looks
        for name, piece in self._pieces.items():
            if piece.settled is None or piece.settled >= self._looks:
                heir._put(name, _Piece(piece.line, piece.settled))
        self._heir = heir
        return heir

    def _put(self, name: str, piece: _Piece) -> None:
        self._out(name)
        self._pieces[name] = piece
        self.lines.append(piece.line)

    def _out(self, name: str) -> None:
        before = self._pieces.pop(name, None)
        if before is not None:
            group, bucket, count = before.line
            self.lines.append((group, bucket, -count))
