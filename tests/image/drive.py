"""The built image as a runner uses it: one whole pull request against loopback servers, and what is in it.

Not collected by `make test`: `make image` runs it, since the build takes a minute or two.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import open_stream
from tests.app.checking import PROMPT, House, by_quality
from tests.app.monitor.workers import CONFIG
from tests.app.on_github import Ran, Scene
from tests.git_http import GitHttp
from tests.github_server import GitHubServer
from tests.image import weights
from tests.image.container import BASE, ROOT, TAG, Images, unavailable
from tests.loopback import Call, LoopbackModels, later
from tests.redis_server import free_port, redis_at

MOST_BYTES = 240_000_000  # above the base, git included
RUNNER = 1001  # the uid that owns a workspace on GitHub's own machines
GIT = "git, its HTTPS transport, and the layers' padding"


@pytest.fixture(scope="module")
def image() -> Images:
    """The image, built; skipped where that cannot be, unless EVALBOT_REQUIRE says that it must."""
    reason = unavailable()
    if reason and "image" in os.environ.get("EVALBOT_REQUIRE", "").split(","):
        pytest.fail(f"EVALBOT_REQUIRE names the image, but {reason}")
    if reason:
        pytest.skip(reason)
    images = Images(ROOT / ".image")
    images.build()
    return images


@pytest.fixture(scope="module")
def inside(image: Images) -> dict:
    return json.loads(image.said("/opt/evalbot/bin/python", "-c", Path(weights.__file__).read_text()))


# Everything that scipy is used for. R: binom.test(3, 10), fisher.test(matrix(c(3, 1, 1, 3), 2)), rpact's getDesignGroupSequential(typeOfDesign = "asOF").
SPECIAL = """
from evalbot.stats.drift import shares_p
from evalbot.stats.proportions import clopper_pearson
from evalbot.stats.sequential import obrien_fleming
print(*(f"{number:.4f}" for number in (*clopper_pearson(3, 10), shares_p(3, 4, 1, 4), *obrien_fleming(2))))
"""


# Modules that Python would import from a workspace, were it asked to look there.
TRAPS = dict.fromkeys(("sitecustomize.py", "usercustomize.py", "yaml.py", "openai.py", "evalbot.py", "json.py"), "raise SystemExit('head ran')\n")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A pull request whose prompt got worse, and which brings traps along."""
    house = House(tmp_path).head({"prompts/support.md": PROMPT.format(quality="bad")} | TRAPS)
    with GitHubServer(house.repo) as server:
        yield Scene(tmp_path, house, server)


def test_it_weighs_at_most_240_MB_above_its_base_and_says_what_does(image, inside):
    above = image.bytes_of(TAG) - image.bytes_of(BASE)
    weighed = sorted(inside["weights"].items(), key=lambda item: -item[1])
    rest = above - sum(inside["weights"].values())
    print("\n\n| what | MB |\n|:--|--:|")
    for name, size in [*weighed[:20], (f"{len(weighed[20:])} smaller ones", sum(size for _, size in weighed[20:])), (GIT, rest)]:
        print(f"| {name} | {size / 1e6:.1f} |")
    print(f"| **above the base** | **{above / 1e6:.1f}** |")
    print(f"| the base: Debian 12 with Python 3.11, a stand-in | {image.bytes_of(BASE) / 1e6:.1f} |\n")

    assert above <= MOST_BYTES


def test_nothing_is_in_it_that_evalbot_does_not_need(image, inside):
    assert sorted(inside["weights"]) == inside["needed"]
    for tool in ("pip", "gcc", "cc", "make", "curl", "wget", "perl5.36-x86_64-linux-gnu"):
        assert "found" not in image.said("sh", "-c", f"command -v {tool} && echo found || true")


def test_every_module_of_evalbot_can_be_imported_in_it(image):
    walk = "import pkgutil, importlib, evalbot; [importlib.import_module(m.name) for m in pkgutil.walk_packages(evalbot.__path__, 'evalbot.') if '__main__' not in m.name]; print('all')"
    assert image.said("/opt/evalbot/bin/python", "-c", walk).strip() == "all"


