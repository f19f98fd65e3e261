"""What people read about an invitation that cannot be accepted."""

from django.utils import timezone

from tuning.models import Invitation
from tuning.models.people import display_name


def problem_of(invitation: Invitation | None) -> str:
    """Why the link does not work; empty if it does."""
    if invitation is None:
        return "Check that you copied the whole link."
    inviter = display_name(invitation.invited_by)
    if invitation.accepted_at:
        return f"It was already used. Sign in if it was you, or ask {inviter} for a new link."
    if invitation.revoked_at:
        return f"It was revoked. Ask an owner of {invitation.team} for a new link."
    if invitation.expires_at <= timezone.now():
        expired = f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC"
        return f"It expired on {expired}. Ask {inviter} for a new link."
    if not Invitation.objects.pending().filter(pk=invitation.pk).exists():
        return (
            f"{inviter} is no longer an owner of {invitation.team}. Ask another owner for a new "
            "link."
        )
    return ""
