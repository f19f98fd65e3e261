"""The gallery: datasets and templates of a team that an administrator of the site shares with all.

A version is published by itself, after an administrator has looked at it: what its team uploads or
changes later is not shared until that is published, too. All teams see it and use it in their
projects; its own team alone changes, renames and deletes it. Once it is unpublished it is offered
no more, and the projects that were created with it go on as before.

A template from the gallery is code of others. It runs in the same sandbox as a team's own
templates, with the dataset of the project that uses it.
"""

from django.db import models


class Publishable(models.Model):
    """A row that belongs to a team, or to nobody if it is built in."""

    team_id: int | None

    published_at = models.DateTimeField(
        null=True, blank=True, help_text="In the gallery since then: all teams may use it."
    )

    class Meta:
        abstract = True

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    def is_usable_in(self, team_id: int | None) -> bool:
        """Whether projects of the team may begin to use it."""
        return self.is_published or self.team_id in (None, team_id)
