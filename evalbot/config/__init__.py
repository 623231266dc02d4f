"""`evalbot.yml` as frozen values: read strictly, checked against everything it names, every error with a place and a hint."""

from evalbot.config.differences import compare_policies
from evalbot.config.load import load_policy, policy_in
from evalbot.config.metrics import build_metrics, suite_decides
from evalbot.config.schema import schema
from evalbot.config.targets import build_target

__all__ = ["build_metrics", "build_target", "compare_policies", "load_policy", "policy_in", "schema", "suite_decides"]
