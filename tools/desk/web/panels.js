// One function a part of the state; each touches only what has changed.
import { Plot, clock, drawMap } from "./plots.js";

const $ = (id) => document.getElementById(id);
const KEPT = 1500, SHOWN = 400, KEPT_SAMPLES = 1800;
const PRICE = .09;
let bill = [], price = PRICE;
let lines = [], samples = [], off = new Set(), known = new Set(), filter = "", plots = null, doAct = null;

function text(element, value) { const shown = String(value); if (element.textContent !== shown) element.textContent = shown; }
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
// Rows by key: old elements stay, so that focus and selection do.
function rows(parent, list, key, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  list.forEach((item, index) => {
    const name = String(key(item));
    let element = old.get(name);
    if (!element) { element = create(item); element.dataset.key = name; }
    old.delete(name);
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] || null);
    update(element, item);
  });
  for (const element of old.values()) element.remove();
}
function options(select, entries, chosen) {
  const wanted = JSON.stringify(entries);
  if (select.dataset.entries !== wanted) {
    select.replaceChildren(...entries.map(([value, label]) => make("option", { value }, label)));
    select.dataset.entries = wanted;
  }
  if (document.activeElement !== select || select.dataset.sent === "1") { select.value = chosen; delete select.dataset.sent; }
}
function slide(input, output, value, unit) {
  // While somebody moves it, it is theirs.
  if (Date.now() - Number(input.dataset.moved || 0) > 1500 && document.activeElement?.dataset.dragging !== "1") input.value = value;
  text(output, `${input.value} ${unit}`);
}
function pairs(parent, object) {
  rows(parent, Object.entries(object), ([name]) => name, ([name]) => make("li", {}, make("span", {}, name), make("b")), (element, [, value]) => text(element.lastChild, value));
}
// Marks are the module's own: what its battery monitor says of each, and nothing is judged here.
const MARKS = { "": ["", ""], "?": [" watch", ", watch"], "!": [" alert", ", alert"] };
function bars(parent, values, unit, digits, least, monitor) {
  const low = Math.min(...values), high = Math.max(...values), span = Math.max(high - low, least);
  const middle = (low + high) / 2;
  rows(parent, values.map((value, index) => ({ value, index })), (item) => item.index, () => make("div", { class: "bar", role: "img" }, make("b"), make("i"), make("span")), (element, { value, index }) => {
    const mark = monitor?.marks[index] || "", off = monitor?.furthest[index];
    const [look, word] = MARKS[mark];
    text(element.children[0], value.toFixed(digits));
    element.children[1].style.height = `${Math.max(8, 50 + (value - middle) / span * 50)}%`;
    text(element.children[2], `${mark}${index + 1}`);
    element.className = `bar${look}`;
    const title = `${index + 1}: ${value} ${unit}${word}${off ? `, at most ${off} from the mean` : ""}`;
    if (element.title !== title) { element.title = title; element.setAttribute("aria-label", title); }
  });
}
function judged(element, monitor) {
  element.className = `monitor${MARKS[monitor?.mark || ""][0]}`;
  text(element, monitor ? `${monitor.mark}SD ${monitor.deviation}` : "the monitor has told nothing yet");
}
// 52.4 °C, but 52.4°.
function measured(value, unit) { return unit === "°" ? `${value}°` : `${value} ${unit}`.trim(); }
function told(element, belief, unit) {
  element.className = belief?.differs ? "differs" : "";
  const shown = belief ? measured(belief.text, unit) : "–";
  if (!element.lastChild) element.append(make("span"), " ", make("small"));
  text(element.firstChild, shown);
  text(element.lastChild, belief ? age(belief.age) : "");
  element.title = belief?.differs ? "The car has not been so since the last report was due." : "";
}
function age(seconds) { return seconds < 100 ? `${seconds} s` : seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`; }
// Only what the module sends costs its owner something.
function money(parts) { return (parts * price).toFixed(2); }
function costs() {
  const sum = bill.reduce((parts, day) => parts + day.parts, 0);
  text($("bill-sum"), `${sum} parts, ${money(sum)} €`);
  rows($("days").tBodies[0], bill, (day) => day.day, () => make("tr", {}, make("th", { scope: "row" }), ...Array.from({ length: 4 }, () => make("td", { class: "r" }))), (element, day) => [day.day, day.to, day.of, day.parts, money(day.parts)].forEach((value, i) => text(element.children[i], value)));
  for (const note of $("chat").querySelectorAll("small[data-parts]")) cost(note);
}
function cost(note) { const parts = Number(note.dataset.parts); text(note, `${note.dataset.at} · ${parts === 1 ? "1 part" : `${parts} parts`} · ${money(parts)} €`); }
function setPrice(value) { price = Number.isFinite(value) && value >= 0 ? value : PRICE; costs(); }
function frames(table, list) {
  rows(table.tBodies[0], list, (row) => row.id, () => make("tr", {}, ...Array.from({ length: 4 }, (_, i) => make("td", { class: i === 1 ? "r" : null }))), (element, row) => {
    const [id, rate, data, means] = element.children;
    if (!id.firstChild) id.append(make("b", {}, row.id), " ", make("small", {}, row.name));
    text(rate, row.rate.toFixed(1));
    const mark = row.data + row.changed;
    if (data.dataset.mark !== mark) {
      data.dataset.mark = mark;
      data.replaceChildren(...row.data.split(" ").filter(Boolean).map((byte, i) => make("span", { class: `byte${row.changed[i] ? " new" : ""}` }, byte)));
      if (row.changed.some(Boolean)) data.append(make("span", { class: "bits", title: "Changed bits, highest first" }, ...row.changed.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => make("i", { class: byte >> bit & 1 ? "x" : null })))));
    }
    text(means, row.signals);
  });
}
function tile(element, fault) {
  const button = element.firstChild;
  button.dataset.state = fault.state;
  const steps = fault.steps ? ` · ${fault.steps}` : "";
  const notes = { off: "", on: fault.canEnd ? `on, ${fault.left} s left · click ends it` : "on", recovering: `recovering ${fault.since} s · ${fault.note || "looks"}${steps}`, well: `${fault.note}${steps || " · no step needed"}`, lost: `not well: ${fault.note}${steps}` };
  text(button.firstChild, fault.title);
  text(button.lastChild, notes[fault.state]);
  button.disabled = fault.state === "recovering" || (fault.state === "on" && !fault.canEnd);
}

export const panels = {
  desk(desk) {
    document.querySelectorAll("[data-for]").forEach((element) => { element.hidden = element.dataset.for !== desk.kind; });
    text($("clock"), `${clock(desk.elapsed)}${desk.scale !== 1 ? ` · ×${desk.scale}` : ""}`);
    if (desk.kind !== "desk") { text($("what"), desk.port); text($("module-port"), desk.port); return; }
    text($("what"), `${desk.vehicle} · ${desk.runtime}${desk.setUp ? ` · set-up ${desk.setUp[0]}/${desk.setUp[1]}` : ""}`);
    options($("c-car"), Object.entries(desk.cars).map(([type, title]) => [type, `${title}`]), desk.type);
    options($("c-scenario"), [["", "by hand"], ...Object.keys(desk.scenarios).map((name) => [name, name.replaceAll("_", " ")])], desk.scenario);
    text($("scenario-text"), desk.scenario ? desk.scenarios[desk.scenario] || "" : "You drive: key, plug, gear and speed are yours.");
    options($("c-scale"), desk.scales.map((scale) => [scale, scale === 1 ? "as it is" : `${scale} times faster`]), desk.scale);
    $("c-key").setAttribute("aria-pressed", desk.wheel.key);
    $("c-plug").setAttribute("aria-pressed", desk.wheel.plug);
    document.querySelectorAll("[name=gear]").forEach((radio) => { radio.checked = radio.value === desk.wheel.gear; });
    slide($("c-speed"), $("o-speed"), desk.wheel.speed, "km/h");
    text($("c-record"), `Save recording (${desk.inputs})`);
    text($("phone-count"), desk.complaint);
    const isCpython = desk.runtime === "cpython";
    $("p-heap").hidden = isCpython;
    $("heap-none").hidden = !isCpython;
    text($("heap-none"), "The module runs on CPython, whose memory says nothing of a module's heap: start with --vm micropython, at the usual pace.");
    text($("pause-note"), `Told by the module every 5 s, in time of this computer${isCpython ? ", on CPython" : ""}: an ESP32 is slower.`);
  },
  car(car) {
    for (const name of ["soc", "speed", "power", "range", "odometer", "volts", "amps", "degrees", "height"]) text($(`car-${name}`), car[name]);
    text($("car-state"), `${car.state}${car.charge ? `, ${car.charge}` : ""}`);
    $("ring").style.strokeDasharray = `${car.soc} 100`;
    $("ring").classList.toggle("low", car.soc < 15);
    slide($("c-soc"), $("o-soc"), Math.round(car.soc), "%");
  },
  beliefs(list) {
    rows($("beliefs").tBodies[0], list, (row) => row.key, (row) => make("tr", { id: `b-${row.key}` }, make("th", { scope: "row" }, row.title), make("td"), make("td"), make("td")), (element, row) => {
      text(element.children[1], row.truth === null ? "–" : measured(row.truth, row.unit));
      told(element.children[2], row.server, row.unit);
      told(element.children[3], row.app, row.unit);
    });
    const wrong = list.filter((row) => row.app?.differs || row.server?.differs).length;
    text($("differences"), wrong ? `${wrong} differ` : "no difference");
  },
  battery(battery) {
    for (const [name, unit, digits, least] of [["cells", "V", 2, .03], ["modules", "°C", 1, 2]]) {
      bars($(name), battery[name], unit, digits, least, battery.monitor[name]);
      judged($(`${name}-monitor`), battery.monitor[name]);
      $(`${name}-monitor`).hidden = !battery[name].length;
    }
    pairs($("degrees"), battery.other);
  },
  bus(list) { frames($("bus"), list); text($("bus-count"), `${list.length} ids, ${Math.round(list.reduce((sum, row) => sum + row.rate, 0))} frames/s`); },
  sent(list) { frames($("sent"), list); $("sent").hidden = !list.length; $("sent-none").hidden = list.length > 0; },
  links(list) { rows($("links"), list, (link) => link.name, (link) => make("li", { class: "chip" }, link.name), (element, link) => { element.className = `chip ${link.isGood ? "good" : "bad"}`; element.title = link.text; text(element, link.isGood ? link.name : `${link.name}: ${link.text}`); element.setAttribute("aria-label", `${link.name}: ${link.text}`); }); },
  counters(counters) { pairs($("counters"), counters.rows); pairs($("steps"), Object.keys(counters.steps).length ? counters.steps : { "none so far": "" }); pairs($("module-counts"), counters.module); },
  phone(days) { bill = days; costs(); },
  faults(list) {
    const create = (fault) => { const button = make("button", { type: "button", id: `fault-${fault.key}` }, make("span"), make("small")); button.addEventListener("click", () => doAct(button.dataset.state === "on" ? "mend" : "fault", { name: fault.key })); return make("li", {}, button); };
    rows($("faults"), list.filter((fault) => fault.isButton), (fault) => fault.key, create, tile);
    rows($("more-faults"), list.filter((fault) => !fault.isButton), (fault) => fault.key, create, tile);
  },
  answer(answer) { text($("answer"), answer); },
  questions(list) {
    rows($("questions"), list, (question) => question.key, (question) => make("label", {}, question.text, make("input", { name: question.key, type: question.isSecret ? "password" : "text", autocomplete: "off", placeholder: question.now || "" })), (element, question) => { element.lastChild.placeholder = question.now || ""; });
  },
};

export function resetLines() { lines = []; samples = []; known = new Set(); $("lines").replaceChildren(); $("chat").replaceChildren(); $("whos").replaceChildren(); }

function isShown(line) { return !off.has(line.who) && (!filter || `${line.who} ${line.text}`.toLowerCase().includes(filter)); }
function lineElement(line) { return make("p", { "data-who": line.who }, make("time", {}, clock(line.t)), make("span", { class: "who" }, line.who), make("span", {}, line.text)); }
function redraw() { $("lines").replaceChildren(...lines.filter(isShown).slice(-SHOWN).map(lineElement)); $("lines").scrollTop = 1e9; }
function trim(element, most) { while (element.childElementCount > most) element.firstChild.remove(); }

export function showLines(fresh) {
  lines = lines.concat(fresh).slice(-KEPT);
  const log = $("lines"), chat = $("chat");
  log.append(...fresh.filter(isShown).map(lineElement));
  trim(log, SHOWN);
  if ($("c-follow").checked) log.scrollTop = log.scrollHeight;
  const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60;
  for (const line of fresh) {
    if (!known.has(line.who)) { known.add(line.who); chip(line.who); }
    if (line.who !== "phone" && line.who !== "sms") continue;
    const note = make("small", {}, clock(line.t));
    if (line.who === "sms") { note.dataset.parts = line.parts; note.dataset.at = clock(line.t); cost(note); }
    chat.append(make("div", { class: `bubble${line.who === "phone" ? " mine" : ""}` }, line.text, note));
  }
  trim(chat, 200);
  if (atEnd) chat.scrollTop = chat.scrollHeight;
}
function chip(who) {
  const button = make("button", { type: "button", class: "chip", "aria-pressed": !off.has(who) }, who);
  button.addEventListener("click", () => { off.has(who) ? off.delete(who) : off.add(who); button.setAttribute("aria-pressed", !off.has(who)); redraw(); });
  $("whos").append(button);
}

export function showSamples(fresh, state) {
  samples = samples.concat(fresh).slice(-KEPT_SAMPLES);
  plots ||= [
    new Plot($("p-power"), [["power", "--s1"]], { floor: 2, fill: true }), new Plot($("p-soc"), [["soc", "--s1"]], { floor: 4, zero: false }),
    new Plot($("p-wire"), [["out", "--s1"], ["in", "--s2"]], { floor: 50 }), new Plot($("p-can"), [["can", "--s1"]], { floor: 50, fill: true }),
    new Plot($("p-heap"), [["heap", "--s1"]], { floor: 20 }), new Plot($("p-pause"), [["pause", "--s1"]], { floor: 10, fill: true }),
  ];
  if (document.hidden || state.desk?.kind !== "desk") return;
  const last = samples.slice(-600);
  for (const plot of plots) plot.draw(last);
  if (state.desk && state.car) drawMap($("map"), state.desk.route, samples.slice(-900), state.car);
}

export function wire(act, saveRecording) {
  doAct = act;
  const form = (id, name, input, again) => $(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = $(input), value = field.value.trim();
    if (value && await act(name, { text: value }) && !again) field.value = "";
  });
  form("f-sms", "sms", "i-sms");
  form("f-command", "command", "i-command");
  form("f-console", "console", "i-console");
  const select = (id, name, args) => $(id).addEventListener("change", (event) => { const value = event.target.value; event.target.dataset.sent = "1"; if (value !== "") act(name, args(value)); });
  select("c-car", "car", (type) => ({ type }));
  select("c-scenario", "scenario", (name) => ({ name }));
  select("c-scale", "time", (scale) => ({ scale: Number(scale) }));
  const press = (id, name) => $(id).addEventListener("click", () => act(name, { on: $(id).getAttribute("aria-pressed") !== "true" }));
  press("c-key", "key");
  press("c-plug", "plug");
  document.querySelectorAll("[name=gear]").forEach((radio) => radio.addEventListener("change", () => act("gear", { gear: radio.value })));
  const slider = (id, output, unit, name, args) => {
    const input = $(id);
    input.addEventListener("input", () => { input.dataset.moved = Date.now(); text($(output), `${input.value} ${unit}`); });
    input.addEventListener("change", () => { input.dataset.moved = Date.now(); act(name, args(Number(input.value))); });
  };
  slider("c-speed", "o-speed", "km/h", "speed", (kmh) => ({ kmh }));
  slider("c-soc", "o-soc", "%", "soc", (pct) => ({ pct }));
  $("c-restart").addEventListener("click", () => act("restart"));
  $("c-record").addEventListener("click", saveRecording);
  let kept = null;
  try { kept = localStorage.getItem("price"); } catch { /* a browser that keeps nothing */ }
  setPrice(kept === null ? PRICE : Number(kept));
  $("i-price").value = price;
  $("i-price").addEventListener("input", (event) => {
    setPrice(event.target.value === "" ? PRICE : Number(event.target.value));
    try { localStorage.setItem("price", price); } catch { /* the same */ }
  });
  $("i-filter").addEventListener("input", (event) => { filter = event.target.value.trim().toLowerCase(); redraw(); });
  document.querySelectorAll("[data-ask]").forEach((button) => button.addEventListener("click", () => act("ask", { what: button.dataset.ask })));
  document.querySelectorAll("[name=watch]").forEach((box) => box.addEventListener("change", () => act("watch", { what: [...document.querySelectorAll("[name=watch]:checked")].map((b) => b.value).join(" ") })));
  $("f-setup").addEventListener("submit", async (event) => {
    event.preventDefault();
    const answers = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value !== ""));
    if (await act("setup", { answers: JSON.stringify(answers) })) event.target.reset();
  });
}
