"""The shape of `evalbot.yml`: every key, its type, its range, its default and one sentence about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

WEEK_SECONDS = 604_800


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_partition(value: object) -> object:
    return {"default": value} if isinstance(value, int) else value


def _no_truth(value: object) -> object:
    if isinstance(value, bool):  # in Python, True == 1
        raise PydanticCustomError("literal_error", "must be 1", {"expected": "1"})
    return value


Action = Literal["block", "warn"]
PartitionName = Literal["golden", "regression", "adversarial", "distribution"]
PartitionOrDefault = Literal["golden", "regression", "adversarial", "distribution", "default"]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=WEEK_SECONDS)]
Text = Annotated[str, Field(min_length=1)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
ClientSetting = Annotated[str, Field(pattern=r"^(security\.protocol|sasl\.(mechanisms?|username|password|oauthbearer\.[a-z.]+)|ssl\.(ca|certificate|cipher|endpoint|key|keystore)\.[a-z.]+)$")]
_TEXT = {"type": "string", "minLength": 1}
Texts = Annotated[
    Annotated[list[Text], Field(min_length=1)],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]
_COUNT = {"type": "integer", "minimum": 1, "maximum": 1000}
_PARTITIONS = ["golden", "regression", "adversarial", "distribution", "default"]
Epochs = Annotated[
    dict[PartitionOrDefault, Annotated[int, Field(ge=1, le=1000)]],
    BeforeValidator(_by_partition),
    WithJsonSchema(
        {"anyOf": [_COUNT, {"type": "object", "propertyNames": {"enum": _PARTITIONS}, "additionalProperties": _COUNT}]}
    ),
]


class Part(BaseModel):
    """What all parts share: nothing unknown, nothing coerced, no infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PricePart(Part):
    """US dollars per million tokens. Calls of a model without a known price have no known cost; they are never free."""

    input: float = Field(ge=0, description="US dollars per million input tokens.")
    output: float = Field(ge=0, description="US dollars per million output tokens.")
    cached_input: float | None = Field(
        default=None, ge=0, description="US dollars per million input tokens that the vendor read from its prompt cache; `input` where absent."
    )


