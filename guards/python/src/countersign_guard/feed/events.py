"""Bytes → server-sent events (WHATWG HTML §9.2.6), as they arrive. ``retry`` is not read: the follower has its own pauses."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Twice the longest event that a server may send, in characters.
_MAX_EVENT_LENGTH = 128 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class ServerSentEvent:
    """One event."""

    name: str
    data: str
    #: The ``id`` of this very event.
    id: str | None


class TooLongError(Exception):
    """An event is too long."""


class EventParser:
    """One stream, from its start."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._text = ""
        self._last_was_cr = False
        self._fields: dict[str, str] = {}

    def push(self, data: bytes) -> Iterator[ServerSentEvent]:
        """The events that these bytes complete. Raises ``TooLongError`` once an event is too long."""
        self._text += self._decoder.decode(data)
        if self._last_was_cr and self._text:
            self._text = self._text[1:] if self._text.startswith("\n") else self._text  # the second half of CR LF
            self._last_was_cr = False
        start = 0
        for end in _LINE_END.finditer(self._text):
            event = self._line(self._text[start : end.start()])
            start = end.end()
            self._last_was_cr = end[0] == "\r" and start == len(self._text)
            if event is not None:
                yield event
        self._text = self._text[start:]
        if len(self._text) + len(self._fields.get("data", "")) > _MAX_EVENT_LENGTH:
            raise TooLongError("an event is too long")

    def _line(self, line: str) -> ServerSentEvent | None:
        """The event that ends with this line, which is then empty."""
        if not line:
            fields, self._fields = self._fields, {}
            return ServerSentEvent(fields.get("event", "message"), fields["data"], fields.get("id")) if "data" in fields else None
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data" and "data" in self._fields:
            self._fields["data"] += f"\n{value}"
        elif field in ("event", "data", "id"):
            self._fields[field] = value
        return None
