// The list with its filters, keys and address: only the rows in view are in the document, so 5,000 examples open at once.

const ROW = 56, SPARE = 8; // pixels of a row, as in style.css; rows kept ready above and below the view

const KEYS = [["/", "search"], ["j or ↓", "next example"], ["k or ↑", "example before"], ["Enter", "read it"], ["Esc", "back to all"], ["?", "this list"]];

class Explorer {
  constructor(examples) {
    this.all = examples;
    this.chosen = null; // what a click in a plot picked, with its words
    this.selected = null;
    this.box = document.getElementById("explorer");
    this.list = this.box.querySelector(".list");
    this.runway = this.box.querySelector(".runway");
    this.pane = this.box.querySelector(".detail");
    this.count = document.getElementById("shown");
    this.controls = Object.fromEntries(["search", "state", "partition", "prompt", "tag", "order"].map((id) => [id, document.getElementById(id)]));
    this.fill();
    for (const control of Object.values(this.controls)) control.addEventListener("input", () => this.filter());
    document.getElementById("clear").addEventListener("click", () => this.clear());
    this.list.addEventListener("scroll", () => this.draw());
    window.addEventListener("resize", () => this.draw());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.follow());
    this.filter();
    this.follow();
  }

  fill() {
    const options = (id, values) => this.controls[id].append(...values.map(([value, words]) => make("option", { value }, words)));
    const once = (values) => [...new Set(values)].sort().map((value) => [value, value]);
    const states = ORDER.filter((state) => this.all.some((one) => one.state === state));
    options("state", states.map((state) => [state, `${STATES[state][0]} (${this.all.filter((one) => one.state === state).length})`]));
    options("partition", once(this.all.map((one) => one.partition)));
    options("prompt", once(this.all.map((one) => `${one.suite}: ${one.prompt}`)));
    options("tag", once(this.all.flatMap((one) => (one.about && one.about.tags) || [])));
    for (const id of ["prompt", "tag"]) this.controls[id].hidden = this.controls[id].options.length < (id === "tag" ? 2 : 3);
  }

  filter() {
    const { search, state, partition, prompt, tag: tagged, order } = Object.fromEntries(Object.entries(this.controls).map(([id, control]) => [id, control.value]));
    const sought = search.trim().toLowerCase();
    const pool = this.chosen ? this.chosen.examples : this.all;
    this.shown = pool.filter((one) => (!state || one.state === state) && (!partition || one.partition === partition)
      && (!prompt || `${one.suite}: ${one.prompt}` === prompt) && (!tagged || ((one.about && one.about.tags) || []).includes(tagged))
      && (!sought || haystack(one).includes(sought)));
    this.shown.sort(ORDERS[order]);
    this.runway.style.height = `${this.shown.length * ROW}px`;
    this.list.scrollTop = 0;
    this.count.textContent = `${this.shown.length} of ${this.all.length} examples` + (this.chosen ? ` · picked: ${this.chosen.words}` : "");
    this.draw();
  }

  clear() {
    this.chosen = null;
    for (const [id, control] of Object.entries(this.controls)) control.value = id === "order" ? "worst" : "";
    this.filter();
  }

  pick(examples, words) {
    this.chosen = { examples, words };
    this.filter();
    this.box.scrollIntoView();
    if (this.shown.length) this.open(this.shown[0], false);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / ROW) + SPARE);
    this.runway.replaceChildren(...this.shown.slice(first, last).map((one, index) => this.row(one, first + index)));
    if (!this.shown.length) this.runway.replaceChildren(make("p", { class: "soft" }, "Nothing matches. Press Esc or “clear” to see all."));
  }

  row(one, index) {
    const node = make("div", { class: "row", role: "option", id: `row-${index}`, "aria-selected": String(one === this.selected), onclick: () => this.open(one) },
      make("div", { class: "top" }, make("span", { class: "name" }, one.id), tag(one.state)),
      make("div", { class: "under" }, [one.partition, one.gain === null ? "" : `${one.metric} ${figure(one.means.base)} → ${figure(one.means.head)} (${signed(one.gain)})`, asked(one)].filter(Boolean).join(" · ")));
    node.style.top = `${index * ROW}px`;
    return node;
  }

  open(one, show = true) {
    this.selected = one;
    this.box.classList.toggle("showing", show);
    this.pane.replaceChildren(...detail(one, () => this.close()));
    this.pane.scrollTop = 0;
    history.replaceState(null, "", "#example=" + encodeURIComponent(one.key));
    this.draw();
    const index = this.shown.indexOf(one);
    if (index >= 0) this.list.setAttribute("aria-activedescendant", `row-${index}`);
  }

  close() {
    this.box.classList.remove("showing");
    this.list.focus();
  }

  step(by) {
    if (!this.shown.length) return;
    const index = Math.min(this.shown.length - 1, Math.max(0, this.shown.indexOf(this.selected) + by));
    this.open(this.shown[index], this.box.classList.contains("showing"));
    const top = index * ROW;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    if (top + ROW > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + ROW - this.list.clientHeight;
  }

  key(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape") {
      if (this.box.classList.contains("showing")) this.close(); else this.clear();
      event.target.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "/": () => this.controls.search.focus(), "?": () => document.getElementById("keys").showModal(),
      j: () => this.step(1), ArrowDown: () => this.step(1), k: () => this.step(-1), ArrowUp: () => this.step(-1),
      Enter: () => this.selected && event.target === this.list && this.open(this.selected),
    }[event.key];
    const scrolls = event.key.startsWith("Arrow") && event.target !== this.list;
    if (act && !scrolls) { event.preventDefault(); act(); }
  }

  // An address such as #example=… (a finding's link, or one that somebody sent) opens that example.
  follow() {
    const match = /^#example=(.+)$/.exec(location.hash);
    const wanted = match && decoded(match[1]);
    const one = wanted && this.all.find((other) => other.key === wanted || other.id === wanted);
    if (one && one !== this.selected) {
      if (!this.shown.includes(one)) this.clear();
      this.open(one);
      this.list.scrollTop = Math.max(0, this.shown.indexOf(one) * ROW - this.list.clientHeight / 2);
      this.box.scrollIntoView();
    }
  }
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

