"""What a visitor does on the page and sees there."""

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PATIENCE_S = 300  # a page that does not answer on a busy machine; many tests wait for one


class Visitor:
    """A visitor with a browser window; a second one opens a window of their own."""

    def __init__(self, browser, address: str, new_window: bool = False):
        self.browser, self.address = browser, address
        if new_window:
            browser.switch_to.new_window("tab")
        self.window = browser.current_window_handle
        browser.get(address)
        self.wait_for(lambda: "No recording yet" in self.result)

    def upload(self, path: Path) -> None:
        """Chooses a file; the one that was there is cleared first."""
        self.clear()
        self.find("#speech input[type=file]").send_keys(str(path))

    def clear(self) -> None:
        self.look()
        for button in self.find_all('#speech button[aria-label="Clear"]'):
            button.click()
            self.wait_for(lambda: "No recording yet" in self.result)

    def say(self, text: str) -> None:
        """Types a transcript and sends it off."""
        field = self.find("#text textarea, #text input")
        field.clear()
        field.send_keys(text, Keys.ENTER)

    def choose(self, dropdown: str, option: str) -> None:
        self.find(f"#{dropdown} input").click()
        self.wait_for(lambda: self.find_all(f'[role="option"][aria-label="{option}"]'))
        self.find(f'[role="option"][aria-label="{option}"]').click()

    def look(self) -> None:
        """Turns to this visitor's window."""
        if self.browser.current_window_handle != self.window:
            self.browser.switch_to.window(self.window)

    @property
    def result(self) -> str:
        self.look()
        return self.text("#result")

    @property
    def probabilities(self) -> dict[str, tuple[str, float]]:
        """By class: what can be read, and the number behind it."""
        script = """return [...document.querySelectorAll("#result tr[data-class]")].map(row =>
            [row.dataset.class, row.querySelector(".share").innerText, row.dataset.probability])"""
        return {name: (text, float(value)) for name, text, value in self.browser.execute_script(script)}

    def picture(self, name: str) -> str:
        """The source of the picture, once there is one; it has a plausible size."""
        script = """const found = document.querySelector(arguments[0]);
            return found && found.complete && [found.src, found.naturalWidth, found.naturalHeight, found.width]"""
        source, *sizes = self.wait_for(lambda: self.browser.execute_script(script, f"#{name} img"))
        assert min(sizes) > 400 and source.startswith("data:image/png;base64,"), (name, sizes)
        return source

    def wait_for(self, condition):
        """What `condition` gives, as soon as it is something."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)
        return found

    def text(self, selector: str = "body") -> str:
        """What can be read there; nothing if it is not there. In one step: the page may change at any time."""
        return self.browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def find(self, selector: str):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def hosts_asked(self) -> set[str]:
        """Whom the browser's pages of HTTP asked for anything since this was called last."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        sent = [item["params"] for item in messages if item["method"] == "Network.requestWillBeSent"]
        opened = [item["params"]["url"] for item in messages if item["method"] == "Network.webSocketCreated"]
        urls = [urlsplit(item["request"]["url"]) for item in sent] + [urlsplit(url) for url in opened]
        # The browser's own tabs are chrome:// or chrome-untrusted://, what a page holds itself is data: or blob:.
        return {url.hostname for url in urls if url.scheme in ("http", "https", "ws", "wss")}
