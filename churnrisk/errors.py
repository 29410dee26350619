"""Every error that churnrisk raises on purpose.

::

    ChurnriskError                 something the user can mend; exit code 2
    ├── SourceError                the source of purchases cannot be read at all
    ├── ColumnError                a needed column is missing, or two could be meant
    ├── AmbiguousFormat            a date or number that can be read in two ways
    ├── TooManyRejects             more rows were rejected than the reject limit allows
    ├── LimitExceeded              a bound on size, time or memory was met
    ├── NotEnoughData              too few customers, churners or days; the message has the numbers
    ├── InvalidSummary             a purchase summary with impossible or contradicting numbers
    ├── NoScore                    the customer who is asked for has no churn probability
    ├── NoHistory                  the service has no purchase history, or has not read it yet
    ├── UnknownCustomer            nobody of this id is in the purchase history
    ├── BadQuery                   a filter, a sorting or a page that cannot be
    ├── SettingsError              an unknown key or an impossible value in settings or options
    ├── MissingExtra               an optional part of churnrisk is not installed
    ├── OutputError                a result cannot be written
    ├── StorageError               temporary files cannot be written, or a disk fails
    ├── StateError                 the state file cannot be used
    ├── CampaignError              a campaign that cannot be made, or not be measured yet
    └── StoreError                 about stored models
        ├── ModelNotFound
        │   └── NoModel            the service has no model that can be used
        ├── UntrustedModel         not signed by this installation or by a key that it trusts
        ├── DamagedModel           a file is missing, added or changed
        ├── IncompatibleModel      made by other versions, or for other features
        ├── SigningKeyError        the key that signs, or a trusted one, cannot be used
        └── StoreLocked            another process is writing
"""

from __future__ import annotations


class ChurnriskError(Exception):
    """Something that the user can mend. The message says what is wrong, where, and what to do.

    Parameters
    ----------
    message : str
        For people; its words may change.
    code : str, optional
        For programs, and stable: one of :data:`CODES` that is narrower than the one of the class.
    """

    code = "error"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code


class SourceError(ChurnriskError):
    """The source of purchases cannot be read at all."""

    code = "source.not_readable"


class ColumnError(ChurnriskError):
    """A needed column is missing, or two columns could be meant."""

    code = "columns.wrong"


