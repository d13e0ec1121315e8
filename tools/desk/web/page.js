// The connection: takes the newest state to the panels, comes back by itself, sends what is done.
import { panels, showLines, showSamples, resetLines, wire } from "./panels.js";

const token = new URLSearchParams(location.search).get("token") || "";
const RETRY_MS = 1000;
const state = {};
let waiting = new Set();
let fresh = { lines: [], samples: [] };
let isScheduled = false;

// A sentence for some seconds.
let hiding = 0;
function complain(sentence) {
  const notice = document.getElementById("notice");
  notice.textContent = sentence;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.hidden = true; }, 8000);
}

export async function act(name, args = {}) {
  try {
    const response = await fetch(`/desk/api/do/${name}`, {
      method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: JSON.stringify(args),
    });
    const answer = await response.json();
    if (response.ok) document.getElementById("notice").hidden = true;
    else complain(answer.error);
    return response.ok ? (answer.answer ?? true) : null;
  } catch {
    complain("The desk does not answer: has it ended?");
    return null;
  }
}

export async function saveRecording() {
  const response = await fetch("/desk/api/recording", { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = "desk-recording.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  // A tab in the background draws nothing, and a timer keeps it from holding everything.
  (document.hidden ? (work) => setTimeout(work, 1000) : requestAnimationFrame)(draw);
}

function draw() {
  isScheduled = false;
  const names = waiting;
  waiting = new Set();
  for (const name of names) panels[name]?.(state[name], state);
  const { lines, samples } = fresh;
  fresh = { lines: [], samples: [] };
  if (lines.length) showLines(lines);
  if (samples.length || names.has("theme")) showSamples(samples, state);
}

function connect() {
  const online = document.getElementById("online");
  const socket = new WebSocket(`ws://${location.host}/desk/api/live?token=${encodeURIComponent(token)}`);
  let isFirst = true;
  socket.onmessage = (event) => {
    const news = JSON.parse(event.data);
    if (isFirst) {
      // After a pause everything comes anew.
      resetLines();
      isFirst = false;
      online.textContent = "live";
      online.className = "chip good";
    }
    for (const [name, section] of Object.entries(news.set)) {
      state[name] = section;
      waiting.add(name);
    }
    fresh.lines.push(...(news.lines || []));
    fresh.samples.push(...(news.samples || []));
    schedule();
  };
  socket.onclose = () => {
    online.textContent = "no connection";
    online.className = "chip bad";
    setTimeout(connect, RETRY_MS);
  };
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  waiting.add("theme");
  schedule();
}

const wish = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
try { chosen = localStorage.getItem("theme"); } catch { /* a browser that keeps nothing */ }
theme(chosen || (wish.matches ? "dark" : "light"));
wish.addEventListener("change", () => { if (!chosen) theme(wish.matches ? "dark" : "light"); });
document.getElementById("theme").addEventListener("click", () => {
  chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("theme", chosen); } catch { /* the same */ }
  theme(chosen);
});
addEventListener("resize", () => { waiting.add("theme"); schedule(); });
wire(act, saveRecording, state);
connect();