class ParamsPart(Part):
    """What a model is asked with. These four are mapped to each provider's names; all others pass through as they are."""

    model_config = ConfigDict(extra="allow")

    max_output_tokens: int | None = Field(default=None, ge=1, description="The longest answer; 1,024 where absent.")
    temperature: float | None = Field(default=None, ge=0, description="How freely it answers.")
    stop: Any = Field(default=None, description="A string, or a list of strings, that ends an answer.")
    seed: int | None = Field(default=None, description="Passed to providers that know one.")

    def given(self) -> dict[str, Any]:
        """Those that were written, ours and all others."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if value is not None}


class AuthPart(Part):
    """Workload identity federation: the job's OIDC token of GitHub is exchanged for a short-lived one of the provider.

    The job needs `id-token: write`. `openai` needs `identity_provider_id` and `service_account_id`, `anthropic` needs
    `federation_rule_id` and `organization_id`. None of these is a secret.
    """

    type: Literal["oidc"] = Field(description="The only kind.")
    audience: Text | None = Field(default=None, description="What GitHub's token is made out to; the provider's API where absent.")
    identity_provider_id: Text | None = Field(default=None, description="`openai`: the workload identity provider.")
    service_account_id: Text | None = Field(default=None, description="`openai`, `anthropic`: the service account to act as.")
    token_url: Text | None = Field(default=None, description="`openai`: where tokens are exchanged, where that is not OpenAI's own address.")
    federation_rule_id: Text | None = Field(default=None, description="`anthropic`: the federation rule.")
    organization_id: Text | None = Field(default=None, description="`anthropic`: the organization.")
    workspace_id: Text | None = Field(default=None, description="`anthropic`: the workspace, where the rule covers several.")


class ModelPart(Part):
    """A name for a model. `provider/model` works anywhere a name does."""

    provider: Text = Field(description="`openai`, `anthropic`, `local` or a plug-in.")
    model: Text = Field(description="The provider's name of the model.")
    params: ParamsPart = Field(default=ParamsPart(), description="What it is asked with.")
    api: Literal["chat", "responses"] = Field(default="chat", description="Which interface of `openai` is spoken.")
    base_url: Text | None = Field(default=None, description="An endpoint of your own: https, or http on this machine.")
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = Field(
        default=None, description="The environment variable that holds its key."
    )
    price: PricePart | None = Field(default=None, description="What it costs, where that is not known.")
    auth: AuthPart | None = Field(default=None, description="Replaces the key: no secret is stored.")


class GoldenPart(Part):
    """Every golden example must pass at head. A first failure is asked again `confirm` times at head and at base."""

    confirm: int = Field(
        default=4, ge=0, le=100, description="Fresh answers after a first failure; 0 is the literal single-run rule."
    )
    broken_at: int | None = Field(
        default=None,
        ge=1,
        le=101,
        description="Broken when so many of `confirm + 1` answers fail; the majority where absent.",
    )
    pre_existing: Action = Field(default="warn", description="What a failure that base has too does.")


class PassPart(Part):
    """Examples that passed at base must pass at head, with the same confirmation as golden ones."""

    new_failures: Action = Field(default="block", description="What a failure that base does not have does.")
    confirm: int = Field(default=4, ge=0, le=100, description="Fresh answers after a first failure.")
    broken_at: int | None = Field(
        default=None,
        ge=1,
        le=101,
        description="Broken when so many of `confirm + 1` answers fail; the majority where absent.",
    )


class ScoresPart(Part):
    """The score test: a regression needs p < `alpha` and a drop of at least `min_effect`."""

    metric: Texts | None = Field(
        default=None,
        description="Whose scores are tested, one name or a list. Where absent: the first judge, else the first numeric metric.",
    )
    test: Literal["welch", "paired", "either"] = Field(
        default="welch", description="`either` blocks when one of the two does."
    )
    alpha: float = Field(default=0.05, gt=0, lt=1, description="Significance level, two-sided.")
    min_effect: float | None = Field(
        default=None,
        ge=0,
        description="The smallest drop that counts, in the metric's points; 0.075 × its scale's width where absent.",
    )
    min_examples: int = Field(
        default=10, ge=1, le=1_000_000, description="Fewer scored examples a side are not tested."
    )
    multiplicity: Literal["none", "holm"] = Field(
        default="none", description="Whether p is adjusted over all gated rows."
    )
    non_inferiority: bool = Field(default=False, description="Block unless a drop of `min_effect` is ruled out.")
    insufficient: Literal["warn", "inconclusive"] = Field(default="warn", description="What too few examples do.")


class CoveragePart(Part):
    """The share of planned answers that must be scored; below it the run is inconclusive."""

    min: Share = Field(default=0.95, description="Of all planned answers.")
    golden: Share = Field(default=1.0, description="Of the golden ones.")


class CostPart(Part):
    """What an answer may cost more at head than at base."""

    max_increase: float = Field(default=0.5, ge=0, description="Relative: 0.5 lets it cost half as much again.")
    action: Action = Field(default="warn", description="What more than that does.")


class GatesPart(Part):
    """The rules that decide."""

    golden: GoldenPart = Field(default=GoldenPart(), description="Golden examples.")
    regression: PassPart = Field(default=PassPart(), description="Regression examples.")
    adversarial: PassPart = Field(default=PassPart(), description="Adversarial examples, where they are run.")
    scores: ScoresPart = Field(default=ScoresPart(), description="The score test.")
    coverage: CoveragePart = Field(default=CoveragePart(), description="How much must be scored.")
    cost: CostPart = Field(default=CostPart(), description="What answers may cost.")


class SuitePart(Part):
    """What is evaluated together. A suite needs prompts, a model, datasets, and a judge or metrics."""

    prompt: Texts | None = Field(default=None, description="A prompt file, or globs from the repository's root.")
    prompts: Texts | None = Field(default=None, description="The same; give one of the two.")
    model: Text | None = Field(
        default=None, description="Which model answers: a name of `models`, or `provider/model`."
    )
    params: ParamsPart = Field(
        default=ParamsPart(),
        description="Params of the model, over those of `models`; a prompt's front matter goes first.",
    )
    dataset: Texts | None = Field(default=None, description="A dataset file, or globs from the repository's root.")
    datasets: Texts | None = Field(default=None, description="The same; give one of the two.")
    judge: Text | None = Field(
        default=None,
        description="A model that grades: a judge metric named `judge` with the default rubric, beside `metrics` where both are given.",
    )
    metrics: Annotated[list[Text], Field(min_length=1)] | None = Field(default=None, description="Names of `metrics`.")
    epochs: Epochs = Field(
        default={}, description="Fresh answers per example: a number, or one for each partition and `default` (1)."
    )
    owner: str = Field(default="", description="Who is asked about this suite.")
    gates: GatesPart = Field(default=GatesPart(), description="The rules that decide.")
    target: dict[str, Any] | None = Field(
        default=None,
        description="What answers instead of a prompt and a model: `type` is `command`, `http`, `python` or `replay`, with the type's own options (docs/systems.md).",
    )


class RunPart(Part):
    """What a run may take."""

    partitions: Annotated[list[PartitionName], Field(min_length=1)] = Field(
        default=["golden", "regression"], description="What a check runs."
    )
    concurrency: int = Field(default=32, ge=1, le=1000, description="Model and judge calls in flight, together.")
    golden_seconds: Seconds = Field(default=300.0, description="Time for the golden examples.")
    total_seconds: Seconds = Field(default=1200.0, description="Time for everything.")
    budget_usd: float = Field(default=5.0, ge=0, description="US dollars for everything.")
    daily_usd: float | None = Field(
        default=None, ge=0,
        description="US dollars for all checks and suites of 24 hours that share a cache: of one pull request, or of one machine. No such limit where absent.",
    )
    unknown_price: Literal["allow", "refuse"] = Field(
        default="allow", description="Whether a model without a known price may run."
    )
    over_budget: Literal["allow", "refuse"] = Field(
        default="allow",
        description="Whether a run may start whose estimate is above the budget: golden first, and no call beyond it.",
    )
    flex: bool = Field(
        default=False,
        description="Ask OpenAI for what is not golden in its flex tier: half the price, slower, and standard where flex is full.",
    )
    seed: int = Field(default=0, description="Of everything that is drawn.")


class ApprovalsPart(Part):
    """How many people with write access, other than the author, must have approved."""

    golden: int = Field(default=1, ge=0, le=100, description="Edited and deleted rows of any partition that gates.")
    policy: int = Field(
        default=1, ge=0, le=100, description="Changes of this file, of the workflow, and deleted prompts."
    )
    accept_by_author: bool = Field(default=False, description="Whether the author may accept findings.")


class ReportPart(Part):
    """What the comment shows."""

    max_examples: int = Field(default=3, ge=0, le=100, description="Worst examples, side by side.")
    show_outputs: bool = Field(default=True, description="Whether answers are shown.")
    guidance: str = Field(default="", description="A sentence of yours for the author.")


class FeedbackPart(Part):
    """What users said of an answer, in the source's records."""

    field: Text = Field(description="Where it stands in a record, as JMESPath.")
    bad_when: Any = Field(description="The value, or a list of values, that is bad; `\"<0.5\"` and the like compare numbers.")