class AmbiguousFormat(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A column of dates or numbers can be read in two ways, and nothing in it decides."""

    code = "values.ambiguous"


class TooManyRejects(ChurnriskError):  # noqa: N818 - named for what is wrong
    """More rows were rejected than the reject limit allows."""

    code = "rows.too_many_rejected"


class LimitExceeded(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A bound on size, time or memory was met; the message names the bound and its option."""

    code = "limit.exceeded"


class NotEnoughData(ChurnriskError):  # noqa: N818 - named for what is wrong
    """Too few customers, churners or days to learn from; the message has the numbers."""

    code = "data.not_enough"


class InvalidSummary(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A purchase summary (order count, age at last order, tenure) with numbers that cannot be."""

    code = "summary.impossible"


class NoScore(ChurnriskError):  # noqa: N818 - named for what is wrong
    """The customer who is asked for has no churn probability; the message says why."""

    code = "customer.no_score"


class NoHistory(ChurnriskError):  # noqa: N818 - named for what is wrong
    """There is no purchase history to look into, or it is still being read; the message says which."""

    code = "history.not_ready"


class UnknownCustomer(ChurnriskError):  # noqa: N818 - named for what is wrong
    """Nobody of this id is in the purchase history."""

    code = "customer.unknown"


class BadQuery(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A filter, a sorting or a cursor that cannot be; the message has the ones that can."""

    code = "query.impossible"


class SettingsError(ChurnriskError):
    """An unknown key, or a value that cannot be, in settings or options."""

    code = "settings.wrong"


class MissingExtra(ChurnriskError):  # noqa: N818 - named for what is wrong
    """An optional part of churnrisk is needed and not installed."""

    code = "install.extra_missing"


class OutputError(ChurnriskError):
    """A result cannot be written where it was asked for."""

    code = "output.not_written"


class StorageError(ChurnriskError):
    """A disk is full or fails; the message names the place, which is no result: that of temporary files, most often."""

    code = "storage.failed"


class StateError(ChurnriskError):
    """The file of what is remembered between runs cannot be used."""

    code = "state.not_usable"


class CampaignError(ChurnriskError):
    """A campaign that cannot be made so, is not there, or cannot be measured yet."""

    code = "campaign.not_possible"


class StoreError(ChurnriskError):
    """Something is wrong with the stored models."""

    code = "store.failed"


class ModelNotFound(StoreError):  # noqa: N818 - named for what is wrong
    """No such model version, or no model at all."""

    code = "model.not_found"


class NoModel(ModelNotFound):
    """The service has no model that it can use; the message says why."""

    code = "model.none"


class UntrustedModel(StoreError):  # noqa: N818 - named for what is wrong
    """A model that neither this installation nor a key that it trusts has signed."""

    code = "model.not_trusted"


class DamagedModel(StoreError):  # noqa: N818 - named for what is wrong
    """A stored model whose files are not the ones that were signed."""

    code = "model.damaged"


class IncompatibleModel(StoreError):  # noqa: N818 - named for what is wrong
    """A stored model made by other library versions, or for other features."""

    code = "model.not_compatible"


class SigningKeyError(StoreError):
    """The private key of this installation, or a public key that it trusts, cannot be used safely."""

    code = "key.not_usable"


class StoreLocked(StoreError):  # noqa: N818 - named for what is wrong
    """Another process is writing to the store."""

    code = "store.locked"


CODES = {
    "amounts.total_or_line": "the amount of an order may be its total, repeated on each line, or that of the line",
    "as_of.after_the_log": "the day lies after the end of the log",
    "as_of.before_last_order": "a last order lies after the day to score at",
    "as_of.before_the_log": "nothing was bought before the day",
    "campaign.list_empty": "the list of a campaign has no customer on it",
    "campaign.no_action": "no customer on the list has the action",
    "campaign.not_possible": "a campaign cannot be made so, is not there, or cannot be measured yet",
    "campaign.terms_differ": "a list has several values where a campaign has one",
    "campaign.terms_wrong": "a list has a cost or a margin that cannot be",
    "campaign.too_small": "too few customers or outcomes to learn for which customers a contact does most",
    "columns.amount_not_found": "no column was recognised as the amount",
    "columns.not_found": "a column that is needed or named is not there",
    "columns.several_fit": "several columns could be the one that is needed",
    "columns.wrong": "a needed column is missing, or its values cannot be used",
    "contacts.consent_unknown": "a file of contacts has a consent that says neither yes nor no",
    "currency.changed": "the amounts change from one currency to another on a day",
    "currency.missing": "some rows name no currency, and others name several",
    "currency.several": "the amounts are in several currencies",
    "customer.no_score": "the customer has no churn probability",
    "customer.unknown": "no customer has this id",
    "data.hole_at_the_end": "the shop sold nothing for a horizon or longer, and too few bought since",
    "data.hole_before": "the log has a hole where earlier days are needed",
    "data.log_too_short": "the log has too few days",
    "data.no_amounts": "the log has no amounts",
    "data.nobody_active": "no customer is active on the day",
    "data.not_enough": "there are too few customers, churners or days",
    "dates.epoch_unsure": "digits can be a moment or a date",
    "dates.mixed_order": "day/month and month/day are mixed",
    "dates.no_day": "dates name a period and no day",
    "dates.order_unsure": "dates can be day/month or month/day",
    "dates.two_digit_year": "years have two digits",
    "discount.ambiguous": "the discount can be read in two ways",
    "error": "another error that the message explains",
    "files.other_columns": "one of the files has other columns",
    "files.other_dates": "one of the files has dates in another form",
    "history.not_ready": "there is no purchase history, or it is still being read",
    "install.extra_missing": "an optional part is not installed",
    "key.not_usable": "a key that signs, or a trusted one, cannot be used",
    "limit.exceeded": "a bound on size, time or memory was met",
    "limit.field_size": "a field is longer than allowed",
    "limit.memory": "reading needs more memory than allowed",
    "limit.total_of_amounts": "amounts or quantities add up to more than can be counted",
    "list.no_id": "a row of a list has no customer id",
    "list.not_a_number": "a cell of a list is no number",
    "list.repeated_id": "a customer stands in a list twice",
    "list.wrong_id": "a customer id of a list cannot be used",
    "model.damaged": "a file of a stored model is missing, added or changed",
    "model.features_not_in_file": "the file lacks what the features of the model are made of",
    "model.none": "the service has no model that can be used",
    "model.not_compatible": "the model was made by other versions, or for other features",
    "model.not_found": "there is no such model version, or no model",
    "model.not_trusted": "no trusted key has signed the model",
    "numbers.decimal_sign_unsure": "numbers can be thousands or have decimals",
    "numbers.mixed_decimal_signs": "a column mixes decimal point and decimal comma",
    "output.not_written": "a result cannot be written",
    "query.impossible": "a filter, a sorting or a page that cannot be",
    "rows.too_many_rejected": "more rows were rejected than the limit allows",
    "rows.too_many_without_customer": "more rows name no customer than the limit allows",
    "sales.row_type_unknown": "words of the row type are not known",
    "sales.status_unknown": "words of a status are not known as a sale or as none",
    "settings.wrong": "an unknown key or an impossible value in settings or options",
    "source.empty": "the file is empty",
    "source.encoding": "the text is not in the encoding that it was read in",
    "source.hidden_sheets": "all sheets of the workbook are hidden",
    "source.holds_objected": "the file holds customers that have objected, and Spark does not leave them out",
    "source.ids_only": "the file holds customer ids only",
    "source.no_rows": "the file has a header and no rows",
    "source.no_such_sheet": "the workbook has no such sheet",
    "source.no_usable_rows": "none of the rows can be used",
    "source.not_readable": "the source cannot be read",
    "source.parquet_off": "Parquet files are not taken here",
    "source.unknown_place": "the address is of no kind that can be read",
    "state.not_usable": "the file of what is remembered between runs cannot be used",
    "storage.failed": "temporary files cannot be written, or a disk fails",
    "store.failed": "something is wrong with the stored models",
    "store.locked": "another process is writing to the store",
    "summary.impossible": "a purchase summary has numbers that cannot be",
    "survey.no_answers": "there is no answer to measure",
    "survey.scale_unsure": "the scale of the answers may be another",
    "values.ambiguous": "a column of dates or numbers can be read in two ways",
    "values.type_not_supported": "a column has a type that Spark does not read as what it stands for",
}
"""Every code of an error, with what it means; a code keeps its meaning, and is not taken away."""
