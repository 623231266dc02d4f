"""What evalbot defends against: each threat, what is done about it, and the cases that prove it; `tools/security_page.py` prints it.

A case is proved by tests that carry its id: in their name (`test_CFG_01_…`), in the name of a parameter (`"MD-01 …"`) or in
a comment on their first line (`# campaign DAT-01`). `ELSEWHERE` names tests that prove a case without carrying its id,
`NOT_HERE` says why a case does not apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
CASES = {
    "FORK": "01 02 04 05 07 08 10 11", "CFG": "01 02 04 05 07 08 10 11 13 14", "EXE": "01 02 04 05 07 08 10", "TPL": "01 02 04 05 07 08",
    "YML": "01 02 04 05 07 08 10 11", "PATH": "01 02 04 05 07 08 10 11 13 14 16 17", "RX": "01 02 04", "JDG": "01 02 04 05 07 08",
    "MD": "01 02 04 05 07 08 10 11 13 14", "SEC": "01 02 04 05 07 08", "PII": "01 02 04 05 07 08 10 11", "BUD": "01 02 04 05 07",
    "CAC": "01 02 04 05 07 08", "OUT": "01 02 04 05 07 08", "CMD": "01 02 04 05 07 08", "TOC": "01 02 04 05 07", "SUP": "01 02 04 05 07 08",
    "PERM": "01 02 04", "GH": "01 02 04 05 07 08 10 11 13 14 16", "PRV": "01 02 04 05 07 08 10 11", "CRS": "01 02 04 05 07 08 10",
    "RES": "01 02 04 05 07", "DAT": "01 02 04 05 07 08", "STA": "01 02 04 05 07 08", "CHK": "01 02 04 05",
}  # fmt: skip
# Groups in which every case must have a test or a reason.
COMPLETE = tuple(CASES)


@dataclass(frozen=True)
class Threat:
    """Somebody, what they try, what stands in the way, and the groups or cases that prove it."""

    who: str
    tries: str
    answer: str
    cases: tuple[str, ...]


THREATS = (
    Threat("a fork", "to have its code or its prompts run with your keys, or to pass because nothing was run",
           "Nothing of a fork is measured before somebody with write access names its full sha; until then the verdict is `needs_approval`, which is red.",
           ("FORK-01", "FORK-02", "FORK-08")),
    Threat("a fork", "to be checked out in a job that holds secrets",
           "A `pull_request_target` job whose workspace is the head is refused. Head is read as git objects, and nothing in it is imported or run.",
           ("FORK-04", "CFG-11", "PATH-04")),
    Threat("a fork", "to be published through a second workflow that believes its artifact",
           "The pull request is derived from the head sha by API; a fork's artifact is never read, and a same-repository verdict is recomputed from its rows.",
           ("FORK-05", "FORK-07", "FORK-10", "FORK-11")),
    Threat("somebody who comments", "to accept, run or rerun without the right, by quoting, editing or guessing",
           "A fixed grammar on the first line of an unedited comment; permission by API; every acceptance is bound to the head and to what was found.", ("CMD",)),
    Threat("a writer or a fork", "to say where keys and prompts are sent: `base_url`, `.env`, proxies, redirects",
           "Endpoints and key names come from the base branch or the workflow's `env:`. Plain http beyond this machine is refused, and no redirect is followed.",
           ("CFG-01", "CFG-02", "CFG-04", "CFG-05", "CFG-13")),
    Threat("a writer", "to loosen the exam: thresholds, golden rows, the judge, the configuration itself",
           "Rules and rows are base's; what head changes is listed as not applied and blocks until approved. A changed judge is shown in a preview only.",
           ("CFG-07", "CFG-08", "CFG-10", "CFG-14", "DAT-07")),
    Threat("a fork or a writer", "to run a command or Python code as the system under test",
           "Code is base's only, in a process of its own with an environment that holds no key and no token, ended with all that it started.", ("EXE", "PERM-04")),
    Threat("a fork or a writer", "to break out of a template, or to use up time and memory", "An immutable sandbox in a child process with limits; only plain values go in.", ("TPL",)),
    Threat("a fork or a writer", "to blow up or mislead a parser", "No aliases, tags, duplicate keys, NaN or infinities; every error is one line with its place.", ("YML", "DAT")),
    Threat("a fork or a writer", "to have another file read: links, submodules, `..`, huge blobs", "Only regular files of a commit, by object id and after their size.", ("PATH",)),
    Threat("a writer", "to stop the run with a pattern that never ends", "Patterns run under a time limit; one that runs out is an error and no pass.", ("RX",)),
    Threat("a model", "to tell its judge what to say", "Answers are fenced in by a nonce, replies must be one strict object, and deterministic checks go first.", ("JDG",)),
    Threat("a model or a file", "to mention, link, embed, close a block or forge a marker in the comment", "One escaping function, proved on GitHub's own dialect by ten thousand hostile strings.", ("MD",)),
    Threat("another workflow", "to write a comment or a check in the bot's name", "No state is ever read from a comment; whose a check is, GitHub says.", ("MD-13", "MD-14", "CHK-05")),
    Threat("anybody", "to find a key in a log, report, comment, cache or artifact", "Known secrets are redacted in all that is written, in pieces and in disguise; an answer that holds one blocks.", ("SEC",)),
    Threat("a user of your product", "to have private data or bad examples published", "Redaction before any git object; proposals gate nothing until a person has merged them.", ("PII",)),
    Threat("a fork or a writer", "to spend your money", "Prices and budget are policy's; a call that could exceed what is left of the run's or the day's is not made.", ("BUD",)),
    Threat("a fork", "to poison what later runs reuse", "Entries are addressed by everything that made them; untrusted runs are believed by their like only.", ("CAC",)),
    Threat("a model", "to set an output or run a workflow command", "Random delimiters, stopped commands, fixed output names.", ("OUT",)),
    Threat("a racing run or push", "to have an old verdict stand for a new head", "The head is read before spending and before every write; the newer run wins.", ("TOC",)),
    Threat("the supply chain", "to bring in code that nobody read", "Pinned by hash, digest and sha; attested and listed.", ("SUP",)),
    Threat("somebody careless", "to grant too much, or too little", "Least permissions documented; each one that is missing is named.", ("PERM-01", "PERM-02")),
    Threat("GitHub or a proxy", "to fail, to repeat, to answer nonsense or somebody else's page", "Bounded requests; writes are read back before they are repeated; publishing never changes a verdict.", ("GH",)),
    Threat("a provider", "to fail, to hang or to answer nonsense", "An outage is never a regression and never a pass.", ("PRV",)),
    Threat("the machine", "to crash, to be cancelled, to run full", "Every paid answer is on disk at once; a check that was started is concluded.", ("CRS", "RES")),
    Threat("arithmetic", "to turn a broken number into a verdict", "Scores that are no numbers are refused; constants are decided before the test.", ("STA",)),
    Threat("the required check", "to be green because nothing ran", "Only success, failure and cancelled are used, and a run without a change says so.", ("CHK-01", "CHK-02", "CHK-04")),
)  # fmt: skip

ELSEWHERE = {
    "RX-01": ("tests/metrics/test_checks.py::test_a_pattern_that_never_ends_is_stopped_while_the_loop_goes_on",
              "tests/metrics/test_checks.py::test_the_pattern_of_the_campaign_gives_an_answer_or_an_error_in_time"),
    "RX-02": ("tests/metrics/test_checks.py::test_a_pattern_that_would_fill_the_memory_is_refused",),
    "RX-04": ("tests/metrics/test_check_schemas.py::test_a_reference_that_leaves_the_schema_is_refused",
              "tests/metrics/test_check_schemas.py::test_a_pattern_inside_a_schema_is_stopped_too"),
    "SEC-01": ("tests/campaign/test_canary.py::test_no_key_is_in_anything_that_is_written_and_no_byte_goes_elsewhere",),
    "SEC-02": ("tests/campaign/test_canary.py::test_no_key_is_in_anything_that_is_written_and_no_byte_goes_elsewhere",),
    "SEC-05": ("tests/campaign/test_canary.py::test_no_key_is_in_anything_that_is_written_and_no_byte_goes_elsewhere",),
    "SUP-07": ("tests/image/drive.py::test_nothing_is_in_it_that_evalbot_does_not_need",),
    "PII-02": ("tests/app/harvest/test_harvest.py::test_a_sample_that_cannot_be_redacted_is_dropped_and_counted",),
    "PII-10": ("tests/app/harvest/test_harvest.py::test_what_was_proposed_is_not_proposed_again_and_the_pull_request_stays_one",),
    "STA-01": ("tests/stats/test_compare.py::test_a_score_that_is_none_or_off_the_scale_is_refused_by_its_example",),
    "STA-02": ("tests/stats/test_welch.py::test_equal_constants_have_p_1_even_where_scipy_finds_significance",),
    "STA-04": ("tests/stats/test_welch.py::test_fewer_than_two_scores_a_side_are_no_test",),
    "STA-05": ("tests/gate/test_decide.py::test_a_drop_among_survivors_of_an_outage_concludes_nothing",),
    "STA-08": ("tests/stats/test_compare.py::test_a_trivial_change_that_is_bounded_is_ruled_out",),
}  # fmt: skip

NOT_HERE: dict[str, str] = {}  # case → why it does not apply; at present every case does

# Where evalbot does otherwise than a case asks, on purpose; the tests of these cases prove what is said here.
OTHERWISE = {
    "CFG-04": "An address of this machine is allowed where policy names it: models are served there. Head's word gets no connection, whatever it says.",
    "CFG-08": "A golden row that head takes away still runs by base's version; that it is gone blocks until somebody has approved.",
    "CFG-10": "What a call may cost is reserved before it is made; there is no refusal of the whole run beforehand.",
    "CFG-13": "The pull request that adds the configuration is measured by it, in the same repository only and at built-in endpoints only.",
    "CMD-01": "Who has no right to write is not answered at all: an answer would let anybody make the bot speak.",
    "PATH-13": "Where nothing can be fetched, files are read by API; only where that fails too nothing is compared.",
    "PERM-02": "A token that may do more than it needs gets no notice from a run: GitHub does not tell a job what its token may do.",
    "TOC-04": "The report names the base that was compared with; there is no setting that makes an older one stale.",
}

_GROUPS = "|".join(CASES)
_ALL_NAMED = re.compile(rf"(?i:(?<![A-Za-z])({_GROUPS})_(\d\d)(?=_|\b))")
_LITERAL = re.compile(rf'"({_GROUPS})-(\d\d)(?: [^"\n]*)?"')
_COMMENT = re.compile(rf"# campaign ((?:{_GROUPS})-\d\d(?:, (?:(?:{_GROUPS})-)?\d\d)*)")


def every_case() -> list[str]:
    """All ids, group by group."""
    return [f"{group}-{number}" for group, numbers in CASES.items() for number in numbers.split()]


def of(threat: Threat) -> list[str]:
    """The ids that a threat names, groups spelt out."""
    return [case for name in threat.cases for case in every_case() if case == name or case.startswith(f"{name}-")]


def proofs(tests: Path = TESTS) -> dict[str, list[str]]:
    """Case → files, relative to the repository's root, that hold a test for it."""
    found: dict[str, set[str]] = {}
    for path in sorted(tests.rglob("*.py")):
        if path != Path(__file__):
            for case in cases_in(path.read_text(encoding="utf-8")):
                found.setdefault(case, set()).add(path.relative_to(tests.parent).as_posix())
    for case, names in ELSEWHERE.items():
        found.setdefault(case, set()).update(name.partition("::")[0] for name in names)
    return {case: sorted(paths) for case, paths in found.items()}


def cases_in(source: str) -> set[str]:
    """The cases that a test file's names, parameters and comments carry."""
    names = " ".join(line for line in source.splitlines() if re.match(r"\s*(?:async )?def test_", line))
    found = {f"{group.upper()}-{number}" for group, number in _ALL_NAMED.findall(names)}
    found |= {f"{group}-{number}" for group, number in _LITERAL.findall(source)}
    for listed in _COMMENT.findall(source):
        group = ""
        for part in listed.split(", "):
            group, number = part.split("-") if "-" in part else (group, part)
            found.add(f"{group}-{number}")
    return found
