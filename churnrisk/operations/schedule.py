"""When tasks are due: a day and a time by the shop's clock. Each due time follows from the rule and the clock alone."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from churnrisk.errors import SettingsError
from churnrisk.schema import TASKS, WEEKDAYS, Task
from churnrisk.timeline import day_number

MOST_DAYS = 366
_RULE = re.compile(r"(?:(daily|" + "|".join(WEEKDAYS) + r")|every ([0-9]{1,3}) days) ([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Timing:
    """When a task is due.

    Parameters
    ----------
    task : str
        What is done.
    rule : str
        ``monday 06:00``, ``daily 06:00`` or ``every 28 days 06:00``. The last is every day whose number since
        1970-01-01 can be divided by 28, so that all machines count the same days.
    zone : str
        Whose clock is meant.
    """

    task: Task
    rule: str
    zone: str

    def latest(self, now: dt.datetime) -> dt.datetime:
        """Return the last due time up to a moment, in UTC."""
        return max(due for due in self._around(now) if due <= now)

    def following(self, now: dt.datetime) -> dt.datetime:
        """Return the first due time after a moment, in UTC."""
        return min(due for due in self._around(now) if due > now)

    def _around(self, now: dt.datetime) -> Iterator[dt.datetime]:
        """Yield the due times of enough days before and after a moment to have one of each."""
        found = _RULE.fullmatch(self.rule)
        if found is None:
            raise AssertionError("rules are checked when they are read")
        weekday, every, hour, minute = found.groups()
        zone, reach = zoneinfo.ZoneInfo(self.zone), int(every or 7) + 1
        today, at = now.astimezone(zone).date(), dt.time(int(hour), int(minute))
        for day in (today + dt.timedelta(days) for days in range(-reach, reach + 1)):
            if _is_due(day, weekday, every):
                yield dt.datetime.combine(day, at, tzinfo=zone).astimezone(dt.UTC)


def _is_due(day: dt.date, weekday: str | None, every: str | None) -> bool:
    if every is not None:
        return day_number(day) % int(every) == 0
    return weekday in ("daily", WEEKDAYS[day.weekday()])


def read_schedule(rules: Mapping[str, str], *, zone: str | None) -> tuple[Timing, ...]:
    """Read the rules of the settings.

    Parameters
    ----------
    rules : mapping of str to str
        Task to rule.
    zone : str, optional
        The shop's time zone; UTC where none is set.

    Raises
    ------
    SettingsError
        Naming what is wrong with which rule.
    """
    for task, rule in rules.items():
        if task not in TASKS:
            raise SettingsError(f"schedule: {task!r} is no task; there are {', '.join(TASKS)}.")
        found = _RULE.fullmatch(rule)
        if found is None or not 1 <= int(found[2] or 1) <= MOST_DAYS:
            raise SettingsError(
                f"schedule: {task} = {rule!r}: write 'monday 06:00', 'daily 06:00' or 'every 28 days 06:00', with 1 to "
                f"{MOST_DAYS} days."
            )
    try:
        zoneinfo.ZoneInfo(zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"timezone {zone!r}: not known; give a name such as Europe/Sofia.") from None
    return tuple(Timing(task, rules[task], zone or "UTC") for task in TASKS if task in rules)
