"""The report in a real browser: filter, search, sort, edit, download and apply."""

import json
import shutil
from contextlib import contextmanager

import mutagen
import pytest
from commandline import digests, rows
from conftest import genretag_here, wait_until

from tagger.output.table import COLUMNS

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
HOSTILE = "</script><script>window.hacked = true</script><img src=x onerror='hacked = true'>"

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no chromium and chromedriver here"
)


@contextmanager
def browser(downloads):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        driver.set_window_size(1400, 1000)
        allow = {"behavior": "allow", "downloadPath": str(downloads)}
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", allow)
        yield driver
    finally:
        driver.quit()


def open_page(driver, page):
    driver.get(page.as_uri())
    wait_until(lambda: driver.find_elements("css selector", "#app[data-ready]"))


def titles(driver):
    return [e.text for e in driver.find_elements("css selector", ".row .title")]


def requests(driver):
    """Return the addresses that the page has asked for."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return {
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }


@pytest.fixture
def report(song, toy_model, tmp_path):
    """The page of four songs: contradicted, hostile, without a genre, and damaged."""
    genres = {"a.flac": "Thrash Metal", "b.flac": HOSTILE, "c.flac": None}
    for name, genre in genres.items():
        tags = mutagen.File(song(name))
        tags["title"] = HOSTILE if genre == HOSTILE else f"Song {name[0].upper()}"
        tags["artist"], tags["album"] = "=1+1", "Album"
        if genre:
            tags["genre"] = genre
        tags.save()
    music = tmp_path / "music"
    (music / "d.mp3").write_bytes(b"no music")
    page = tmp_path / "report.html"
    done = genretag_here("report", music, "-o", page, "--model", toy_model)
    assert (done.returncode, f"The report is in {page}" in done.stdout) == (3, True)
    return page


def test_a_change_made_on_the_page_is_applied(report, tmp_path):
    before = digests(tmp_path / "music")
    with browser(tmp_path) as driver:
        find = driver.find_element
        open_page(driver, report)

        shown = titles(driver)
        assert shown[0] == "Song A"  # the contradicted one first
        assert sorted(shown) == [HOSTILE, "Song A", "Song C", "d.mp3"]
        assert driver.execute_script("return window.hacked") is None

        assert len(driver.find_elements("css selector", ".row .timeline")) == 3  # of the analysed

        find("css selector", ".tile.none").click()
        assert titles(driver) == ["Song C"]
        find("css selector", ".tile.all").click()
        find("css selector", ".tile.all").send_keys("s")  # no row is chosen yet: it shows which
        assert "Song A" in driver.switch_to.active_element.text
        assert not find("id", "changes").is_displayed()
        find("css selector", "[data-sort=title]").click()
        assert titles(driver) == [HOSTILE, "d.mp3", "Song A", "Song C"]
        search = find("id", "search")
        search.send_keys("thrash")
        assert titles(driver) == ["Song A"]
        search.clear()
        search.send_keys("song")

        row = find("css selector", ".row")
        assert "existing genre Thrash Metal" in row.get_attribute("aria-label")
        row.send_keys("e")
        genre = find("id", "genre")
        genre.clear()
        genre.send_keys("Dub; Ska\n")
        find("css selector", ".close").click()
        driver.switch_to.active_element.send_keys("j")
        driver.switch_to.active_element.send_keys("s")
        assert find("id", "changes-count").text == "2 changes"
        find("id", "download").click()
        table = tmp_path / "genre-changes.csv"
        wait_until(table.exists)
        asked = requests(driver)
        errors = driver.get_log("browser")
    assert errors == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "blob", "data"}
    assert {url for url in asked if url.startswith("file:")} == {report.as_uri()}
    written, skipped = rows(table.read_text())
    assert (tuple(written), "undefined" in written.values()) == (COLUMNS, False)
    assert (written["genre"], written["action"]) == ("Dub; Ska", "write")
    assert (skipped["path"], skipped["action"]) == (str(tmp_path / "music" / "c.flac"), "skip")

    assert digests(tmp_path / "music") == before  # neither scan nor page has written
    done = genretag_here("apply", table)
    assert (done.returncode, done.stderr) == (0, "")
    assert mutagen.File(tmp_path / "music" / "a.flac")["genre"] == ["Dub", "Ska"]
    changed = {
        path.name for path, digest in digests(tmp_path / "music").items() if before[path] != digest
    }
    assert changed == {"a.flac"}
