"""A made production log with planted clusters of failures: each is represented, and what is proposed are failures."""

from __future__ import annotations

import random

import pytest

from tests.app.harvest.production import CONFIG, Shop, record
from tests.longer import sized

SUBJECTS = ("returns", "vouchers", "parking", "allergies", "repairs", "warranty")
FRAMES = ("How do {} work?", "Please tell me about {}, case {}.", "I have a question about {} ({}).", "{}: what is the rule in case {}?")
PROMPT = "You answer for a shop.\n\n" + "".join(f"- {subject.title()}: TODO, nobody has written the rule about {subject} down.\n" for subject in SUBJECTS)
PROMPT += "- Opening hours are nine to five.\n- Delivery takes two days.\n"


def made_log(rng: random.Random) -> tuple[list[dict[str, object]], set[str]]:
    """600 records: six clusters of 8 to 30 failures, the rest fine, some of them disliked all the same."""
    records: list[dict[str, object]] = []
    failing: set[str] = set()
    for subject, size in zip(SUBJECTS, (30, 25, 20, 15, 10, 8), strict=True):
        for number in range(size):
            name = f"{subject}-{number}"
            failing.add(f"prod-{name}")
            frame = rng.choice(FRAMES)
            records.append(record(name, frame.format(subject, rng.randrange(100, 999)), "TODO", ago=rng.uniform(1, 80_000), user=f"u{rng.randrange(40)}"))
    for number in range(600 - len(records)):
        disliked = {"thumbs": "down"} if number % 50 == 0 else {}
        asked = rng.choice(("When do you open on day {}?", "How long does delivery of parcel {} take?")).format(number)
        records.append(record(f"fine-{number}", asked, "At nine.", ago=rng.uniform(1, 80_000), user=f"u{rng.randrange(40)}", **disliked))
    rng.shuffle(records)
    return records, failing


@pytest.mark.campaign
@pytest.mark.parametrize("seed", sized((7,), tuple(range(1, 21))))
def test_every_planted_cluster_is_represented_and_proposals_are_failures(tmp_path, seed):
    config = CONFIG.replace("max: 10, per_user: 10, per_cluster: 5", "max: 18, per_user: 4, per_cluster: 3").replace("rate: 1.0", "rate: 1.0, max: 1000")
    shop = Shop(tmp_path, config, PROMPT)
    records, failing = made_log(random.Random(seed))
    with shop.server:
        done = shop.log(*records).harvest()
    proposed = [failure.example for failure in done.catch.failures]

    assert {name.removeprefix("prod-").partition("-")[0] for name in proposed} == set(SUBJECTS)
    assert sum(name not in failing for name in proposed) <= 0.05 * len(proposed)
    assert len(proposed) == 18
    users = [failure.sample.user for failure in done.catch.failures]
    assert max(map(users.count, users)) <= 4
    clusters = [failure.cluster for failure in done.catch.failures]
    assert max(map(clusters.count, clusters)) <= 3
