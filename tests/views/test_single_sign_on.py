"""Signing in at an identity provider: by the email address that it has verified, and by nothing
else that comes back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings as site
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import OctKey

from tuning.actions.invitations import invite
from tuning.management.commands import doctor
from tuning.management.findings import Level
from tuning.models import AuditEntry, BrowserSession, Invitation, Project, Role, Team
from tuning.views import identity_provider

from .identity_provider import CLIENT, SECRET, IdentityProvider, key, providing

BEGIN, LOGIN = reverse("single-sign-on"), reverse("login")


@pytest.fixture
def provider(settings: Any) -> Iterator[IdentityProvider]:
    with configured(settings) as found:
        yield found


@contextmanager
def configured(settings: Any) -> Iterator[IdentityProvider]:
    """A provider for which the site is set up, until it is away."""
    with providing() as found:
        # Its port may be that of the provider before it.
        identity_provider._client.cache_clear()
        settings.OIDC_ISSUER, settings.OIDC_LABEL = found.url, "Example"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        yield found


def person(email: str, **claims: Any) -> dict[str, Any]:
    return {"sub": f"key of {email}", "email": email, "email_verified": True, **claims}


def come_back(client: Client, next: str = "") -> Any:
    """What a browser does: it follows to the provider, and back. The answer to that."""
    answer = client.get(BEGIN, {"next": next} if next else {})
    assert answer.status_code == 302
    location = answer["Location"]
    if location.startswith("http"):
        location = requests.get(location, allow_redirects=False, timeout=60).headers["Location"]
    parts = urlsplit(location)
    return client.get(f"{parts.path}?{parts.query}")


def signed_in(client: Client) -> str:
    """Whose browser it is now."""
    return str(client.get(LOGIN).wsgi_request.user)


def refusal(answer: Any, client: Client) -> str:
    """The one sentence on the page to sign in, which the person is led to."""
    assert answer.status_code == 302
    assert answer["Location"].startswith(LOGIN)
    shown = client.get(answer["Location"])
    (message,) = get_messages(shown.wsgi_request)
    assert signed_in(client) == "AnonymousUser"
    assert site.SESSION_COOKIE_NAME not in client.cookies
    return str(message)


def entries() -> list[str]:
    return [str(entry) for entry in AuditEntry.objects.order_by("pk")]


def test_without_the_setting_there_is_none(client: Client, db: None) -> None:
    assert "Sign in with" not in client.get(LOGIN).content.decode()
    assert client.get(BEGIN).status_code == 404
    assert client.get(reverse("single-sign-on-callback")).status_code == 404
    assert client.get(reverse("single-sign-out")).status_code == 404


def test_a_person_signs_in_by_their_address(
    provider: IdentityProvider, client: Client, alice: User, project: Project
) -> None:
    provider.person = person("Alice@example.com")
    where = reverse("project-detail", args=[project.pk])
    page = client.get(LOGIN, {"next": where}).content.decode()
    assert f'href="{BEGIN}?next={where}"' in page
    assert "Example</a>" in page
    answer = come_back(client, where)
    assert (answer.status_code, answer["Location"]) == (302, where)
    assert signed_in(client) == "alice"
    assert BrowserSession.objects.of(alice).alive().count() == 1
    assert entries() == ["alice signed in by single sign-on"]
    assert AuditEntry.objects.get().address
    assert client.get(BEGIN)["Location"] == reverse("project-list"), "they are signed in"


def test_the_address_leads_to_no_other_site(
    provider: IdentityProvider, client: Client, alice: User
) -> None:
    provider.person = person("alice@example.com")
    answer = come_back(client, "https://evil.example/")
    assert answer["Location"] == reverse("project-list")


def test_signing_out_says_that_the_provider_goes_on(
    provider: IdentityProvider, client: Client, alice: User
) -> None:
    provider.person = person("alice@example.com")
    come_back(client)
    page = client.post(reverse("logout"), follow=True).content.decode()
    assert "You may still be signed in with Example." in page
    assert "Sign out there, too" not in page, "the provider does not say where"
    assert client.get(reverse("single-sign-out"))["Location"] == LOGIN
    assert not BrowserSession.objects.of(alice).alive().exists()
    client.login(username="alice", password="alice-password-1")
    assert "still be signed in" not in client.post(reverse("logout"), follow=True).content.decode()


def test_signing_out_there_too(
    provider: IdentityProvider, client: Client, as_bob: Client, alice: User
) -> None:
    provider.metadata = {"end_session_endpoint": f"{provider.url}/logout?realm=main"}
    provider.person = person("alice@example.com")
    come_back(client)
    out = reverse("single-sign-out")
    assert client.get(out)["Location"] == reverse("project-list"), "still signed in"
    page = client.post(reverse("logout"), follow=True).content.decode()
    assert f'<a href="{out}">Sign out there, too</a>' in page
    address = urlsplit(client.get(out)["Location"])
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.url}/logout"
    assert (query["realm"], query["client_id"]) == ("main", CLIENT)
    assert query["post_logout_redirect_uri"] == f"http://testserver{LOGIN}"
    assert jwt.decode(query["id_token_hint"], key("first")).claims["sub"] == provider.person["sub"]
    assert "id_token_hint" not in client.get(out)["Location"], "once"
    as_bob.post(reverse("logout"))
    assert "id_token_hint" not in as_bob.get(out)["Location"]


ENDED = reverse("signed-out-elsewhere")


def ended(provider: IdentityProvider, **claims: Any) -> int:
    """The provider's server says that a session has ended. The status of the answer."""
    answer = Client().post(ENDED, {"logout_token": provider.logout_token(**claims)})
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code


