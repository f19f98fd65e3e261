"""What people add to trials and searches: stars, tags, comments, and the views that they keep.

- A project writes a tag as it was written first, whatever the case, so that one filter finds all
  of it. The database holds one per trial and lower-case name.
- `{% marks_bar trial %}` and `{% comments trial %}` (`tuning/templatetags/notes.py`) put them on a
  page, outside of what is polled: six queries. Each piece (star, tags, thread) is swapped alone, so
  that a comment being written survives; without scripts the same forms are sent plainly.
  `marks_of(user, trials)` tells what table rows show, in three queries.
- `tuning/analysis/markdown.py` writes HTML twice guarded: markdown-it knows no HTML, and nh3 lets
  a short list of elements through; pictures become links, since no page asks another host.
  `@name` and `#12` are taken out of running text only, not out of code and links. Texts are read
  first and written after all that they name has been looked up together.
- The count of unseen mentions is one query of whole pages (`base.html`); mentions that their page
  has shown count as seen.
- A project's activity has no table of its own: each kind of event is a query on its rows, cut by
  the same place in time, and a page merges the newest of each. With 150,000 notes in a project a
  page took 20 ms.

Stars, tags and comments are rows on a trial or a search (`tuning/models/notes.py`); nothing else
changes with them but the search's `revision`, so that open tables show them. Whoever sees a trial
may star it and comment on it: that is talk, and viewers take part. Tags change the table that all
share, so they take editing rights. People change their own comments only; owners delete any.
"""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from .projects import Project
from .searches import Search
from .teams import Team, TeamOwnedQuerySet
from .trials import Trial
from .validators import validate_name

MARKED = (Q(trial__isnull=False) & Q(search__isnull=True)) | (
    Q(trial__isnull=True) & Q(search__isnull=False)
)


Subject = Trial | Search


def about(subject: Subject) -> dict[str, Subject]:
    """The field with which a note points to its subject."""
    return {"trial" if isinstance(subject, Trial) else "search": subject}


class NoteQuerySet(TeamOwnedQuerySet):
    team_path = "project__team"
    project_path = "project__"

    def of(self, subject: Subject) -> Any:
        return self.filter(**about(subject))


class Note(models.Model):
    """Something said about a trial or about a search: exactly one of the two is set."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="%(class)ss")
    trial = models.ForeignKey(
        Trial, null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)ss"
    )
    search = models.ForeignKey(
        Search, null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)ss"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Star(Note):
    """A person's own mark, which the team sees."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stars"
    )

    objects = NoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=MARKED, name="star_of_a_trial_or_a_search"),
            models.UniqueConstraint(fields=["user", "trial"], name="one_star_per_trial"),
            models.UniqueConstraint(fields=["user", "search"], name="one_star_per_search"),
        ]
        indexes = [models.Index(fields=["project", "created_at"], name="stars_of_a_project")]

    def __str__(self) -> str:
        return f"star of {self.user}"


class Tag(Note):
    """A word on a trial or a search. The tags of a project are the words in use there; each is
    written there as it was for the first time, whatever the case (tuning.actions.notes)."""

    name = models.CharField(max_length=40, validators=[validate_name])
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=MARKED, name="tag_of_a_trial_or_a_search"),
            models.UniqueConstraint("trial", Lower("name"), name="one_tag_per_trial"),
            models.UniqueConstraint("search", Lower("name"), name="one_tag_per_search"),
        ]
        indexes = [
            models.Index(fields=["project", "created_at"], name="tags_of_a_project"),
            # The words in use in a project, without going through its tags.
            models.Index(fields=["project", "name"], name="words_of_a_project"),
        ]

    def __str__(self) -> str:
        return self.name


class CommentQuerySet(NoteQuerySet):
    def editable_by(self, user: Any) -> Any:
        """One's own. Viewers write comments too: they are talk, not changes."""
        return self.visible_to(user).filter(author=user.pk)

    def deletable_by(self, user: Any) -> Any:
        """One's own, and all of a team to its owners."""
        owned = Q(project__team__in=Team.objects.owned_by(user))
        return self.visible_to(user).filter(Q(author=user.pk) | owned)


class Comment(Note):
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="comments"
    )
    text = models.TextField(help_text="Markdown, as it was written.")
    edited_at = models.DateTimeField(null=True, blank=True)
    mentioned: Any = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Mention", related_name="mentioned_in"
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=MARKED, name="comment_on_a_trial_or_a_search")
        ]
        indexes = [models.Index(fields=["project", "created_at"], name="comments_of_a_project")]

    def __str__(self) -> str:
        return self.text[:60]


class MentionQuerySet(TeamOwnedQuerySet):
    team_path = "comment__project__team"

    def of(self, user: Any) -> Any:
        """A person's, as far as they still see what they are called to."""
        return self.visible_to(user).filter(user=user.pk)

    def unseen(self) -> Self:
        return self.filter(seen_at__isnull=True)


class Mention(models.Model):
    """A member whom a comment calls by name; `seen_at` once they have seen it."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions"
    )
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comment", "user"], name="one_mention_per_comment")
        ]

    def __str__(self) -> str:
        return f"@{self.user}"


class SavedViewQuerySet(TeamOwnedQuerySet):
    team_path = "project__team"
    project_path = "project__"

    def shown_to(self, user: Any) -> Any:
        """The team's, and one's own."""
        return self.visible_to(user).filter(Q(shared=True) | Q(owner_id=user.pk))


class SavedView(models.Model):
    """A way to look at the trial tables of a project: everything that is in its URL."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="views")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=80, validators=[validate_name])
    query = models.TextField(blank=True, help_text="The address after its question mark.")
    shared = models.BooleanField(default=False, help_text="For the team, not only its owner.")
    is_default = models.BooleanField(
        default=False, help_text="What the project's tables open with. Implies shared."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(is_default=True), name="one_default_per_project"
            ),
            models.UniqueConstraint(fields=["project", "owner", "name"], name="one_view_per_name"),
        ]

    def __str__(self) -> str:
        return self.name
