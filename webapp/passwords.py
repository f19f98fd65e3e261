"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the least memory that OWASP recommends (19 MiB): Django's 100 MiB would be
    gigabytes when many people, or one attacker, sign in at once."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
