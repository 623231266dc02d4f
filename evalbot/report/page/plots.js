// Two pictures a place: how the scores are spread on each side, and each example's score at base against head.

const WIDTH = 300, HEIGHT = 150, EDGE = 26, BINS = 20;

function plots(examples, pick) {
  const places = new Map();
  for (const one of examples) {
    if (one.gain === null || one.part !== "exam") continue;
    const key = place(one.suite, one.prompt, one.partition);
    if (!places.has(key)) places.set(key, []);
    places.get(key).push(one);
  }
  return [...places.values()].slice(0, 24).map((list) => picture(list, pick));
}

function picture(list, pick) {
  const values = list.flatMap((one) => [one.means.base, one.means.head]);
  const low = Math.min(...values), high = Math.max(...values);
  const range = high > low ? [low, high] : [low - 0.5, high + 0.5];
  const { suite, prompt, partition, metric } = list[0];
  return make("figure", {},
    make("figcaption", {}, `${suite}: ${prompt} · ${partition} · ${metric}, ${list.length} examples`,
      make("span", { class: "legend base" }), "base", make("span", { class: "legend head" }), "head"),
    spread(list, range), pairs(list, range, pick));
}

function frame(label, range, ...parts) {
  return make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, width: "100%" },
    make("line", { class: "axis", x1: EDGE, y1: HEIGHT - EDGE, x2: WIDTH - 6, y2: HEIGHT - EDGE }),
    make("text", { x: EDGE, y: HEIGHT - 10 }, figure(range[0])),
    make("text", { x: WIDTH - 6, y: HEIGHT - 10, "text-anchor": "end" }, figure(range[1])), ...parts);
}

function spread(list, range) {
  const counts = { base: new Array(BINS).fill(0), head: new Array(BINS).fill(0) };
  for (const one of list) {
    for (const side of ["base", "head"]) {
      const share = (one.means[side] - range[0]) / (range[1] - range[0]);
      counts[side][Math.min(BINS - 1, Math.floor(share * BINS))]++;
    }
  }
  const most = Math.max(...counts.base, ...counts.head), step = (WIDTH - EDGE - 6) / BINS, room = HEIGHT - EDGE - 8;
  const bars = ["base", "head"].flatMap((side, which) => counts[side].map((count, index) => count === 0 ? null : make("rect", {
    class: side, x: EDGE + index * step + which * step / 2, width: step / 2 - 0.5, y: HEIGHT - EDGE - room * count / most, height: room * count / most,
  }, make("title", {}, `${side}: ${count}`))));
  return frame("Distribution of scores at base and head", range, make("text", { x: 2, y: 14 }, String(most)), bars.filter(Boolean));
}

function pairs(list, range, pick) {
  const bubbles = new Map();
  for (const one of list) {
    const key = one.means.base.toFixed(2) + " " + one.means.head.toFixed(2);
    if (!bubbles.has(key)) bubbles.set(key, []);
    bubbles.get(key).push(one);
  }
  const at = (value, from, to) => from + (to - from) * (value - range[0]) / (range[1] - range[0]);
  const x = (value) => at(value, EDGE + 8, WIDTH - 14), y = (value) => at(value, HEIGHT - EDGE - 8, 10);
  const dots = [...bubbles.values()].map((group) => {
    const { base, head } = group[0].means, gain = group[0].gain;
    const words = `${group.length} × base ${figure(base)}, head ${figure(head)}`;
    const choose = () => pick(group, words);
    return make("circle", {
      class: "pick " + (gain < -1e-9 ? "worse" : gain > 1e-9 ? "better" : "equal"), cx: x(base), cy: y(head), r: Math.min(12, 3 + Math.sqrt(group.length)),
      tabindex: "0", role: "button", "aria-label": words, "fill-opacity": "0.75", onclick: choose,
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } },
    }, make("title", {}, words));
  });
  return frame("Each example: score at base (across) against head (up)", range,
    make("line", { class: "axis", x1: x(range[0]), y1: y(range[0]), x2: x(range[1]), y2: y(range[1]) }),
    make("text", { x: 2, y: 14 }, "head"), dots);
}
