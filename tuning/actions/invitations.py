"""Inviting people to a team by link, and accepting such an invitation."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from tuning.models import Invitation, Membership, Role
from tuning.models.people import display_name
from tuning.recording import announcing

from .audit import record
from .people import save_account


class NotPending(Exception):
    """The invitation was accepted, revoked or expired, perhaps a moment ago."""


def invite(owner: Any, invitation: Invitation, valid_for: timedelta) -> str:
    """Save the invitation. Returns the secret part of its link, which nobody can read again."""
    token = secrets.token_urlsafe(32)
    invitation.invited_by = owner
    invitation.digest = _digest(token)
    invitation.expires_at = timezone.now() + valid_for
    with transaction.atomic():
        invitation.save()
        record("invitation.create", invitation, by=owner, role=Role(invitation.role).label.lower())
    return token


def mail_invitation(invitation: Invitation, link: str) -> bool:
    """Whether a mail is on its way. Without a mail server its text would go to the site's log,
    where a secret link does not belong."""
    if not settings.EMAIL_HOST or not invitation.email:
        return False
    context = {
        "invitation": invitation, "link": link, "inviter": display_name(invitation.invited_by),
    }  # fmt: skip
    text = render_to_string("invitations/mail.txt", context)
    send_mail(f"Invitation to {invitation.team} on Tuneroom", text, None, [invitation.email])
    return True


def invitation_of(token: str) -> Invitation | None:
    """Whatever became of it; None if there never was such a link."""
    rows = Invitation.objects.select_related("team", "project", "invited_by")
    return rows.filter(digest=_digest(token)).first()


@transaction.atomic
def revoke(invitation: Invitation) -> None:
    pending = Invitation.objects.pending().filter(pk=invitation.pk)
    if pending.update(revoked_at=timezone.now()):
        record("invitation.revoke", invitation)


@transaction.atomic
def accept(invitation: Invitation, user: Any) -> None:
    """Make `user` a member with the invitation's role. An account that is not saved yet is saved
    with it. Members keep the role that they have. Raises NotPending, and NameTaken of people.py."""
    # Of two people who send the same link at once, one changes the row.
    pending = Invitation.objects.pending().filter(pk=invitation.pk)
    if pending.update(accepted_at=timezone.now()) != 1:
        raise NotPending
    if user.pk is None:
        save_account(user)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_by=user)
    membership, is_new = Membership.objects.get_or_create(
        team=invitation.team, user=user, defaults={"role": invitation.role}
    )
    record("member.join", team=invitation.team, by=user, role=Role(membership.role).label.lower())
    if is_new:
        announcing.joined(membership, invitation.invited_by, invited=True)


def _digest(token: str) -> str:
    # No slow password hash: 256 random bits cannot be guessed from their digest.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