def test_sessions_end_when_the_provider_says_so(
    provider: IdentityProvider, as_alice: Client, alice: User, bob: User
) -> None:
    browsers = {}
    for name, email in (
        ("1", "alice@example.com"),
        ("2", "alice@example.com"),
        ("3", "bob@example.com"),
    ):
        provider.person = person(email, sid=f"session {name}")
        browsers[name] = Client()
        come_back(browsers[name])

    def people() -> list[str]:
        return [signed_in(browsers[name]) for name in "123"]

    assert people() == ["alice", "alice", "bob"]
    assert ended(provider, sid="session 9") == ended(provider, sub="nobody") == 200
    assert ended(provider, sub=person("bob@example.com")["sub"], sid="session 1") == 200
    assert people() == ["alice", "alice", "bob"], "another session than that of the person"
    assert ended(provider, sid="session 1") == 200
    assert people() == ["AnonymousUser", "alice", "bob"]
    assert entries()[-1] == "alice signed out by single sign-on"
    assert ended(provider, sub=person("alice@example.com")["sub"]) == 200
    assert people() == ["AnonymousUser", "AnonymousUser", "bob"]
    assert signed_in(as_alice) == "alice", "with a password"


PAST = int(time.time()) - 3600


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "of an ID token"}, {"events": None}, {"events": {"another": {}}}, {"sub": None},
        {"aud": "another"}, {"iss": "https://evil.example"}, {"iat": PAST}, {"iat": None},
        {"exp": PAST},
    ],
)  # fmt: skip
def test_a_logout_token_that_says_something_else(
    provider: IdentityProvider, client: Client, alice: User, changes: dict[str, Any]
) -> None:
    provider.person = person("alice@example.com")
    come_back(client)
    assert ended(provider, **{"sub": provider.person["sub"], **changes}) == 400
    assert signed_in(client) == "alice"


def test_who_else_says_that_a_session_has_ended(
    provider: IdentityProvider, client: Client, alice: User, settings: Any
) -> None:
    provider.person = person("alice@example.com")
    come_back(client)
    for other in (key("second"), OctKey.import_key(SECRET)):
        provider.signed_with = other
        assert ended(provider, sub=provider.person["sub"]) == 400
    id_token = client.session["provider"]["id_token"]
    for text in (id_token, "", "no.token.at-all"):
        assert Client().post(ENDED, {"logout_token": text}).status_code == 400
    assert signed_in(client) == "alice"
    settings.ADDRESS_FAILURE_LIMIT = 5
    assert ended(provider, sub=provider.person["sub"]) == 429
    settings.OIDC_ISSUER = ""
    assert Client().post(ENDED).status_code == 404


def test_sessions_end_when_it_is_turned_off(
    provider: IdentityProvider, client: Client, alice: User, settings: Any
) -> None:
    provider.person = person("alice@example.com")
    come_back(client)
    settings.OIDC_ISSUER = ""
    assert signed_in(client) == "AnonymousUser"