class SamplePart(Part):
    """Which of the window's records are looked at."""

    rate: Share = Field(default=0.05, description="Share of each stratum, at least one record of each.")
    by: list[Text] = Field(default=[], description="What makes strata: `hour`, or JMESPath into a record.")
    always: list[Text] = Field(default=[], description="Words or regular expressions: records that hold one are always looked at.")
    max: int = Field(default=500, ge=1, le=100_000, description="Records at the most.")


class ProposePart(Part):
    """What becomes a proposal."""

    max: int = Field(default=10, ge=1, le=200, description="New examples at the most.")
    per_user: int = Field(default=2, ge=1, description="Of one user at the most.")
    per_cluster: int = Field(default=3, ge=1, description="Of one cluster of like failures at the most.")
    reproduce: int = Field(default=3, ge=0, le=20, description="How often the present prompt is asked again; 0 does not ask.")
    near: float = Field(default=0.9, gt=0, le=1, description="Inputs with at least this similarity are the same: token-set Jaccard, or with `embedding` the cosine.")
    embedding: Text | None = Field(default=None, description="An embedding model, by its name in `models` or as `provider/model`: inputs are compared by meaning instead of by words.")


SpacyModel = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
_NAMES = "An installed spaCy model, such as `en_core_web_lg`, by which names of people are taken out as well (the extra `names`)."


class HarvestPart(Part):
    """The scheduled harvest: production failures become proposed regression examples."""

    suite: Text = Field(description="Whose prompt, metrics and dataset the proposals belong to.")
    prompt: Text | None = Field(default=None, description="The prompt's id; needed where the suite has several.")
    dataset: Text = Field(description="The file that proposals extend.")
    source: dict[str, Any] = Field(description="Where production records lie: `type` and its options.")
    since: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")] = Field(default="24h", description="How far the first run looks back: `90m`, `24h`, `7d`.")
    map: dict[Text, Text] = Field(default={}, description="Where each field of a sample stands in a record, as JMESPath; over the source's own.")
    feedback: FeedbackPart | None = Field(default=None, description="What users said of an answer.")
    sample: SamplePart = Field(default=SamplePart(), description="Which records are looked at.")
    propose: ProposePart = Field(default=ProposePart(), description="What becomes a proposal.")
    redact: list[Literal["email", "phone", "card", "iban", "token"]] = Field(
        default=["email", "phone", "card", "iban", "token"], description="Kinds of personal data that are taken out before anything leaves the run."
    )
    names: SpacyModel | None = Field(default=None, description=_NAMES)
    erased: Text | None = Field(
        default=None, description="A file of the repository that lists who asked to be forgotten: ids of users or records, or `sha256:` and the hash of one, one a line."
    )
    alerts: Text | None = Field(
        default=None, description="The monitor's store (`monitor.store`): samples that its alerts name are always looked at, and count as failures."
    )
    allow_public: bool = Field(default=False, description="Whether production text, redacted, may go into a public repository.")


