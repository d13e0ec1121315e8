// Small plots and the map, on canvas: no more than what this page needs.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const FONT = "11px system-ui, 'DejaVu Sans', sans-serif";

function prepare(canvas) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  return { context, width, height };
}

// A round step so that about `count` lines fit.
function step(span, count) {
  const raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
}

// The stretches in which something was told.
function runs(samples, key) {
  const found = [];
  let run = null;
  for (const sample of samples) {
    if (!Number.isFinite(sample[key])) run = null;
    else if (run) run.push(sample);
    else found.push(run = [sample]);
  }
  return found;
}

export class Plot {
  // series: [[key of the sample, css colour]]; floor: lowest top of the scale; zero: always in it.
  constructor(canvas, series, { floor = 1, zero = true, fill = false } = {}) {
    Object.assign(this, { canvas, series, floor, zero, fill, samples: [], hover: null });
    canvas.addEventListener("pointermove", (event) => { this.hover = event.offsetX; this.draw(this.samples); });
    canvas.addEventListener("pointerleave", () => { this.hover = null; this.draw(this.samples); });
  }

  draw(samples) {
    this.samples = samples;
    const { context, width, height } = prepare(this.canvas);
    if (!width || samples.length < 2) return;
    const box = { left: 36, right: width - 6, top: 8, bottom: height - 18 };
    // What is not told is null: a gap, and no number.
    const values = samples.flatMap((sample) => this.series.map(([key]) => sample[key])).filter(Number.isFinite);
    if (!values.length) return;
    let low = Math.min(...values), high = Math.max(...values);
    if (this.zero) { low = Math.min(low, 0); high = Math.max(high, this.floor); }
    if (high - low < this.floor) { const middle = (high + low) / 2; low = middle - this.floor / 2; high = middle + this.floor / 2; }
    const size = step(high - low, 4);
    low = Math.floor(low / size) * size; high = Math.ceil(high / size) * size;
    const first = samples[0].t, last = samples[samples.length - 1].t;
    const x = (t) => box.left + (t - first) / Math.max(last - first, 1) * (box.right - box.left);
    const y = (v) => box.bottom - (v - low) / (high - low) * (box.bottom - box.top);
    context.fillStyle = colour("--muted"); context.strokeStyle = colour("--line"); context.lineWidth = 1;
    context.textAlign = "right"; context.textBaseline = "middle";
    for (let v = low; v <= high + size / 2; v += size) {
      context.globalAlpha = Math.abs(v) < size / 1e6 ? 1 : .6;
      context.beginPath(); context.moveTo(box.left, Math.round(y(v)) + .5); context.lineTo(box.right, Math.round(y(v)) + .5); context.stroke();
      context.globalAlpha = 1;
      context.fillText(String(+v.toFixed(2)), box.left - 5, y(v));
    }
    context.textBaseline = "top"; context.textAlign = "left"; context.fillText(clock(first), box.left, box.bottom + 5);
    context.textAlign = "right"; context.fillText(clock(last), box.right, box.bottom + 5);
    for (const [key, name] of this.series) {
      context.strokeStyle = colour(name); context.lineWidth = 1.8; context.lineJoin = "round";
      for (const run of runs(samples, key)) {
        context.beginPath();
        run.forEach((sample, i) => context[i ? "lineTo" : "moveTo"](x(sample.t), y(sample[key])));
        context.stroke();
        if (!this.fill) continue;
        context.lineTo(x(run[run.length - 1].t), y(Math.max(low, 0))); context.lineTo(x(run[0].t), y(Math.max(low, 0)));
        context.globalAlpha = .13; context.fillStyle = colour(name); context.fill(); context.globalAlpha = 1;
      }
    }
    if (this.hover !== null) this.point(context, box, samples, x, y);
  }

