// Rows of results.jsonl → one object an example: both sides' answers, its state, and what it lost or gained.

const parse = (id) => JSON.parse(document.getElementById(id).textContent);
const place = (suite, prompt, example) => [suite, prompt, example].join("\u001f");

const STATES = {
  new_failure: ["new failure", "bad"], unstable: ["unstable", "bad"], added_failure: ["added row fails", "bad"],
  broke: ["now fails", "bad"], worse: ["scores lower", "warn"], pre_existing: ["failed before", "warn"], flaky: ["flaky", "warn"],
  unscored: ["not scored", "warn"], fixed: ["now passes", "good"], better: ["scores higher", "good"], same: ["no change", ""],
};
const ORDER = Object.keys(STATES);

// More than half of the answers that could be judged; null where none could.
const passes = (rows) => {
  const judged = rows.filter((row) => row.passed !== null);
  return judged.length ? 2 * judged.filter((row) => row.passed).length > judged.length : null;
};

const mean = (rows, metric) => {
  const values = rows.map((row) => row.scores[metric]).filter((score) => score && score.status === "scored").map((score) => score.value);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
};

function load() {
  const facts = parse("facts"), known = parse("examples");
  const status = new Map(facts.failed.map((one) => [place(one.suite, one.prompt, one.example), one]));
  const found = new Map();
  for (const row of parse("rows")) {
    const key = place(row.suite, row.prompt, row.example);
    if (!found.has(key)) {
      found.set(key, {
        key, suite: row.suite, prompt: row.prompt, id: row.example, partition: row.partition, part: row.part,
        base: [], head: [], again: { base: [], head: [] }, about: known[row.suite + "\u001f" + row.example_hash] || null,
      });
    }
    const one = found.get(key);
    (row.confirmation ? one.again[row.side] : one[row.side]).push(row);
  }
  const examples = [...found.values()];
  for (const one of examples) judge(one, status.get(one.key), facts);
  return { facts, examples };
}

function judge(one, failed, facts) {
  const metrics = new Set([...one.base, ...one.head].flatMap((row) => Object.keys(row.scores)));
  one.metric = (facts.tested[one.suite] || []).find((name) => metrics.has(name)) || [...metrics].find((name) => facts.scales[one.suite + "\u001f" + name]) || "";
  one.means = { base: mean(one.base, one.metric), head: mean(one.head, one.metric) };
  const known = one.means.base !== null && one.means.head !== null;
  const sign = facts.lower.includes(one.suite + "\u001f" + one.metric) ? -1 : 1;
  one.gain = known ? sign * (one.means.head - one.means.base) : null;
  one.passed = { base: passes(one.base), head: passes(one.head) };
  one.failed = failed || null;
  one.state = failed ? failed.status : stateOf(one);
}

function stateOf(one) {
  const { base, head } = one.passed;
  if ([...one.base, ...one.head].some((row) => row.error)) return "unscored";
  if (base === true && head === false) return "broke";
  if (base === false && head === true) return "fixed";
  if (one.gain !== null && one.gain < -1e-9) return "worse";
  if (one.gain !== null && one.gain > 1e-9) return "better";
  return "same";
}
