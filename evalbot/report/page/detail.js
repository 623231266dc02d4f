// One example in full: what was asked, both answers with their differences marked, every grade with its reason.

function detail(one, back) {
  const about = one.about || { input: {} };
  return [
    make("button", { class: "back", onclick: back }, "← all examples"),
    make("h2", {}, one.id, " ", tag(one.state)),
    make("p", { class: "soft small" }, `${one.suite}: ${one.prompt} · ${one.partition}${one.part === "exam" ? "" : " · " + one.part}`),
    one.failed ? make("p", {}, confirmed(one.failed)) : null,
    make("dl", { class: "about" }, facts(about)),
    make("div", { class: "sides" }, side(one, "base"), side(one, "head")),
  ].filter(Boolean);
}

function confirmed(failed) {
  const base = failed.base_failures === null ? "no base side" : `base ${failed.base_failures} of ${failed.runs}`;
  return `Fails ${failed.head_failures} of ${failed.runs} at head, ${base}.`;
}

function facts(about) {
  const shown = Object.entries(about.input).map(([name, value]) => [name, value]);
  for (const [name, word] of [["context", "context"], ["expected_output", "expected"], ["references", "references"], ["tags", "tags"], ["source", "why it is in the set"]]) {
    const value = about[name];
    if (value && (typeof value !== "object" || Object.keys(value).length)) shown.push([word, value]);
  }
  return shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, plain(value))]);
}

function plain(value) {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(plain).join(value.some((one) => String(one).length > 40) ? "\n\n" : ", ");
  if (value && typeof value === "object") return Object.entries(value).map(([name, inner]) => `${name}: ${plain(inner)}`).join("\n");
  return String(value);
}

function side(one, name) {
  const rows = one[name], again = one.again[name], other = one[name === "base" ? "head" : "base"];
  const parts = [make("h3", {}, name === "base" ? "Base" : "Head")];
  if (!rows.length) parts.push(make("p", { class: "soft" }, "not run on this side"));
  rows.forEach((row, index) => parts.push(...answer(row, other[index], name, rows.length > 1 ? `answer ${index + 1}` : "")));
  if (again.length) {
    const bad = again.filter((row) => row.passed === false).length;
    parts.push(make("details", {}, make("summary", {}, `asked again ${again.length} ×, ${bad} failed`), again.flatMap((row) => answer(row, null, name, ""))));
  }
  return make("section", {}, parts);
}

function answer(row, other, name, heading) {
  const parts = heading ? [make("h3", {}, heading)] : [];
  if (row.output === null) {
    parts.push(make("p", { class: "soft" }, row.error ? `no answer (${row.error}) ${row.reason}` : "the answer is not kept"));
  } else {
    (row.earlier || []).forEach((text, index) => parts.push(make("p", { class: "soft small" }, `answer to turn ${index + 1}`), make("pre", {}, visible(text))));
    parts.push(make("pre", {}, marked(row.output, other && other.output, name)));
    if (row.outcome && row.outcome !== "ok") parts.push(make("p", { class: "small" }, `ended by: ${row.outcome.replace("_", " ")}`));
  }
  parts.push(...Object.entries(row.scores).map(grade));
  const from = row.cached ? "from the cache" : row.shared ? "shared with the other side" : "";
  const cost = row.cost_usd === null ? "" : `$${row.cost_usd.toPrecision(3)}`;
  parts.push(make("p", { class: "soft small" }, [span(row.latency_ms), cost, from].filter(Boolean).join(" · ")));
  return parts;
}

function marked(text, other, name) {
  if (!text) return [make("span", { class: "soft" }, "(empty)")];
  const found = other && other !== text ? difference(name === "base" ? text : other, name === "base" ? other : text) : null;
  if (!found) return [visible(text)];
  return found[name].map((piece) => piece.changed ? make(name === "base" ? "del" : "ins", {}, piece.text) : visible(piece.text));
}

function grade([name, score]) {
  const mark = score.passed === null ? "" : score.passed ? " ✓" : " ✗";
  const value = score.status === "scored" ? figure(score.value) : score.status.replace("_", " ") + (score.error ? ` (${score.error})` : "");
  const samples = score.samples.length > 1 ? ` (${score.samples.map(figure).join(", ")})` : "";
  const failed = Array.isArray(score.detail && score.detail.failed) ? score.detail.failed : [];
  const claims = Array.isArray(score.detail && score.detail.claims) ? score.detail.claims : [];
  return make("div", { class: "grade" }, make("code", {}, name), ` ${value}${mark}${samples} `, make("span", { class: "soft" }, score.reason),
    failed.length ? make("ul", {}, failed.map((check) => make("li", {}, typeof check === "string" ? check : JSON.stringify(check)))) : null,
    claims.length ? make("ul", {}, claims.map(claimed)) : null);
}

function claimed(one) {
  const quotes = (one.evidence || []).map((quote) => `“${quote}”`).join(" ");
  return make("li", {}, `${one.verdict.replace("_", " ")}: ${one.claim} `, make("span", { class: "soft" }, quotes));
}
