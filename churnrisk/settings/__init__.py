"""Settings: an option beats the environment (``CHURNRISK_...``), which beats ``churnrisk.toml``, then the default."""

from churnrisk.settings.fields import FILE_NAME, Settings
from churnrisk.settings.reading import GONE, column_roles, commented_file, nearest, read_settings
from churnrisk.settings.tables import declare_tables

__all__ = [
    "FILE_NAME",
    "GONE",
    "Settings",
    "column_roles",
    "commented_file",
    "declare_tables",
    "nearest",
    "read_settings",
]
