"""A dispatch of the harvest's workflow that names samples, through the action's own entry."""

from __future__ import annotations

import json

from evalbot.app.action import act
from tests.app.harvest.production import NOW, Shop, record


def dispatched(shop: Shop, tmp_path, **variables: str) -> tuple[int, str]:
    """Run the action as the workflow's job does; exit status and what GITHUB_OUTPUT holds."""
    event, output = tmp_path / "event.json", tmp_path / "output"
    event.write_text(json.dumps({"repository": {"full_name": shop.server.name, "default_branch": "main"}, "ref": "refs/heads/main", "inputs": {}}))
    output.write_text("")
    environment = {
        "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_EVENT_PATH": str(event), "GITHUB_WORKSPACE": str(shop.repo.root), "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GITHUB_REPOSITORY": shop.server.name, "GITHUB_API_URL": shop.server.url,
        "INPUT_COMMAND": "harvest", "INPUT_GITHUB-TOKEN": shop.server.token, "GITHUB_SHA": shop.repo.sha("main"), **variables,
    }  # fmt: skip
    return act(environment), output.read_text()


def test_the_named_samples_and_no_others_are_proposed(tmp_path):
    shop = Shop(tmp_path)
    with shop.server:
        shop.log(record("r-1", ago=5_000.0), record("r-2", "How do gift cards work?", ago=4_000.0))
        status, told = dispatched(
            shop, tmp_path, EVALBOT_HARVEST_SAMPLES="prod-r-2", EVALBOT_HARVEST_SINCE=_iso(NOW - 4_060), EVALBOT_HARVEST_UNTIL=_iso(NOW - 3_940)
        )
        assert status == 0
        assert [row["id"] for row in shop.rows()] == ["prod-r-2"]
        assert shop.pull.number
        assert "/pull/" in told
        assert "1 of 1 named samples proposed" in (tmp_path / "summary.md").read_text()


def test_a_time_that_is_none_is_a_configuration_error_and_nothing_is_written(tmp_path, capsys):
    shop = Shop(tmp_path)
    with shop.server:
        shop.log(record("r-1"))
        status, _ = dispatched(shop, tmp_path, EVALBOT_HARVEST_SAMPLES="r-1", EVALBOT_HARVEST_SINCE="yesterday")
        assert (status, shop.server.pulls) == (2, {})
        assert "'yesterday' is no time" in capsys.readouterr().out


def _iso(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()
