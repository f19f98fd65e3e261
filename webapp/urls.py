"""Addresses of the site: Tuneroom's own, Django's accounts and the admin pages."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from tuning.views.accounts import NewPassword, PasswordChange, SignIn
from tuning.views.password_resets import PasswordReset
from tuning.views.rate_limits import limited
from tuning.views.single_sign_on import single_sign_on, single_sign_on_callback
from tuning.views.single_sign_out import SignOut, signed_out_elsewhere, single_sign_out

handler400 = "tuning.api.refusals.bad_request"
handler500 = "tuning.views.disk_errors.server_error"

urlpatterns = [
    path("accounts/login/", login_not_required(SignIn.as_view()), name="login"),
    path(
        "accounts/password_reset/",
        limited("password-reset")(PasswordReset.as_view()),
        name="password_reset",
    ),
    path("accounts/password_change/", PasswordChange.as_view(), name="password_change"),
    path(
        "accounts/reset/<uidb64>/<token>/",
        login_not_required(NewPassword.as_view()),
        name="password_reset_confirm",
    ),
    path("accounts/single-sign-on/", single_sign_on, name="single-sign-on"),
    path(
        "accounts/single-sign-on/callback/", single_sign_on_callback, name="single-sign-on-callback"
    ),
    path("accounts/single-sign-on/sign-out/", single_sign_out, name="single-sign-out"),
    path(
        "accounts/single-sign-on/back-channel/", signed_out_elsewhere, name="signed-out-elsewhere"
    ),
    path("accounts/logout/", SignOut.as_view(), name="logout"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("tuning.api.site")),
    path("api/", include("tuning.api.other_versions")),
    path("", include("tuning.urls")),
]