def test_it_takes_a_pull_request_from_the_event_to_comment_check_outputs_and_exit_status(image, scene, tmp_path):
    folder, environment = scene.job("pull_request", action="synchronize", sender={"login": "ada"})
    (folder / "home").mkdir()

    with LoopbackModels(by_quality()) as models, GitHttp(scene.house.repo, scene.server.token) as git:
        scene.workspace = of_another_user(git.checkout(tmp_path / "workspace"))
        before = git_files(scene.workspace)
        done = image.run(
            as_runner(environment) | container_inputs(models) | {"GITHUB_SERVER_URL": git.server},
            {scene.workspace: "/github/workspace", folder: "/github/workflow", folder / "home": "/github/home"},
        )
    ran = Ran(done.returncode, folder, models)

    assert ran.status == 1, done.stdout + done.stderr
    assert "head ran" not in done.stdout + done.stderr
    assert ran.outputs["verdict"] == "fail"
    assert ran.outputs["comment-url"]
    assert ran.outputs["report-path"] == "reports/evalbot"
    assert "do not merge" in ran.summary
    assert scene.comment.startswith("<!-- evalbot:v1 key=default -->")
    assert (scene.check.status, scene.check.conclusion) == ("completed", "failure")
    assert len(models.calls) > 100
    assert {key_of(call) for call in models.calls} == {models.OPENAI_KEY, models.ANTHROPIC_KEY}
    summary = json.loads((scene.workspace / "reports/evalbot/summary.json").read_text())
    assert (summary["verdict"], summary["pull_request"]) == ("fail", scene.pull.number)
    assert scene.check.annotations, "the changed lines were found in what was fetched"
    by_api = [one.path for one in scene.server.asked("GET", "/git/") if not one.path.endswith("/evalbot-history")]
    assert by_api == [], "files came by git"
    assert git_files(scene.workspace) == before, "the clone was written to"
    for key in (models.OPENAI_KEY, models.ANTHROPIC_KEY, scene.server.token):
        assert all(line.startswith("::add-mask::") for line in (done.stdout + done.stderr).splitlines() if key in line)


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_as_the_first_process_it_hears_the_runner_s_signals_and_concludes_the_check(image, scene, signal):
    folder, environment = scene.job("pull_request", action="synchronize", sender={"login": "ada"})
    (folder / "home").mkdir()
    with LoopbackModels(lambda call: later(600)) as models:
        volumes = {scene.workspace: "/github/workspace", folder: "/github/workflow", folder / "home": "/github/home"}
        process = image.start(f"evalbot-{signal.lower()}", as_runner(environment) | container_inputs(models), volumes)
        wait_until(lambda: models.in_flight > 0 or process.poll() is not None)
        started = time.monotonic()
        image.signal(f"evalbot-{signal.lower()}", signal)
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert (scene.check.status, scene.check.conclusion) == ("completed", "cancelled")
    assert Ran(130, folder, models).outputs["verdict"] == "cancelled"
    assert time.monotonic() - started < 30, "seconds; alone on a machine it is one"


@pytest.fixture
def watched_scene(tmp_path: Path) -> Iterator[Scene]:
    """A repository whose default branch has a monitor."""
    house = House(tmp_path, {"evalbot.yml": CONFIG.replace("{type: memory}", "{type: redis}")}).head({"notes.md": "changed"})
    with GitHubServer(house.repo) as server:
        yield Scene(tmp_path, house, server)


def test_command_monitor_takes_what_waits_in_a_real_redis_and_tells_languages(image, watched_scene, tmp_path):
    folder, environment = watched_scene.job("schedule")
    (folder / "home").mkdir()
    (tmp_path / "redis").mkdir()
    port = free_port()
    with redis_at(port, tmp_path / "redis"):
        url = f"redis://127.0.0.1:{port}/0"
        stream = open_stream({"type": "redis"}, {"REDIS_URL": url})
        stream.publish([{"id": "a", "user_input": "Wo ist meine Rechnung?", "output": "Die Rechnung steht unter den Einstellungen im Konto."}, {"id": "b", "user_input": "Where?", "output": "two words"}])
        done = image.run(
            as_runner(environment) | {"INPUT_COMMAND": "monitor", "REDIS_URL": url},
            {watched_scene.workspace: "/github/workspace", folder: "/github/workflow", folder / "home": "/github/home"},
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 new samples kept, 0 unusable, 0 set aside" in done.stdout
    store = MonitorStore(watched_scene.workspace / "monitor/results.sqlite")
    assert {one.id: one.language for one in store.between(0.0, time.time() + 60)} == {"a": "de", "b": ""}
    store.close()


def test_what_is_left_of_scipy_in_it_works_numbers_out(image):
    assert image.said("/opt/evalbot/bin/python", "-c", SPECIAL) == "0.0667 0.6525 0.4857 2.9626 1.9686\n"


def test_it_says_in_one_line_what_is_wrong_with_an_input(image, scene, tmp_path):
    folder, environment = scene.job("pull_request", action="synchronize", sender={"login": "ada"})

    done = image.run(as_runner(environment) | {"INPUT_COMMENT": "somtimes"}, {scene.workspace: "/github/workspace", folder: "/github/workflow"})

    assert done.returncode == 2
    assert "::error::" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def as_runner(environment: dict[str, str]) -> dict[str, str]:
    """The variables with the paths that a container sees."""
    inside = {"GITHUB_WORKSPACE": "/github/workspace", "HOME": "/github/home", "GITHUB_EVENT_PATH": "/github/workflow/event.json"}
    files = {"GITHUB_OUTPUT": "/github/workflow/output", "GITHUB_STEP_SUMMARY": "/github/workflow/summary"}
    return environment | inside | files


def container_inputs(models: LoopbackModels) -> dict[str, str]:
    """Inputs as a runner passes them, hyphens and all; the key comes by input, the endpoint by the workflow's `env:`."""
    given = models.env()
    inputs = {
        "INPUT_OPENAI-API-KEY": given.pop("OPENAI_API_KEY"), "INPUT_ANTHROPIC-API-KEY": given.pop("ANTHROPIC_API_KEY"),
        "INPUT_REPORT-DIR": "reports/evalbot",
    }  # fmt: skip
    return given | inputs


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(600):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("nothing happened for a minute")


def key_of(call: Call) -> str:
    return call.headers.get("x-api-key") or call.headers["authorization"].removeprefix("Bearer ")


def of_another_user(folder: Path) -> Path:
    """As a runner's own user owns what it checked out, while the container is root."""
    assert os.geteuid() != RUNNER
    subprocess.run(["chown", "-R", f"{RUNNER}:{RUNNER}", str(folder)], check=True)
    return folder


def git_files(workspace: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_uid, path.stat().st_mtime_ns) for path in sorted((workspace / ".git").rglob("*")) if path.is_file()}