UNVERIFIED = "Example sent an answer that could not be verified. Try again."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another"}, "aud"),
        # A token for another client that names this one as its user.
        ({"aud": ["another"], "azp": CLIENT}, "aud"),
        ({"aud": [CLIENT, "another"]}, "azp"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"exp": PAST}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": None}, "iat"),
    ],
)
def test_a_token_that_says_something_else(
    provider: IdentityProvider, client: Client, alice: User, changes: dict[str, Any], reason: str
) -> None:
    provider.person, provider.changes = person("alice@example.com"), changes
    assert refusal(come_back(client), client) == UNVERIFIED
    (entry,) = entries()
    assert entry.startswith("A person failed to sign in as an unknown account by single sign-on: ")
    assert reason in entry


@pytest.mark.parametrize("signed_with", [key("second"), OctKey.import_key(SECRET)])
def test_a_token_that_another_one_signed(
    provider: IdentityProvider, client: Client, alice: User, signed_with: Any
) -> None:
    provider.person, provider.signed_with = person("alice@example.com"), signed_with
    assert refusal(come_back(client), client) == UNVERIFIED


def test_a_new_key_of_the_provider_is_read(
    provider: IdentityProvider, client: Client, alice: User
) -> None:
    provider.person = person("alice@example.com")
    come_back(client)
    client.post(reverse("logout"))
    provider.key = provider.signed_with = key("second")
    come_back(client)
    assert signed_in(client) == "alice"


def test_nobody_else_can_come_back(provider: IdentityProvider, client: Client, alice: User) -> None:
    """With the answer for another browser, or with one that was used."""
    provider.person = person("alice@example.com")
    location = client.get(BEGIN)["Location"]
    back = requests.get(location, allow_redirects=False, timeout=60).headers["Location"]
    mallory = Client()
    mallory.get(BEGIN)
    sentence = "This sign-in took too long or began in another browser. Try again."
    assert refusal(mallory.get(back), mallory) == sentence
    without = reverse("single-sign-on-callback")
    for query in ("", "?state=", "?state=é&code=1"):
        stranger = Client()
        assert refusal(stranger.get(without + query), stranger) == sentence
    client.get(back)
    assert signed_in(client) == "alice"
    assert client.get(back)["Location"] == reverse("project-list"), "loaded again"


def test_a_code_for_another_verifier(
    provider: IdentityProvider, client: Client, alice: User
) -> None:
    provider.person = person("alice@example.com")
    first, second = (client.get(BEGIN)["Location"] for _ in range(2))
    first_back = requests.get(first, allow_redirects=False, timeout=60).headers["Location"]
    code = parse_qs(urlsplit(first_back).query)["code"][0]
    state = parse_qs(urlsplit(second).query)["state"][0]
    answer = client.get(reverse("single-sign-on-callback"), {"code": code, "state": state})
    assert refusal(answer, client) == UNVERIFIED
    assert "invalid_grant" in entries()[0]


def test_what_was_begun_is_kept_in_the_browser_alone(
    provider: IdentityProvider, client: Client, db: None
) -> None:
    answer = client.get(BEGIN)
    (cookie,) = answer.cookies.values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", BEGIN)
    assert not Session.objects.exists()
    cookie.set(cookie.key, cookie.value[:-1] + "x", cookie.value[:-1] + "x")
    client.cookies[cookie.key] = cookie.value
    location = requests.get(answer["Location"], allow_redirects=False, timeout=60)
    provider.person = person("alice@example.com")
    assert "took too long" in refusal(client.get(location.headers["Location"]), client)


def test_a_person_who_gives_up(provider: IdentityProvider, client: Client, db: None) -> None:
    provider.error = "access_denied"
    assert refusal(come_back(client), client) == "Example did not sign you in. Try again."
    assert "access_denied" in entries()[0]


@pytest.mark.parametrize("verified", [False, None, "false", 1])
def test_an_address_that_is_not_verified(
    provider: IdentityProvider, client: Client, alice: User, verified: Any
) -> None:
    provider.person = person("alice@example.com", email_verified=verified)
    assert refusal(come_back(client), client) == (
        "Example has not verified your email address alice@example.com. Verify it there, then sign "
        "in again."
    )


@pytest.mark.parametrize("email", [None, "", "nowhere"])
def test_no_address(provider: IdentityProvider, client: Client, alice: User, email: Any) -> None:
    User.objects.update(email="")
    provider.person = {**person("x"), "email": email}
    assert "gave no email address" in refusal(come_back(client), client)


