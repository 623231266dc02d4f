"""Five repositories of different shape, as people have them before they have heard of evalbot."""

from __future__ import annotations

import json

SUPPORT = "You are the support assistant of Larkbox. Answer in at most three sentences, and never promise a refund.\n"

PROMPTFOO = {
    "promptfooconfig.yaml": """\
description: Larkbox support
prompts:
  - file://prompts/support.txt
providers:
  - openai:gpt-5-mini
defaultTest:
  assert:
    - type: not-icontains
      value: as an AI
tests:
  - description: Refund window
    vars: {question: "How long can I return it?", plan: Team}
    assert:
      - type: icontains
        value: 30 days
      - type: llm-rubric
        value: names the plan {{plan}}
  - file://tests/more.csv
""",
    "prompts/support.txt": SUPPORT + "Plan: {{plan}}\n\nQuestion: {{question}}\n",
    "tests/more.csv": 'question,plan,__expected\n"Where is the export?",Solo,"contains: export"\n"Is there an app?",Team,"regex: (?i)app"\n',
    "package.json": '{"devDependencies": {"promptfoo": "^0.120.0"}}\n',
}

GITHUB = {
    "prompts/reply.prompt.yml": """\
name: Reply
description: Replies to a customer
model: openai/gpt-5-mini
modelParameters: {temperature: 0.4}
messages:
  - role: system
    content: You reply to customers of {{company}} in two sentences and sign as the support team.
  - role: user
    content: "{{message}}"
testData:
  - {company: Larkbox, message: "How do I export?", expected: "Open Settings, then Export."}
  - {company: Larkbox, message: "Is there an app?", expected: "Yes, for iOS and Android."}
evaluators:
  - name: mentions
    string: {contains: "{{expected}}"}
  - name: close
    uses: github/similarity
""",
    "prompts/title.prompt.yml": """\
model: openai/gpt-5-mini
messages:
  - {role: user, content: "Write a title of at most eight words for this text: {{text}}"}
""",
    "README.md": "# Replies\n",
}

CONSTANTS = {
    "app/prompts.py": f'''"""All prompts."""

from textwrap import dedent

GREETING = "hello"
SUPPORT_PROMPT = dedent("""\\
    {SUPPORT.strip()}
    Known facts: {{facts}}
""")
SUMMARY_PROMPT = (
    "Summarise the conversation for a colleague "
    "in one sentence: {{conversation}}"
)
BROKEN_PROMPT = f"You help with {{GREETING}} and nothing else."
''',
    "app/main.py": 'from anthropic import Anthropic\n\nfrom app.prompts import SUPPORT_PROMPT\n\nMODEL = "claude-sonnet-5"\n',
    "pyproject.toml": '[project]\nname = "bot"\ndependencies = ["anthropic>=2"]\n',
}

CHAT = {
    "src/prompts/support.json": json.dumps(
        [
            {"role": "system", "content": SUPPORT + "{% for fact in facts %}- {{ fact.text }}\n{% endfor %}"},
            {"role": "user", "content": "{{ question }}"},
        ],
        indent=2,
    ),
    "src/prompts/settings.json": '{"retries": 3}\n',
    "src/index.ts": 'import OpenAI from "openai";\nconst model = "gpt-5-mini";\n',
    "package.json": '{"dependencies": {"openai": "^6.0.0"}}\n',
}

MONOREPO = {
    "apps/support/package.json": '{"dependencies": {"openai": "^6.0.0"}}\n',
    "apps/support/prompts/system.md": SUPPORT,
    "apps/support/prompts/_tone.md": "Be kind.\n",
    "apps/search/pyproject.toml": '[project]\nname = "search"\ndependencies = ["openai"]\n',
    "apps/search/prompts/system.md": '{% include "parts/rules.md" %}\nYou turn a question into a search query of at most five words.\n{{ user_input }}\n',
    "apps/search/prompts/parts/rules.md": "Reply with the query only.\n",
    "docs/prompts/old.md": "Not a prompt of the product.\n",
    "README.md": "# Two applications\n",
}

SHAPES = {"promptfoo": PROMPTFOO, "github": GITHUB, "constants": CONSTANTS, "chat": CHAT, "monorepo": MONOREPO}