class StreamPart(Part):
    """How samples reach the monitor."""

    type: Literal["memory", "redis", "kafka"] = Field(
        default="redis", description="`redis` is a Redis stream and `kafka` a topic, each with a consumer group; `memory` is a service that watches itself."
    )
    url_env: Variable = Field(default="REDIS_URL", description="Of `redis`: the environment variable that holds its address.")
    name: Text = Field(default="evalbot-samples", description="Of `redis`: the stream's name; `<name>:dead` takes the dead letters.")
    servers: Text | None = Field(default=None, description="Of `kafka`, which needs it: `host:port`, several with commas.")
    topic: Text = Field(default="evalbot-samples", description="Of `kafka`: the topic; `<topic>.dead` takes the dead letters.")
    client: dict[ClientSetting, Text] = Field(default={}, description="Of `kafka`: settings of librdkafka for TLS and signing in, such as `security.protocol: SASL_SSL`.")
    client_env: dict[ClientSetting, Variable] = Field(
        default={}, description="The same from environment variables, such as `sasl.password: KAFKA_PASSWORD`."
    )
    group: Text = Field(default="evalbot", description="The consumer group.")
    deliveries: int = Field(default=5, ge=1, le=100, description="How often an entry is tried before it is set aside.")


class AlertsPart(Part):
    """Who is told, and how often."""

    cooldown: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")] = Field(default="6h", description="The same alert is not told again for so long.")
    webhook_env: Text | None = Field(default=None, description="The environment variable that holds a webhook's address (Slack's shape).")
    issue: bool = Field(default=False, description="Whether an issue stands on GitHub while an alert is not over.")
    openmetrics: Text | None = Field(default=None, description="A file that is written for Prometheus.")


class DriftPart(Part):
    """When a drop of production's scores, or another change, is an alarm."""

    weekly_alpha: float = Field(default=0.05, gt=0, lt=1, description="The chance of one false alarm in a week, at most.")
    min_effect: float = Field(default=0.15, ge=0, description="The smallest drop that counts, in the metric's points.")
    min_n: int = Field(default=30, ge=2, description="Fewer samples in a window are not judged.")
    min_share: Share = Field(default=0.05, description="The smallest change of a share that counts: of a kind of failure, of a language.")
    min_length: float = Field(default=0.1, gt=0, description="The smallest change of the answers' length that counts, as a part of it.")
    floors: dict[Text, float] = Field(default={}, description="Metrics by name: a window's mean below this is an alarm whatever the reference was.")


class MonitorPart(Part):
    """Production under watch."""

    suite: Text = Field(description="Whose metrics score the samples.")
    stream: StreamPart = Field(default=StreamPart(), description="How samples reach the monitor.")
    store: Text = Field(default=".evalbot-monitor/results.sqlite", description="The file in which results are kept.")
    keep_samples: int = Field(
        default=1_000_000, ge=1_000, le=1_000_000_000, description="How many samples are kept with their texts; windows count all of them, kept or not."
    )
    judge_share: Share = Field(default=0.1, description="Share of samples that metrics which ask a model look at.")
    flush_seconds: Seconds = Field(default=60.0, description="How often windows are worked out and alerts told.")
    canary_every: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")] = Field(default="24h", description="How often judges grade their canaries again.")
    drift: DriftPart = Field(default=DriftPart(), description="When a drop, or another change, is an alarm.")
    alerts: AlertsPart = Field(default=AlertsPart(), description="Who is told.")
    redact: list[Literal["email", "phone", "card", "iban", "token"]] = Field(
        default=["email", "phone", "card", "iban", "token"], description="Kinds of personal data that are taken out before anything is kept."
    )
    names: SpacyModel | None = Field(default=None, description=_NAMES)


class File(Part):
    """The whole file."""

    version: Annotated[Literal[1], BeforeValidator(_no_truth)] = Field(description="The version of this format: 1.")
    models: dict[str, ModelPart] = Field(default={}, description="Names for models.")
    metrics: dict[str, dict[str, Any]] = Field(
        default={}, description="Metrics by name: `type`, and the type's own options."
    )
    suites: dict[str, SuitePart] = Field(min_length=1, description="What is evaluated, by name.")
    run: RunPart = Field(default=RunPart(), description="What a run may take.")
    approvals: ApprovalsPart | None = Field(default=None, description="Who must approve; the defaults where absent.")
    report: ReportPart = Field(default=ReportPart(), description="What the comment shows.")
    harvest: HarvestPart | None = Field(default=None, description="The scheduled harvest of production failures.")
    monitor: MonitorPart | None = Field(default=None, description="The production monitor.")