def test_an_address_of_the_userinfo_endpoint(
    provider: IdentityProvider, client: Client, alice: User
) -> None:
    provider.person, provider.claims_in_userinfo = person("alice@example.com"), True
    provider.changes = {"sub": "another"}
    assert refusal(come_back(client), client) == UNVERIFIED
    provider.changes = {}
    come_back(client)
    assert signed_in(client) == "alice"


def test_addresses_that_look_alike(provider: IdentityProvider, client: Client, db: None) -> None:
    User.objects.create_user("mike", "mike@example.com")
    for email in ("mıke@example.com", "mi\u212ae@example.com"):
        provider.person = person(email)
        assert "No account has" in refusal(come_back(client), client)


def test_an_unknown_person(provider: IdentityProvider, client: Client, alice: User) -> None:
    provider.person = person("eve@example.com")
    assert refusal(come_back(client), client) == (
        "No account has the email address eve@example.com. Ask an administrator of this site, or "
        "the owner of a team for an invitation."
    )
    assert entries() == [
        "A person failed to sign in as eve@example.com by single sign-on: no account has this "
        "email address"
    ]
    assert User.objects.count() == 1


def test_a_deactivated_person(
    provider: IdentityProvider, client: Client, alice: User, settings: Any
) -> None:
    settings.OIDC_CREATE_ACCOUNTS = True
    User.objects.update(is_active=False)
    provider.person = person("alice@example.com")
    sentence = "Your account is deactivated. Ask an administrator of this site."
    assert refusal(come_back(client), client) == sentence
    assert entries() == [
        "A person failed to sign in as alice by single sign-on: the account is deactivated"
    ]
    assert User.objects.count() == 1


