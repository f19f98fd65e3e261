"""The values that a running trial asks for, one after the other.

A template that defines its search space while it runs gets each value when it asks for it
(`strategies/define_by_run.py`). Value, the strategy's new state and a hyperparameter that nobody
knew before are written in one transaction that holds the search's lock, before the runner hears the
value: trials that run at once draw from one source, and an attempt that begins again has the values
of the one that was lost.
"""

import json
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F

from tuning.models import Search, Trial
from tuning.protocol.events import Asked, BadEvent
from tuning.recording.recorder import LeaseLost
from tuning.spaces.checked import MAX_HYPERPARAMETERS
from tuning.spaces.define_by_run import (
    Distribution,
    distribution_for,
    entries_by_name,
    entry_for,
    found_again,
)
from tuning.supervisor.known_trials import known_trials, name_of, warm
from tuning.supervisor.suggestions import settings_of

# Of one trial's distributions as JSON: choices may be long texts.
MAX_LENGTH = 2**20


class Answers:
    """What one attempt of a trial asks for. Values that the trial has already, from a person or an
    attempt that was lost, are given again."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._search: Search = trial.search
        self._given: dict[str, Any] = dict(trial.values)
        # What the script has asked for in this attempt.
        self.values: dict[str, Any] = {}
        self._distributions: dict[str, Distribution] = {}
        self._length = 0
        self._opened: Any = None
        self._edited: dict[str, Distribution] | None = None

    def answer(self, event: Asked) -> Any:
        """The value of a hyperparameter. Raises BadEvent, LeaseLost, and ValueError with a sentence
        about a script that Optuna would refuse as well."""
        from tuning.strategies.define_by_run import read_distribution

        try:
            entry = entry_for(event.name, event.distribution)
            read_distribution(event.distribution)
        except (KeyError, TypeError, ValueError) as error:
            raise BadEvent(f"an invalid hyperparameter: {error}") from error
        if len(self.values) >= MAX_HYPERPARAMETERS:
            raise BadEvent(f"more than {MAX_HYPERPARAMETERS:,} hyperparameters")
        length = len(json.dumps(event.distribution))
        if self._length + length > MAX_LENGTH:
            raise BadEvent(f"distributions of more than {MAX_LENGTH:,} characters")
        asked = self._edits().get(event.name, event.distribution)
        distribution = read_distribution(asked)
        if self._opened is None:
            self._opened = self._open()
        try:
            with transaction.atomic():
                search = self._locked()
                value, state = self._opened.suggest(search.oracle_state, event.name, distribution)
                self._write(search, state, event.name, value, asked, entry)
        except Exception:
            # It has drawn what was not written.
            self._opened = None
            raise
        self.values[event.name] = value
        self._distributions[event.name] = asked
        self._length += length
        return value

    def _open(self) -> Any:
        # Imported when a script asks: it brings Optuna.
        from tuning.strategies.define_by_run import OpenTrial

        search = Search.objects.get(pk=self._search.pk)
        known = known_trials(search)
        earlier = [] if search.oracle_state else warm(search)
        # With the values that are known by now: of a trial that begins again, those given to it.
        given = {**self._given, **self.values}
        name = name_of(self._trial)
        known = [replace(one, values=given) if one.trial_id == name else one for one in known]
        return OpenTrial(settings_of(search), search.oracle_state, known, name, earlier)

    def _locked(self) -> Search:
        search = Search.objects.select_for_update().filter(pk=self._search.pk).first()
        if search is None:
            raise LeaseLost
        return search

    def _write(
        self, search: Search, state: dict[str, Any], name: str, value: Any, asked: Distribution,
        entry: dict[str, Any],
    ) -> None:  # fmt: skip
        values = {**self._given, **self.values, name: value}
        distributions = {**self._distributions, name: asked}
        held = Trial.objects.held(self._trial.pk, self._trial.attempt)
        if not held.update(values=values, distributions=distributions):
            raise LeaseLost
        changed: dict[str, Any] = {"revision": F("revision") + 1}
        if state != search.oracle_state:
            changed |= {"oracle_state": state, "oracle_version": F("oracle_version") + 1}
        space = _with_entry(search.space, entry, set(entries_by_name(self._inspected())))
        if space is not None:
            changed["space"] = space
        Search.objects.filter(pk=search.pk).update(**changed)

    def _inspected(self) -> dict[str, Any]:
        space: dict[str, Any] = self._search.inspection.space
        return space

    def _edits(self) -> dict[str, Distribution]:
        """The hyperparameters that the search has otherwise than the template: a person changed
        them."""
        if self._edited is None:
            before = entries_by_name(self._inspected())
            now = entries_by_name(Search.objects.values_list("space", flat=True).get(
                pk=self._search.pk
            ))  # fmt: skip
            self._edited = {
                name: found
                for name, entry in before.items()
                if name in now
                and now[name] != entry
                and (found := distribution_for(now[name])) is not None
            }
        return self._edited


def _with_entry(
    space: dict[str, Any], entry: dict[str, Any], inspected: set[str]
) -> dict[str, Any] | None:
    """The space with what a script asks for now; None if it has it, or has as many as it may. What
    the inspection has found stays as the search began with it."""
    name = entry["config"]["name"]
    known = entries_by_name(space)
    if name in inspected and name in known:
        return None
    found = found_again(known.get(name), entry)
    if found == known.get(name) or (name not in known and len(known) >= MAX_HYPERPARAMETERS):
        return None
    entries = [found if one["config"]["name"] == name else one for one in space.get("space", [])]
    if name not in known:
        entries.append(found)
    return {**space, "space": entries}
