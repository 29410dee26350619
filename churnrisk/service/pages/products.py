"""Products: what is due, what is late, and which products stand out, as the last reading of the history told."""

from __future__ import annotations

from starlette.responses import Response

from churnrisk.messages import say
from churnrisk.report import Block, Words, describe_products
from churnrisk.service.pages.frame import View, page


@page("/products")
def products(view: View) -> Response:
    """Show what was worked out with the scores; say why there is nothing, where that is so."""
    told = view.shop.products()
    if told is not None:
        blocks: list[Block] = list(describe_products(told, has_links=True))
    elif view.shop.has_products:
        blocks = [Words(say("Products could not be worked out at the last reading of the history; the log tells why."))]
    else:
        blocks = [
            Words(
                say(
                    "The purchase history names no products. With a column of product ids or categories this page "
                    "tells what is due, what is late, and which products stand out."
                )
            )
        ]
    return view.show("blocks_page.html", title=say("Products"), blocks=blocks, is_in_halves=False)
