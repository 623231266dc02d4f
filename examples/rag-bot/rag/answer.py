"""The whole system: find passages, and answer with the sentences that fit the question best."""

import json
import re
import sys

from retrieve import Index, words

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def answer(index: Index, question: str) -> dict[str, object]:
    """What evalbot reads: the answer, and the passages that it rests on."""
    passages = index.search(question)
    if not passages:
        return {"output": "I am not sure. Please ask the desk.", "context": [], "cost_usd": 0}
    asked = set(words(question))
    sentences = _SENTENCE.split(passages[0])
    fitting = sorted(sentences, key=lambda sentence: -len(asked & set(words(sentence))))[:2]
    output = " ".join(sentence for sentence in sentences if sentence in fitting)
    return {"output": output, "context": passages, "tool_calls": [{"name": "search", "arguments": {"question": question}}], "cost_usd": 0}


def main() -> None:
    """One question a line on standard input, one answer a line on standard output."""
    index = Index()
    for line in sys.stdin:
        question = json.loads(line)["input"]["user_input"]
        print(json.dumps(answer(index, question)), flush=True)


if __name__ == "__main__":
    main()
