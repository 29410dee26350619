"""What customers are worth, what keeping them is worth, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.forecast import ValueCheck, ValueForecast, ValueTerms, check_forecast, forecast_value, stretch_interval
from churnrisk.orders import IntakeOptions, Orders
from churnrisk.planning import Day
from churnrisk.public.result import Result
from churnrisk.public.source import day_of, opened
from churnrisk.retention import (
    KINDS,
    Calendar,
    Economics,
    KnownCustomers,
    Survey,
    Terms,
    build_segments,
    estimate_economics,
    measure_survey,
    read_survey,
)
from churnrisk.timeline import DEFAULT_LOOKBACK
from churnrisk.workflows import predict_churn, stored_value


@dataclass(frozen=True)
class LifetimeValue(Result):
    """The value of the customer base over a stated horizon.

    Parameters
    ----------
    forecast : ValueForecast
        Expected orders, revenue and value of each customer, and the interval of the total.
    check : ValueCheck or None
        How the last forecast whose outcome is known did.
    not_checked : str
        Why there is no such check; empty where there is one.
    intake : mapping
        The account of the rows.
    """

    forecast: ValueForecast
    check: ValueCheck | None
    not_checked: str
    intake: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk ltv --json`` prints them: no single customer."""
        return {
            **self.forecast.to_dict(),
            "check": None if self.check is None else self.check.to_dict(),
            "not_checked": self.not_checked or None,
            "intake": dict(self.intake),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a row per customer of the base, sorted by id; amounts in the currency of the log."""
        made = self.forecast
        columns = (made.base.customer_ids, made.orders, made.revenue, made.value)
        names = ("customer_id", "expected_orders", "expected_revenue", "lifetime_value")
        return [
            dict(zip(names, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)
        ]


def ltv(
    purchases: Any,
    *,
    as_of: Day = None,
    months: int = 12,
    margin: float = 1.0,
    discount: float = 0.1,
    lookback: int = DEFAULT_LOOKBACK,
    models_dir: str | Path = "models",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> LifetimeValue:
    """Forecast the value of the customer base over a stated horizon, with an interval.

    Parameters
    ----------
    purchases, state, columns, options
        As for :func:`churnrisk.metrics`. The purchases need amounts.
    as_of : str or date, optional
        The first day that is not known. By default the day after the last order.
    months : int
        How far to look ahead.
    margin : float
        Share of revenue that is profit.
    discount : float
        Discount rate of a year.
    lookback : int
        A customer is active, and in the base, with a purchase in so many last days.
    models_dir : str or Path
        The folder of stored models; the forecast is that of the current one, where it has one.

    Returns
    -------
    LifetimeValue
        A row per customer of the base; the total and its 95 % interval in ``forecast``.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    See Also
    --------
    docs/explanation/words.md : The methods, with their sources.

    Examples
    --------
    >>> import churnrisk
    >>> result = churnrisk.ltv("data/customers.csv", months=6, margin=0.35, models_dir="none-yet")
    >>> result.forecast.total_low < result.forecast.total < result.forecast.total_high
    True
    """
    terms = ValueTerms(months, margin, discount, lookback)
    with opened(purchases, columns, options, state, with_tables=True) as orders:
        given = day_of(as_of, "as_of")
        day = orders.last_day + 1 if given is None else given
        stored = stored_value(orders, Path(models_dir), day)
        forecast = forecast_value(orders, day, terms=terms, stored=stored)
        try:
            check = check_forecast(orders, forecast)
        except NotEnoughData as error:
            return LifetimeValue(forecast, None, str(error), orders.report.describe())
        return LifetimeValue(stretch_interval(forecast, check), check, "", orders.report.describe())


@dataclass(frozen=True)
class RetentionValue(Result):
    """What more retention is worth.

    Parameters
    ----------
    economics : Economics
        The shop's own year, the terms, and the profit under each retention.
    intake : mapping
        The account of the rows.
    """

    economics: Economics
    intake: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk economics --json`` prints them."""
        return {**self.economics.to_dict(), "intake": dict(self.intake)}

    def records(self) -> list[dict[str, Any]]:
        """Return the discounted profit of the years ahead with 0, 1 and 5 more points of yearly retention."""
        made = self.economics
        profits = {0: made.profit, 1: made.profit_one_point, 5: made.profit_five_points}
        return [{"more_points": points, "profit": profit} for points, profit in profits.items()]


def economics(
    purchases: Any,
    *,
    margin: float,
    acquisition_cost: float = 0.0,
    discount: float = 0.1,
    years: int = 5,
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> RetentionValue:
    """Estimate what one more point of yearly retention is worth in this shop.

    Parameters
    ----------
    purchases, state, columns, options
        As for :func:`churnrisk.metrics`. The purchases need amounts, and two years.
    margin : float
        Share of revenue that is profit.
    acquisition_cost : float
        What it costs to win a customer, in the currency of the log.
    discount : float
        Discount rate of a year.
    years : int
        How far to look ahead.

    Returns
    -------
    RetentionValue
        A row per number of points: the profit of the years ahead, discounted.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Examples
    --------
    >>> import churnrisk
    >>> result = churnrisk.economics("data/customers.csv", margin=0.35, acquisition_cost=20)
    >>> [row["more_points"] for row in result.records()]
    [0, 1, 5]
    """
    with opened(purchases, columns, options, state, with_tables=True) as orders:
        made = estimate_economics(orders, Terms(margin, acquisition_cost, discount, years))
        return RetentionValue(made, orders.report.describe())


@dataclass(frozen=True)
class SurveyResult(Result):
    """What a survey says.

    Parameters
    ----------
    survey : Survey
        The score with its interval, by period, segment and reason, and what the customers do.
    answers : int
        Rows with a score from 0 to 10.
    rows_in, rows_without_score : int
        Rows of the file, and those among them whose score is empty.
    rejected : tuple of (int, str, str, str)
        Line, column, value, reason of each row that was set aside.
    """

    survey: Survey
    answers: int
    rows_in: int
    rows_without_score: int
    rejected: tuple[tuple[int, str, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk nps --json`` prints them: no single answer."""
        return {
            **self.survey.to_dict(),
            "rows_in": self.rows_in,
            "rows_without_score": self.rows_without_score,
            "rows_rejected": len(self.rejected),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return the score of all, of each period and of each segment, in points from -100 to 100."""
        parts = [("all", "", self.survey.total)]
        parts += [("period", name, one) for name, one in self.survey.by_period.items()]
        parts += [("segment", name, one) for name, one in self.survey.by_segment.items()]
        return [{"part": part, "name": name, **vars(one)} for part, name, one in parts]


def nps(
    survey: str | Path,
    purchases: Any = None,
    *,
    period: str = "month",
    survey_columns: Mapping[str, str] | None = None,
    scale_0_10: bool = False,
    lookback: int = DEFAULT_LOOKBACK,
    models_dir: str | Path = "models",
    year_starts: str = "01-01",
    week_starts: str = "monday",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> SurveyResult:
    r"""Measure NPS and CSAT from a survey, with an interval, and join them to what customers buy.

    Parameters
    ----------
    survey : str or Path
        Answers in CSV: a column ``score`` from 0 to 10; understood are ``customer_id, answered_at, segment, reason,
        comment, csat``.
    purchases : str, Path or frame, optional
        Purchase history to join the answers to.
    period : {"week", "month", "quarter", "year"}
        What answers are grouped by, where they are dated.
    survey_columns : mapping, optional
        The file's header for one of those names.
    scale_0_10 : bool
        That the scale is 0 to 10 although no answer is above 7.
    lookback : int
        A customer is active with a purchase in so many last days.
    models_dir : str or Path
        The folder of stored models; the current one gives mean churn probabilities, where there is one.
    year_starts, week_starts, state, columns, options
        As for :func:`churnrisk.metrics`.

    Returns
    -------
    SurveyResult
        A row for all, for each period and for each segment: the score in points with its 95 % interval.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Notes
    -----
    Interval: Rocks, B. (2016), Interval Estimation for the Net Promoter Score, The American Statistician 70(4).

    Examples
    --------
    >>> import churnrisk, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "survey.csv"
    >>> _ = file.write_text("score,answered_at\n10,2024-01-02\n9,2024-01-03\n3,2024-02-01\n")
    >>> [(row["name"], round(row["nps"])) for row in churnrisk.nps(file).records()]
    [('', 33), ('2024-01', 100), ('2024-02', -100)]
    """
    if period not in KINDS:
        raise SettingsError(f"--period {period!r}: give one of {', '.join(KINDS)}.")
    calendar = Calendar(year_starts, week_starts)
    rows = read_survey(Path(survey), survey_columns, period=period, calendar=calendar, is_low=scale_0_10)
    known = KnownCustomers({}, {}, {}, {})
    if purchases is not None:
        with opened(purchases, columns, options, state, with_tables=True) as orders:
            known = _known_customers(orders, lookback, Path(models_dir))
    measured = measure_survey(rows.answers, known)
    return SurveyResult(measured, len(rows.answers), rows.rows_in, rows.rows_without_score, rows.rejected)


def _known_customers(orders: Orders, lookback: int, models_dir: Path) -> KnownCustomers:
    segmentation = build_segments(orders)
    customers = segmentation.customers
    ids = customers.customer_ids.tolist()
    revenue = dict(zip(ids, customers.revenue.tolist(), strict=True)) if orders.has_amounts else {}
    active = dict(zip(ids, customers.in_base(lookback).tolist(), strict=True))
    churn = predict_churn(orders, models_dir)
    return KnownCustomers(revenue, segmentation.segment_of(), active, churn.probability)
