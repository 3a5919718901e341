"""What the guard needs of the world around it. Tests put another world in its place."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from typing import Callable

from .fetch import Open, open_url

_log = logging.getLogger("countersign_guard")


@dataclass(frozen=True)
class Environment:
    """The real world, unless something else is put in its place."""

    #: Sends a request and gives its response.
    open: Open = open_url
    #: The time of day, in seconds since 1970-01-01 UTC: for the times in tokens.
    now: Callable[[], float] = time.time
    #: How long the program has run, in seconds; never goes back: for the age of keys and of the feed.
    elapsed: Callable[[], float] = time.monotonic
    #: Uniform in 0..1: keeps many guards from asking at the same moment. Nothing here is secret.
    chance: Callable[[], float] = random.random
    #: Tells the operator. Called when something starts or stops to fail, not each time.
    warn: Callable[[str], None] = _log.warning
