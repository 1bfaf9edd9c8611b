// Asks for the last readings every second, and shows each sensor's. SPDX-License-Identifier: MIT
"use strict";

const LATE = 10; // seconds after which a reading is an old one

const card = (name) => {
  const found = [...document.querySelectorAll("section")].find((each) => each.dataset.sensor === name);
  if (found) return found;
  const made = document.getElementById("sensor").content.cloneNode(true).firstElementChild;
  made.dataset.sensor = name;
  made.querySelector("h2").textContent = name;
  document.getElementById("sensors").append(made);
  return made;
};

const line = (values) => {
  const low = Math.min(...values), high = Math.max(...values), height = high - low || 1;
  const step = 120 / Math.max(values.length - 1, 1);
  return values.map((value, i) => `${(i * step).toFixed(1)},${(38 - (36 * (value - low)) / height).toFixed(1)}`).join(" ");
};

const show = (name, readings) => {
  const last = readings.at(-1), section = card(name), values = readings.map((each) => each.celsius);
  const age = Math.max(0, Math.round(Date.now() / 1000 - last.time));
  section.dataset.time = last.time;
  section.classList.toggle("late", age > LATE);
  section.querySelector("output").textContent = last.celsius.toFixed(2);
  section.querySelector(".note").textContent =
    (last.source === "simulated" ? "simulated, there is no sensor" : `from ${last.source}`) +
    (age > LATE ? `; ${age} s ago` : "");
  section.querySelector("polyline").setAttribute("points", line(values));
  section.querySelector(".range").textContent =
    `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)} in ${values.length} readings`;
};

const grouped = (readings) => {
  const found = new Map();
  for (const each of readings) found.set(each.sensor, [...(found.get(each.sensor) ?? []), each]);
  return found;
};

const state = (text, bad) => {
  const place = document.getElementById("state");
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle("bad", bad);
};

const look = async () => {
  try {
    const answer = await fetch("readings");
    if (!answer.ok) throw new Error(await answer.text());
    const readings = await answer.json();
    for (const [name, own] of grouped(readings)) show(name, own);
    state(readings.length ? "live" : "waits for the first reading", false);
  } catch (error) {
    state(`no readings: ${error.message}`, true);
  }
  setTimeout(look, 1000);
};

fetch("version").then((answer) => answer.text()).then((text) => {
  document.getElementById("version").textContent = text;
});
look();
