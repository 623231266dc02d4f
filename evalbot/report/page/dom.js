// Elements and words: text goes into the page as text only, with what hides or reorders shown as an escape.

const HIDING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Cs}/gu;

const visible = (text) => text.replace(/\r\n/g, "\n").replace(HIDING, (one) => "\\u" + one.codePointAt(0).toString(16).padStart(4, "0"));

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "circle", "rect", "line", "text", "title", "g"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  for (const child of children.flat()) if (child !== null && child !== "") node.append(typeof child === "string" ? visible(child) : child);
  return node;
}

const figure = (value) => value === null ? "—" : (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)).replace("-", "−");
const signed = (value) => value === null ? "" : (value > 0 ? "+" : "") + figure(value);
const tag = (state) => make("span", { class: "tag " + STATES[state][1] }, STATES[state][0]);
const span = (milliseconds) => milliseconds === null ? "" : milliseconds < 1000 ? milliseconds.toFixed(0) + " ms" : (milliseconds / 1000).toFixed(1) + " s";
