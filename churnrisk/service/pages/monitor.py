"""Watching the model: what `churnrisk monitor` has found, and how that went on from look to look."""

from __future__ import annotations

from starlette.responses import Response

from churnrisk.messages import say
from churnrisk.operations import monitor_view
from churnrisk.report import describe_monitor
from churnrisk.service.pages.frame import View, page


@page("/monitor")
def monitor(view: View) -> Response:
    """Show the newest look; it is read from what is remembered, so it needs neither model nor history."""
    blocks = list(describe_monitor(monitor_view(view.state)))
    return view.show("blocks_page.html", title=say("Monitoring"), blocks=blocks, is_in_halves=True)
