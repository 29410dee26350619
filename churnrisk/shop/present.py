"""What is current at a moment."""

from __future__ import annotations

import threading

from churnrisk.retention import Calendar
from churnrisk.shop.erasures import ErasedSince
from churnrisk.shop.figures import Figures
from churnrisk.shop.generation import Generation
from churnrisk.shop.refresh import NewerOrders
from churnrisk.state import State


class Present:
    """What is current at a moment: a generation, what came after it, who was forgotten since, and figures of it."""

    def __init__(self, generation: Generation, state: State, *, stamp: object, calendar: Calendar) -> None:
        self.generation, self.stamp = generation, stamp
        self.newer = NewerOrders(state, generation.facts["seq"])
        self.gone = ErasedSince(state, generation)
        self.seen: tuple[object, str | None] | None = None  # the moment of the last look, and the model of then
        self.figures = Figures(generation, calendar)
        self._state, self._lock = state, threading.Lock()
        self._version: int | None = None

    def refresh(self) -> None:
        """Take in what was committed since; where nothing was, anywhere, for a few microseconds."""
        version = self._state.version()
        if version == self._version:
            return
        with self._lock:  # nobody answers while another still takes in who was forgotten
            if version != self._version:
                self.newer.look(anew=self.gone.look(), is_left_out=self.gone.objects)
                self._version = version
