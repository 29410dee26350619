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
    """Something that the user can mend. The message says what is wrong, where, and what to do."""


class SourceError(ChurnriskError):
    """The source of purchases cannot be read at all."""


class ColumnError(ChurnriskError):
    """A needed column is missing, or two columns could be meant."""


class AmbiguousFormat(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A column of dates or numbers can be read in two ways, and nothing in it decides."""


class TooManyRejects(ChurnriskError):  # noqa: N818 - named for what is wrong
    """More rows were rejected than the reject limit allows."""


class LimitExceeded(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A bound on size, time or memory was met; the message names the bound and its option."""


class NotEnoughData(ChurnriskError):  # noqa: N818 - named for what is wrong
    """Too few customers, churners or days to learn from; the message has the numbers."""


class InvalidSummary(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A purchase summary (order count, age at last order, tenure) with numbers that cannot be."""


class NoScore(ChurnriskError):  # noqa: N818 - named for what is wrong
    """The customer who is asked for has no churn probability; the message says why."""


class NoHistory(ChurnriskError):  # noqa: N818 - named for what is wrong
    """There is no purchase history to look into, or it is still being read; the message says which."""


class UnknownCustomer(ChurnriskError):  # noqa: N818 - named for what is wrong
    """Nobody of this id is in the purchase history."""


class BadQuery(ChurnriskError):  # noqa: N818 - named for what is wrong
    """A filter, a sorting or a cursor that cannot be; the message has the ones that can."""


class SettingsError(ChurnriskError):
    """An unknown key, or a value that cannot be, in settings or options."""


class MissingExtra(ChurnriskError):  # noqa: N818 - named for what is wrong
    """An optional part of churnrisk is needed and not installed."""


class OutputError(ChurnriskError):
    """A result cannot be written where it was asked for."""


class StorageError(ChurnriskError):
    """A disk is full or fails; the message names the place, which is no result: that of temporary files, most often."""


class StateError(ChurnriskError):
    """The file of what is remembered between runs cannot be used."""


class CampaignError(ChurnriskError):
    """A campaign that cannot be made so, is not there, or cannot be measured yet."""


class StoreError(ChurnriskError):
    """Something is wrong with the stored models."""


class ModelNotFound(StoreError):  # noqa: N818 - named for what is wrong
    """No such model version, or no model at all."""


class NoModel(ModelNotFound):
    """The service has no model that it can use; the message says why."""


class UntrustedModel(StoreError):  # noqa: N818 - named for what is wrong
    """A model that neither this installation nor a key that it trusts has signed."""


class DamagedModel(StoreError):  # noqa: N818 - named for what is wrong
    """A stored model whose files are not the ones that were signed."""


class IncompatibleModel(StoreError):  # noqa: N818 - named for what is wrong
    """A stored model made by other library versions, or for other features."""


class SigningKeyError(StoreError):
    """The private key of this installation, or a public key that it trusts, cannot be used safely."""


class StoreLocked(StoreError):  # noqa: N818 - named for what is wrong
    """Another process is writing to the store."""