  point(context, box, samples, x, y) {
    const near = samples.reduce((a, b) => Math.abs(x(b.t) - this.hover) < Math.abs(x(a.t) - this.hover) ? b : a);
    const at = x(near.t);
    context.strokeStyle = colour("--muted"); context.lineWidth = 1;
    context.beginPath(); context.moveTo(at, box.top); context.lineTo(at, box.bottom); context.stroke();
    const text = `${clock(near.t)}  ${this.series.map(([key]) => near[key] ?? "–").join(" / ")}`;
    for (const [key, name] of this.series) if (Number.isFinite(near[key])) { context.fillStyle = colour(name); context.beginPath(); context.arc(at, y(near[key]), 3.5, 0, 7); context.fill(); }
    const wide = context.measureText(text).width + 10, left = Math.min(Math.max(at - wide / 2, box.left), box.right - wide);
    context.fillStyle = colour("--text"); context.fillRect(left, box.top - 6, wide, 17);
    context.fillStyle = colour("--card"); context.textAlign = "left"; context.textBaseline = "middle"; context.fillText(text, left + 5, box.top + 3);
  }
}

export function clock(seconds) {
  const s = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

// route: corners; samples: where the car was and what was told; car: where it is, and its course.
export function drawMap(canvas, route, samples, car) {
  const { context, width, height } = prepare(canvas);
  if (!width || !car) return;
  const points = [...route, car.at, ...samples.filter((s) => s.told).map((s) => s.told)];
  const south = Math.min(...points.map((p) => p[0])), north = Math.max(...points.map((p) => p[0]));
  const west = Math.min(...points.map((p) => p[1])), east = Math.max(...points.map((p) => p[1]));
  const narrow = Math.cos((south + north) / 2 * Math.PI / 180), metres = 111195;
  const scale = Math.min((width - 60) / Math.max((east - west) * narrow * metres, 50), (height - 60) / Math.max((north - south) * metres, 50));
  const place = ([lat, lon]) => [width / 2 + (lon - (west + east) / 2) * narrow * metres * scale, height / 2 - (lat - (south + north) / 2) * metres * scale];
  // A grid of round metres, north up, in place of tiles.
  const size = step(Math.min(width, height) / scale, 4);
  context.strokeStyle = colour("--line"); context.lineWidth = 1;
  context.beginPath();
  for (let d = -20; d <= 20; d++) {
    const gx = Math.round(width / 2 + d * size * scale) + .5, gy = Math.round(height / 2 + d * size * scale) + .5;
    context.moveTo(gx, 0); context.lineTo(gx, height); context.moveTo(0, gy); context.lineTo(width, gy);
  }
  context.stroke();
  const path = (list, close) => { context.beginPath(); list.forEach((p, i) => context[i ? "lineTo" : "moveTo"](...place(p))); if (close) context.closePath(); context.stroke(); };
  context.lineJoin = "round"; context.lineCap = "round";
  context.strokeStyle = colour("--muted"); context.globalAlpha = .28; context.lineWidth = 11; path(route, true); context.globalAlpha = 1;
  context.strokeStyle = colour("--s1"); context.lineWidth = 2.5; path(samples.map((s) => s.at), false);
  context.fillStyle = colour("--s2");
  let before = null;
  for (const { told } of samples) {
    if (!told || (before && before[0] === told[0] && before[1] === told[1])) continue;
    before = told;
    context.beginPath(); context.arc(...place(told), 2.4, 0, 7); context.fill();
  }
  const [cx, cy] = place(car.at);
  context.save(); context.translate(cx, cy); context.rotate(car.course * Math.PI / 180);
  context.fillStyle = colour("--s1"); context.strokeStyle = colour("--card"); context.lineWidth = 2.5;
  context.beginPath(); context.moveTo(0, -11); context.lineTo(8, 9); context.lineTo(0, 5); context.lineTo(-8, 9); context.closePath(); context.stroke(); context.fill();
  context.restore();
  if (before) { context.strokeStyle = colour("--s2"); context.lineWidth = 2; context.beginPath(); context.arc(...place(before), 7, 0, 7); context.stroke(); }
  const long = size * scale;
  context.strokeStyle = colour("--text"); context.lineWidth = 2; context.beginPath(); context.moveTo(12, height - 12); context.lineTo(12 + long, height - 12); context.stroke();
  context.fillStyle = colour("--text"); context.textAlign = "left"; context.textBaseline = "bottom"; context.fillText(size >= 1000 ? `${size / 1000} km` : `${size} m`, 14, height - 16);
  context.textAlign = "right"; context.textBaseline = "top"; context.fillText("N ↑", width - 10, 8);
}