const asked = (one) => {
  const input = one.about && one.about.input;
  const text = input && (typeof input.user_input === "string" ? input.user_input : JSON.stringify(input));
  return text ? text.slice(0, 120) : "";
};

const haystack = (one) => one.haystack ??= [
  one.id, one.prompt, JSON.stringify(one.about || ""),
  ...[...one.base, ...one.head].flatMap((row) => [row.output || "", row.reason, ...Object.values(row.scores).map((score) => score.reason)]),
].join("\n").toLowerCase();

const byId = (a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
const most = (rows, name) => Math.max(0, ...rows.map((row) => row[name] || 0));
const ORDERS = {
  worst: (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.gain ?? 0) - (b.gain ?? 0) || byId(a, b),
  best: (a, b) => (b.gain ?? -Infinity) - (a.gain ?? -Infinity) || byId(a, b),
  id: byId,
  slow: (a, b) => most(b.head, "latency_ms") - most(a.head, "latency_ms") || byId(a, b),
  dear: (a, b) => most(b.head, "cost_usd") - most(a.head, "cost_usd") || byId(a, b),
};

const { facts: about, examples } = load();
if (examples.length) {
  document.getElementById("keys-list").append(...KEYS.map(([key, words]) => make("p", {}, make("kbd", {}, key), " " + words)));
  const explorer = new Explorer(examples);
  document.getElementById("plots").append(...plots(examples, (group, words) => explorer.pick(group, words)));
  document.getElementById("help").addEventListener("click", () => document.getElementById("keys").showModal());
}
document.documentElement.dataset.ready = String(examples.length);
