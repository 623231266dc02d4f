// What a page cannot do alone: one window at a time, commands that follow the ticked samples, and how old the page is.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function tabs() {
  const list = document.querySelector(".tabs");
  if (!list) return;
  const buttons = all("button", list);
  const show = (chosen) => buttons.forEach((button) => {
    const on = button === chosen;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
    document.getElementById(button.getAttribute("aria-controls")).hidden = !on;
  });
  const step = { ArrowRight: 1, ArrowLeft: -1 };
  list.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    const to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : event.key in step ? (at + step[event.key] + buttons.length) % buttons.length : -1;
    if (at < 0 || to < 0) return;
    event.preventDefault();
    buttons[to].focus();
    show(buttons[to]);
  });
  buttons.forEach((button) => button.addEventListener("click", () => show(button)));
  list.hidden = false;
  list.parentElement.classList.add("tabbed");
  show(buttons[Math.min(1, buttons.length - 1)]);
}

function proposals(alert) {
  const names = all("input[type=checkbox]", alert).filter((box) => box.checked).map((box) => box.value);
  for (const line of all("pre[data-before]", alert)) {
    const { before, each, after } = line.dataset;
    const inside = names.map((name) => each + name).join("");
    line.textContent = names.length ? before + (before.endsWith("'") ? inside.slice(1) : inside) + after : "Tick a sample.";
    line.nextElementSibling.disabled = !names.length;
  }
  for (const code of all(".names", alert)) code.textContent = names.join(" ");
}

async function copy(button) {
  const line = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(line.textContent);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(line);
    button.textContent = "selected";
  }
  setTimeout(() => { button.textContent = "copy"; }, 2000);
}

function alerts() {
  for (const alert of all(".alert")) alert.addEventListener("change", () => proposals(alert));
  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  const kind = document.getElementById("kind");
  if (!kind) return;
  kind.parentElement.hidden = false;
  const sift = () => {
    const shown = all(".alert").filter((alert) => !(alert.hidden = kind.value !== "" && alert.dataset.kind !== kind.value));
    document.getElementById("told").textContent = `${shown.length} of ${all(".alert").length} alerts`;
  };
  kind.addEventListener("change", sift);
  sift();
}

function opened() {
  const named = location.hash.startsWith("#alert-") ? document.getElementById(location.hash.slice(1)) : null;
  if (!named) return;
  const kind = document.getElementById("kind");
  if (named.hidden) {
    kind.value = "";
    kind.dispatchEvent(new Event("change"));
  }
  named.open = true;
  named.scrollIntoView();
}

function age() {
  const line = document.getElementById("age");
  const hours = (Date.now() / 1000 - Number(line.dataset.at)) / 3600;
  if (hours >= 26) {
    line.textContent = `This page is ${Math.floor(hours / 24)} days old: its windows end there, not now.`;
    line.className = "old";
  } else if (hours >= 1) line.textContent = `That was ${Math.floor(hours)} h ago.`;
}

tabs();
alerts();
opened();
age();
addEventListener("hashchange", opened);
document.documentElement.dataset.ready = "";
