"""What comes: next order, other horizons, and value, each checked on past cutoffs."""

from churnrisk.forecast.outlook import Outlook, Prospects
from churnrisk.forecast.outlook_fit import OutlookCheck, fit_outlook, select_outlook_features
from churnrisk.forecast.past import KnownValue, learn_from_past
from churnrisk.forecast.survival import REPORTED
from churnrisk.forecast.valuation import Valuation
from churnrisk.forecast.value import StoredValue, ValueForecast, ValueTerms, forecast_value
from churnrisk.forecast.value_check import ValueCheck, check_forecast, stretch_interval
from churnrisk.forecast.value_model import ValueModel

__all__ = [
    "REPORTED",
    "KnownValue",
    "Outlook",
    "OutlookCheck",
    "Prospects",
    "StoredValue",
    "Valuation",
    "ValueCheck",
    "ValueForecast",
    "ValueModel",
    "ValueTerms",
    "check_forecast",
    "fit_outlook",
    "forecast_value",
    "learn_from_past",
    "select_outlook_features",
    "stretch_interval",
]