def test_an_address_of_two_people(
    provider: IdentityProvider, client: Client, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(email="ALICE@example.com")
    provider.person = person("alice@example.com")
    assert "Several accounts have" in refusal(come_back(client), client)
    finding = next(found for found in doctor.single_sign_on() if found.level is Level.WARN)
    assert "several accounts have the same email address: alice@example.com" in finding.text
    User.objects.filter(pk=bob.pk).update(is_active=False)
    come_back(client)
    assert signed_in(client) == "alice"


def test_people_do_not_enter_the_address_of_their_own_account(
    provider: IdentityProvider, as_alice: Client, alice: User, team: Team, client: Client
) -> None:
    page = as_alice.get(reverse("profile")).content.decode()
    assert "Only an administrator can change it." in " ".join(page.split())
    as_alice.post(reverse("profile"), {"email": "bob@example.com", "display_name": "A"})
    alice.refresh_from_db()
    assert (alice.email, alice.first_name) == ("alice@example.com", "A")
    link = reverse("invitation-open", args=[invitation_to(team, alice)])
    data = {"username": "mallory", "password1": "a-long-1-x", "password2": "a-long-1-x"}
    assert client.post(link, {**data, "email": "bob@example.com"}).status_code == 302
    assert User.objects.get(username="mallory").email == ""


def test_unknown_people_get_an_account_where_the_site_lets_them(
    provider: IdentityProvider, alice: User, settings: Any
) -> None:
    settings.OIDC_CREATE_ACCOUNTS = True
    made = []
    for claims in (
        person("frank@example.com", preferred_username="frank!", name="Frank F."),
        person("alice@elsewhere.example", name="A\nB"),
        person("g@example.com", preferred_username="Alice@corp.example"),
    ):
        provider.person = claims
        client = Client()
        come_back(client)
        user = User.objects.get(email=claims["email"])
        assert signed_in(client) == user.username
        assert not user.has_usable_password()
        change = reverse("password_change")
        assert "Your account has no password." in client.get(change).content.decode()
        assert f'href="{change}"' not in client.get(reverse("session-list")).content.decode()
        made.append((user.username, user.first_name, user.is_staff or user.is_superuser))
    assert made == [("frank", "Frank F.", False), ("alice2", "", False), ("Alice3", "", False)]
    assert entries()[:2] == ["frank created account frank", "frank signed in by single sign-on"]
    provider.person = person("frank@example.com")
    come_back(Client())
    assert User.objects.count() == 4


def invitation_to(team: Team, by: User, **values: Any) -> str:
    return invite(by, Invitation(team=team, role=Role.EDITOR, **values), timedelta(days=1))


def test_an_invitation_leads_into_the_project(
    provider: IdentityProvider, team: Team, alice: User, project: Project
) -> None:
    """A new person joins at once: the link is what they get an account for. It works once."""
    link = reverse("invitation-open", args=[invitation_to(team, alice, project=project)])
    client = Client()
    page = client.get(link).content.decode()
    assert f'href="{BEGIN}?next={link}"' in page
    assert "Join with Example" in page
    provider.person = person("frank@example.com", preferred_username="frank")
    answer = come_back(client, link)
    assert answer["Location"] == reverse("project-detail", args=[project.pk])
    assert signed_in(client) == "frank"
    assert team.memberships.get(user__username="frank").role == Role.EDITOR
    provider.person = person("grace@example.com")
    stranger = Client()
    assert "No account has" in refusal(come_back(stranger, link), stranger)


def test_an_invitation_of_somebody_with_an_account(
    provider: IdentityProvider, team: Team, alice: User, charlie: User, project: Project
) -> None:
    link = reverse("invitation-open", args=[invitation_to(team, alice, project=project)])
    provider.person = person("charlie@example.com")
    client = Client()
    assert come_back(client, link)["Location"] == link
    assert not team.memberships.filter(user=charlie).exists(), "they press the button"
    assert client.post(link)["Location"] == reverse("project-detail", args=[project.pk])


def test_failed_attempts_are_limited_by_address(
    provider: IdentityProvider, alice: User, settings: Any
) -> None:
    settings.ADDRESS_FAILURE_LIMIT, settings.ONLY_LOCAL = 2, False
    provider.person = person("alice@example.com")
    back = reverse("single-sign-on-callback")
    statuses = [Client().get(back).status_code for _ in range(3)]
    assert statuses == [302, 302, 429]
    assert Client().get(BEGIN).status_code == 429
    assert len(entries()) == 2
    elsewhere = Client(REMOTE_ADDR="10.0.0.7")
    come_back(elsewhere)
    assert signed_in(elsewhere) == "alice"


AWAY = "Example does not answer. Try again in a few minutes, or sign in with a password."


def test_a_provider_that_is_away(settings: Any, client: Client, db: None) -> None:
    with configured(settings):
        pass
    answer = client.get(BEGIN, {"next": "/teams/"})
    assert answer["Location"] == f"{LOGIN}?next=%2Fteams%2F"
    assert refusal(answer, client) == AWAY
    assert doctor_says().level is Level.FAIL


def test_a_provider_that_goes_away_meanwhile(settings: Any, client: Client, db: None) -> None:
    with configured(settings):
        location = client.get(BEGIN)["Location"]
        back = requests.get(location, allow_redirects=False, timeout=60).headers["Location"]
    assert refusal(client.get(back), client) == AWAY


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"issuer": "https://evil.example"}, "calls itself 'https://evil.example'"),
        ({"token_endpoint": "http://evil.example/token"}, "not an address with https://"),
        ({"jwks_uri": None}, "jwks_uri is None"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "signs with HS256, none"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "private_key_jwt only"),
    ],
)
def test_a_provider_that_cannot_be_trusted(
    provider: IdentityProvider, client: Client, db: None, metadata: dict[str, Any], text: str
) -> None:
    provider.metadata = metadata
    finding = doctor_says()
    assert finding.level is Level.FAIL
    assert text in finding.text
    assert refusal(client.get(BEGIN), client) == AWAY
    assert "/authorize" not in provider.requests


def test_a_provider_that_takes_the_secret_in_the_form(
    provider: IdentityProvider, client: Client, alice: User
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    provider.person = person("alice@example.com", email_verified="true")
    come_back(client)
    assert signed_in(client) == "alice"


def test_doctor(provider: IdentityProvider, settings: Any, db: None) -> None:
    (finding,) = doctor.single_sign_on()
    assert finding.level is Level.OK
    assert f"{settings.SITE_URL}/accounts/single-sign-on/callback/" in finding.text
    settings.OIDC_CREATE_ACCOUNTS = True
    assert [found.level for found in doctor.single_sign_on()] == [Level.OK, Level.WARN]
    settings.OIDC_ISSUER = ""
    assert not list(doctor.single_sign_on())


def doctor_says() -> Any:
    return next(iter(doctor.single_sign_on()))
