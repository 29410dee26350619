"""Any file, table or frame of purchases becomes rows: of text, or of the types that its program gave them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churnrisk.sources.columns import (
        PURCHASE_ROLES,
        SUMMARY_FILE_ROLES,
        ColumnMatch,
        check_roles,
        find_chosen_in,
        match_columns,
        say_option,
    )
    from churnrisk.sources.content import SourceContent, find_content
    from churnrisk.sources.databases import write_database_table
    from churnrisk.sources.files import tell_kind
    from churnrisk.sources.folding import fold_id, fold_sql, is_number_sql, is_unusual_sql, own_sql, usual_form_sql
    from churnrisk.sources.headers import CURRENCY_SIGNS, plain_header
    from churnrisk.sources.lines import settle_lines
    from churnrisk.sources.match import check_amounts, match_source, refuse_odd_ids, refuse_odd_list
    from churnrisk.sources.open import list_files, open_source, settle_rows
    from churnrisk.sources.options import IntakeOptions, KeepIn, LeftOut
    from churnrisk.sources.pseudonyms import pseudonym_sql
    from churnrisk.sources.raw import RawRows
    from churnrisk.sources.sql import PARTS, SPACES, VALUE, fill_value, is_plain_sql, quote_text, trim_sql
    from churnrisk.sources.typed import TypedSource, open_typed
    from churnrisk.sources.unused import find_identifiers, name_ignored

__all__ = [
    "CURRENCY_SIGNS",
    "PARTS",
    "PURCHASE_ROLES",
    "SPACES",
    "SUMMARY_FILE_ROLES",
    "VALUE",
    "ColumnMatch",
    "IntakeOptions",
    "KeepIn",
    "LeftOut",
    "RawRows",
    "SourceContent",
    "TypedSource",
    "check_amounts",
    "check_roles",
    "fill_value",
    "find_chosen_in",
    "find_content",
    "find_identifiers",
    "fold_id",
    "fold_sql",
    "is_number_sql",
    "is_plain_sql",
    "is_unusual_sql",
    "list_files",
    "match_columns",
    "match_source",
    "name_ignored",
    "open_source",
    "open_typed",
    "own_sql",
    "plain_header",
    "pseudonym_sql",
    "quote_text",
    "refuse_odd_ids",
    "refuse_odd_list",
    "say_option",
    "settle_lines",
    "settle_rows",
    "tell_kind",
    "trim_sql",
    "usual_form_sql",
    "write_database_table",
]

_HOMES = {
    "tell_kind": "files",
    "list_files": "open",
    "TypedSource": "typed",
    "open_typed": "typed",
    "CURRENCY_SIGNS": "headers",
    "ColumnMatch": "columns",
    "IntakeOptions": "options",
    "KeepIn": "options",
    "LeftOut": "options",
    "SourceContent": "content",
    "find_content": "content",
    "PARTS": "sql",
    "PURCHASE_ROLES": "columns",
    "RawRows": "raw",
    "SPACES": "sql",
    "SUMMARY_FILE_ROLES": "columns",
    "VALUE": "sql",
    "check_amounts": "match",
    "check_roles": "columns",
    "fill_value": "sql",
    "find_chosen_in": "columns",
    "is_plain_sql": "sql",
    "match_columns": "columns",
    "match_source": "match",
    "name_ignored": "unused",
    "find_identifiers": "unused",
    "fold_id": "folding",
    "fold_sql": "folding",
    "own_sql": "folding",
    "is_number_sql": "folding",
    "is_unusual_sql": "folding",
    "usual_form_sql": "folding",
    "say_option": "columns",
    "open_source": "open",
    "plain_header": "headers",
    "pseudonym_sql": "pseudonyms",
    "quote_text": "sql",
    "refuse_odd_ids": "match",
    "refuse_odd_list": "match",
    "settle_lines": "lines",
    "settle_rows": "open",
    "trim_sql": "sql",
    "write_database_table": "databases",
}


def __getattr__(name: str) -> object:
    # imported on first use, so that the process that parses foreign formats starts without pandas
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
