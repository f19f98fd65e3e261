"""Comments on trials and searches, and the members whom they call."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions import notes as actions
from tuning.analysis.comments import NEWEST
from tuning.models import Comment, Membership, Mention, Search, Trial

HTMX = {"HX-Request": "true"}


def comments_url(trial: Trial) -> str:
    return reverse("trial-comments", args=[trial])


def test_bob_comments_on_a_trial(as_bob: Client, as_alice: Client, best: Trial) -> None:
    response = as_bob.post(comments_url(best), {"text": "The **best** so far."})
    comment = Comment.objects.get()
    address = reverse("trial-detail", args=[best])
    assert response["Location"] == f"{address}#comment-{comment.pk}"
    page = as_alice.get(address).content.decode()
    assert "The <strong>best</strong> so far." in page


def test_dora_may_talk_though_she_only_looks(as_dora: Client, search: Search, dora: User) -> None:
    as_dora.post(reverse("search-comments", args=[search]), {"text": "Why so few?"})
    assert Comment.objects.get().author == dora
    page = as_dora.get(reverse("search-comments", args=[search])).content.decode()
    assert "Why so few?" in page


def test_charlie_reads_and_writes_nothing(as_charlie: Client, best: Trial, bob: User) -> None:
    comment = actions.comment(bob, best, "Among us.")
    for name in ("comment-detail", "comment-edit", "comment-delete"):
        assert as_charlie.get(reverse(name, args=[comment.pk])).status_code == 404
    assert as_charlie.post(comments_url(best), {"text": "Hello"}).status_code == 404
    preview = reverse("trial-preview", args=[best])
    assert as_charlie.post(preview, {"text": "#1"}).status_code == 404
    assert Comment.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(" \n ", "Enter a comment."), ("x" * 10_001, "more than the limit of 10,000")],
)
def test_what_is_refused_stays_in_the_form(
    text: str, sentence: str, as_bob: Client, best: Trial
) -> None:
    for headers in ({}, HTMX):
        response = as_bob.post(comments_url(best), {"text": text}, headers=headers)
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert text in response.content.decode()
    assert not Comment.objects.exists()


def test_line_ends_of_browsers_count_once(as_bob: Client, best: Trial) -> None:
    as_bob.post(comments_url(best), {"text": "x\r\n" * 3333 + "y"})
    assert len(Comment.objects.get().text) == 6667


def test_sending_twice_is_one_comment(as_bob: Client, best: Trial) -> None:
    for _ in range(2):
        as_bob.post(comments_url(best), {"text": "Once."})
    assert Comment.objects.count() == 1


def test_htmx_gets_the_thread_alone(as_bob: Client, best: Trial) -> None:
    piece = as_bob.post(comments_url(best), {"text": "Now."}, headers=HTMX).content.decode()
    assert "<html" not in piece
    assert "Now." in piece
    assert '<details id="notes-comments" class="notes-comments" open>' in piece


def test_the_page_shows_the_newest_and_leads_to_all(as_bob: Client, bob: User, best: Trial) -> None:
    made = [actions.comment(bob, best, f"Remark {n}.") for n in range(NEWEST + 3)]
    page = as_bob.get(reverse("trial-detail", args=[best])).content.decode()
    assert "Show 3 earlier" in page
    assert "Remark 2." not in page
    assert page.index("Remark 3.") < page.index(f"Remark {NEWEST + 2}.")
    everything = as_bob.get(comments_url(best)).content.decode()
    assert "Remark 0." in everything
    assert "earlier</a>" not in everything
    old, new = (as_bob.get(reverse("comment-detail", args=[one.pk])) for one in (made[0], made[-1]))
    assert old["Location"] == f"{comments_url(best)}#comment-{made[0].pk}"
    assert new["Location"].startswith(reverse("trial-detail", args=[best]) + "#")


def test_a_preview_looks_like_the_comment(as_dora: Client, search: Search, bob: User) -> None:
    text = "@bob, see `#1`, #2, search 1, trial 3 and #99. <img src=x onerror=alert(1)>"
    url = reverse("search-preview", args=[search])
    piece = as_dora.post(url, {"text": text}).content.decode()
    start = reverse("search-detail", args=[search])
    assert '<span class="mention">@bob</span>' in piece
    assert "<code>#1</code>" in piece
    assert f'href="{start}trials/2/"' in piece
    assert f'href="{start}trials/3/"' in piece
    assert "and #99." in piece
    assert "<img" not in piece
    assert not Comment.objects.exists()


# --- Changing and deleting --------------------------------------------------------------------


def test_bob_edits_his_own(as_bob: Client, bob: User, best: Trial) -> None:
    comment = actions.comment(bob, best, "Teh best.")
    url = reverse("comment-edit", args=[comment.pk])
    assert "Teh best." in as_bob.get(url).content.decode()
    as_bob.post(url, {"text": "The best."})
    comment.refresh_from_db()
    assert comment.text == "The best."
    assert comment.edited_at is not None


def test_editing_in_place(as_bob: Client, bob: User, best: Trial) -> None:
    comment = actions.comment(bob, best, "One.")
    url = reverse("comment-edit", args=[comment.pk])
    assert "<textarea" in as_bob.get(url, headers=HTMX).content.decode()
    refused = as_bob.post(url, {"text": ""}, headers=HTMX)
    assert refused.status_code == 422
    assert "Enter a comment." in refused.content.decode()
    cancelled = as_bob.get(f"{url}?cancel=1", headers=HTMX).content.decode()
    assert "<textarea" not in cancelled
    piece = as_bob.post(url, {"text": "Two."}, headers=HTMX).content.decode()
    assert f'id="comment-{comment.pk}"' in piece
    assert "Two." in piece
    assert "edited" in piece


def test_nobody_edits_the_comments_of_others(
    as_alice: Client, as_dora: Client, bob: User, best: Trial
) -> None:
    comment = actions.comment(bob, best, "Mine.")
    for client in (as_alice, as_dora):
        url = reverse("comment-edit", args=[comment.pk])
        response = client.post(url, {"text": "Yours."})
        assert response.status_code == 403
        assert "Only the author can edit a comment" in response.content.decode()
    assert Comment.objects.get().text == "Mine."


def test_deleting_asks_first(as_bob: Client, bob: User, best: Trial) -> None:
    url = reverse("comment-delete", args=[actions.comment(bob, best, "Mine.").pk])
    assert "Delete your comment?" in as_bob.get(url).content.decode()
    assert Comment.objects.exists()
    page = as_bob.post(url, follow=True).content.decode()
    assert "Comment deleted." in page
    assert not Comment.objects.exists()


def test_owners_delete_any_and_others_only_their_own(
    as_alice: Client, as_bob: Client, as_dora: Client, dora: User, bob: User, best: Trial
) -> None:
    hers, his = actions.comment(dora, best, "Hers."), actions.comment(bob, best, "His.")
    hers_url, his_url = (reverse("comment-delete", args=[one.pk]) for one in (hers, his))
    assert as_bob.post(hers_url).status_code == 403
    assert as_dora.post(his_url).status_code == 403
    as_dora.post(hers_url)
    as_alice.post(his_url)
    assert not Comment.objects.exists()


def test_a_former_member_changes_nothing(as_bob: Client, bob: User, best: Trial) -> None:
    comment = actions.comment(bob, best, "Mine.")
    Membership.objects.filter(user=bob).delete()
    for name in ("comment-edit", "comment-delete"):
        assert as_bob.post(reverse(name, args=[comment.pk]), {"text": "x"}).status_code == 404


def test_comments_outlive_their_authors(as_alice: Client, bob: User, best: Trial) -> None:
    actions.comment(bob, best, "Remember me.")
    bob.delete()
    page = as_alice.get(reverse("trial-detail", args=[best])).content.decode()
    assert "Deleted user" in page
    assert "Remember me." in page


def test_trials_are_deleted_with_what_was_said_about_them(bob: User, search: Search) -> None:
    for subject in (search, search.trials.get(number=1)):
        actions.comment(bob, subject, "Gone soon.")
        actions.star(bob, [subject])
        actions.tag(bob, [subject], ["gone"])
    search.delete()
    assert not Comment.objects.exists()


# --- Mentions ---------------------------------------------------------------------------------


def called(comment: Comment) -> set[str]:
    return set(comment.mentions.values_list("user__username", flat=True))


def test_members_are_called_and_nobody_else(
    alice: User, bob: User, dora: User, charlie: User, best: Trial
) -> None:
    comment = actions.comment(bob, best, "@Alice and @dora. `@alice` @charlie @bob @nobody")
    assert called(comment) == {"alice", "dora"}


def test_code_and_addresses_call_nobody(alice: User, bob: User, best: Trial) -> None:
    text = "`@alice` x@alice \\@alice [@alice](/)\n\n    @alice\n\n```\n@alice\n```"
    assert called(actions.comment(bob, best, text)) == set()


def test_editing_calls_whom_it_names_newly(alice: User, bob: User, dora: User, best: Trial) -> None:
    comment = actions.comment(bob, best, "@alice")
    actions.mark_seen(comment.mentions.get().user, comment.mentions.all())
    actions.edit_comment(comment, "@alice @dora")
    assert dict(comment.mentions.values_list("user__username", "seen_at"))["dora"] is None
    assert comment.mentions.get(user=alice).seen_at is not None
    actions.edit_comment(comment, "@dora")
    assert called(comment) == {"dora"}


def test_the_head_counts_what_is_new_until_it_is_opened(
    as_alice: Client, alice: User, bob: User, best: Trial
) -> None:
    home, url = reverse("project-list"), reverse("mention-list")
    count = '<b class="count">2'
    actions.comment(bob, best, "@alice: look at #1")
    actions.comment(bob, best.search, "@alice again")
    assert count in as_alice.get(home).content.decode()
    page = as_alice.get(url).content.decode()
    assert page.index('id="new"') < page.index("again") < page.index("look at")
    assert f'href="{reverse("trial-detail", args=[best.search.trials.get(number=1)])}"' in page
    assert count in as_alice.get(home).content.decode(), "reading changes nothing"
    shown = re.findall(r'name="mention" value="(\d+)"', page)
    as_alice.post(reverse("mention-seen"), {"mention": [*shown, "x", "9" * 30]})
    assert count not in as_alice.get(home).content.decode()
    later = as_alice.get(url).content.decode()
    assert 'id="new"' not in later
    assert "again" in later


def test_what_is_new_comes_before_what_was_seen(
    as_alice: Client, alice: User, bob: User, best: Trial
) -> None:
    for text, seen in (("@alice new", None), ("@alice seen", timezone.now())):
        comment = actions.comment(bob, best, text)
        Mention.objects.filter(comment=comment).update(seen_at=seen)
    Comment.objects.filter(text="@alice new").update(created_at=timezone.now() - timedelta(days=1))
    page = as_alice.get(reverse("mention-list")).content.decode()
    assert page.index(" new</p>") < page.index(" seen</p>")


def test_who_leaves_the_team_is_called_no_more(
    as_dora: Client, dora: User, bob: User, best: Trial
) -> None:
    actions.comment(bob, best, "@dora come back")
    Membership.objects.filter(user=dora).delete()
    page = as_dora.get(reverse("mention-list")).content.decode()
    assert "come back" not in page
    assert 'class="count"' not in page


def test_fragments_that_are_polled_do_not_count(
    as_alice: Client, search: Search, best: Trial, django_assert_max_num_queries: object
) -> None:
    for name, at in (("search-live", search), ("trial-live", best)):
        page = as_alice.get(reverse(name, args=[at])).content.decode()
        assert "mention" not in page.lower()
        assert "notes" not in page
