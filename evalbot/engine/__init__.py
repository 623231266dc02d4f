"""Plan, answer, score and journal, within time, money and rate limits."""
