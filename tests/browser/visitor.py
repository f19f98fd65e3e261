"""A person with a browser, on a machine that sees nothing but the site, for benchmarks:

    python -m tests.browser.visitor PASSWORD MACHINE MACHINE TRIALS EPOCHS

Asks the site for a command for each machine, starts a search once they have joined, and follows it
to its end. Tells what it sees, a line of JSON each.
"""

import json
import sys
from typing import Any

from playwright.sync_api import sync_playwright

from tests.programs import CHROMIUM_ARGS, PATIENCE, program

from .steps import create_project, start_search, wait_until_completed

SITE = "https://tuneroom.example.com"


def main() -> None:
    password, *machines, trials, epochs = sys.argv[1:]
    executable = program("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        # The certificates' authority is not this machine's; the workers check them.
        context = browser.new_context(base_url=SITE, ignore_https_errors=True)
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        for machine in machines:
            _tell({f"command for {machine}": _command_for(page, machine)})
        page.goto("/workers/")
        for machine in machines:
            page.get_by_text(f"{machine}@").first.wait_for()
        page.goto("/")
        create_project(page, "By the guide")
        start_search(page, tuner="random", max_trials=trials, epochs=epochs, parallel_trials="2")
        wait_until_completed(page)
        page.goto(page.url + "trials/")
        _tell({"completed": True, "trials": page.locator("table.trials tbody tr").count()})
        browser.close()


def _command_for(page: Any, machine: str) -> str:
    page.goto("/workers/")
    page.get_by_role("link", name="Add a machine").click()
    page.get_by_label("Name").fill(machine)
    page.get_by_role("button", name="Create command").click()
    command: str = page.locator("#join-python code").inner_text()
    return command.strip()


def _tell(seen: dict[str, Any]) -> None:
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
