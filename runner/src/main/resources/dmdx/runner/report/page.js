// Draws runs: in a report from the data inside the page, else from the server that sent it.
// Everything shown is made as a DOM node or text, never as HTML.
"use strict";
(() => {
  // ---- nodes -------------------------------------------------------------------------------

  /** An element; attributes named on… are listeners, true and false set or leave out. */
  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
    return node;
  }

  const card = (...children) => el("div", { class: "card" }, ...children);
  const empty = (text) => el("div", { class: "card empty" }, text);

  function section(id, title, body, tools) {
    const head = el("div", { class: "section-head" }, el("h2", {}, title), tools);
    return el("section", { id }, head, body);
  }

  /** A row of buttons of which one is pressed. */
  function choice(values, current, label, chosen) {
    const buttons = values.map((value) =>
      el("button", { type: "button", "aria-pressed": String(value === current), onclick: () => {
        buttons.forEach((b) => b.setAttribute("aria-pressed", String(b === buttons[values.indexOf(value)])));
        chosen(value);
      } }, label(value)));
    return el("span", { class: "choice", role: "group" }, buttons);
  }

  // ---- formats -----------------------------------------------------------------------------

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const whole = (value) => value.toLocaleString("en-US");

  function number(value, digits = 4) {
    if (!isNumber(value)) return value == null ? "–" : String(value);
    if (Number.isInteger(value) && Math.abs(value) < 1e6) return whole(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
      return value.toExponential(digits - 2).replace("e+", "e").replace("-", "−").replace("e-", "e−");
    }
    const decimals = Math.max(0, digits - 1 - Math.max(Math.floor(Math.log10(size || 1)), -3));
    return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
      .replace("-", "−");
  }

  function duration(seconds) {
    if (!isNumber(seconds)) return "–";
    if (seconds < 1) return `${number(seconds * 1e3, 3)} ms`;
    if (seconds < 60) return `${number(seconds, 3)} s`;
    const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    let rest = Math.round(seconds);
    const shown = [];
    for (const [unit, size] of parts) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count || shown.length) shown.push(`${count} ${unit}`);
    }
    return shown.slice(0, 2).filter((part) => !part.startsWith("0 ")).join(" ");
  }

  function bytes(value) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
    return `${unit ? number(value, 3) : whole(value)} ${units[unit]}`;
  }

  function parameters(value) {
    if (value < 1e4) return whole(value);
    for (const [unit, size] of [["B", 1e9], ["M", 1e6], ["k", 1e3]]) {
      if (value >= size) return `${number(value / size, 3)} ${unit}`;
    }
    return whole(value);
  }

  function moment(text) {
    const at = new Date(text);
    return Number.isNaN(at.getTime()) ? "–"
      : at.toLocaleString("en-GB", { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  }

  function ago(text) {
    const seconds = (Date.now() - new Date(text).getTime()) / 1e3;
    if (Number.isNaN(seconds)) return "–";
    return seconds < 10 ? "just now" : seconds < 86400 * 2 ? `${duration(seconds).split(" ").slice(0, 2).join(" ")} ago` : moment(text);
  }

  function speed(secondsEach, unit = "iteration") {
    return secondsEach >= 1 ? `${number(secondsEach, 3)} s per ${unit}` : `${number(1 / secondsEach, 3)} ${unit}s/s`;
  }

  // ---- light and dark ----------------------------------------------------------------------

  const themed = new Set(); // redraw when colours change
  const darkScreen = matchMedia("(prefers-color-scheme: dark)");
  const memory = {
    get() { try { return localStorage.getItem("dmdx-theme"); } catch { return null; } },
    set(value) { try { localStorage.setItem("dmdx-theme", value); } catch { /* a file may not store */ } },
  };

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    themed.forEach((redraw) => redraw());
  }

  const wantedTheme = () => memory.get() ?? (darkScreen.matches ? "dark" : "light");
  darkScreen.addEventListener("change", () => setTheme(wantedTheme()));
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((d) => { d.open = true; });
    setTheme("light");
  });
  addEventListener("afterprint", () => setTheme(wantedTheme()));
  setTheme(wantedTheme());

  const themeButton = () => el("button", { type: "button", title: "Light or dark", "aria-label": "Light or dark",
    onclick: () => {
      const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      memory.set(next);
      setTheme(next);
    } }, "◐");

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seriesColour = (index) => { const all = colour("--series").split(" "); return all[index % all.length]; };

  // ---- curves ------------------------------------------------------------------------------

  const GROUPS = [
    ["loss/", "Losses"],
    ["margin/", "Margin of logits"],
    ["spread/", "Spread of logits"],
    ["dmd-loss", "DMD loss"],
    ["score-cosine", "Score cosine"],
    ["gradient-norm/", "Gradient norms"],
    ["seconds", "Seconds per iteration"],
    ["resident-mib", "Resident memory, MiB"],
    ["gpu-mib", "GPU memory in use, MiB"],
  ];
  const NO_METRICS = new Set(["stage", "iteration", "time"]);
  const SIDE_DASH = [[], [5, 4]];

  /** The chart a metric belongs to: title, rank, and the metric's name in it. */
  function place(metric) {
    const known = GROUPS.findIndex(([prefix]) => prefix.endsWith("/") ? metric.startsWith(prefix) : metric === prefix);
    const slash = metric.indexOf("/");
    const prefix = slash < 0 ? metric : metric.slice(0, slash);
    const words = prefix.replaceAll("-", " ");
    return {
      title: known >= 0 ? GROUPS[known][1] : words.charAt(0).toUpperCase() + words.slice(1),
      rank: known < 0 ? GROUPS.length - 3.5 : known, // machine figures come last
      name: slash < 0 ? metric : metric.slice(slash + 1),
    };
  }

  /** An exponential mean without the pull to its start; 0 leaves values as they are. */
  function smoothed(values, weight) {
    if (weight === 0) return values;
    let sum = 0;
    let norm = 0;
    return values.map((value) => {
      if (!isNumber(value)) return null;
      sum = weight * sum + (1 - weight) * value;
      norm = weight * norm + 1 - weight;
      return sum / norm;
    });
  }

  class Chart {
    /** series: [{metric, name, side}] */
    constructor(title, series, labels, sync) {
      Object.assign(this, { title, series, labels, sync, logarithmic: false, hidden: new Set(), weight: 0 });
      const metrics = [...new Set(series.map((s) => s.metric))];
      series.forEach((s) => { s.colour = metrics.indexOf(s.metric); });
      this.plot = el("div", {});
      this.at = el("span", { class: "at" });
      this.scale = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
        this.logarithmic = !this.logarithmic;
        this.scale.setAttribute("aria-pressed", String(this.logarithmic));
        this.draw();
      } }, "log");
      this.values = series.map(() => el("b", {}));
      this.keys = series.map((s) => el("i", { class: s.side ? "dashed" : null, title: labels[s.side] }));
      const legend = metrics.map((metric) => {
        const own = series.map((s, i) => i).filter((i) => series[i].metric === metric);
        const entry = el("button", { type: "button", "aria-pressed": "true", title: metric, onclick: () => {
          const hide = !this.hidden.has(own[0]);
          own.forEach((i) => (hide ? this.hidden.add(i) : this.hidden.delete(i)));
          entry.setAttribute("aria-pressed", String(!hide));
          this.draw();
        } }, el("span", {}, series[own[0]].name), own.map((i) => [this.keys[i], this.values[i]]));
        return entry;
      });
      this.node = el("div", { class: "card chart" },
        el("div", { class: "chart-head" }, el("h3", {}, title), el("span", { class: "push" }, this.at, this.scale)),
        this.plot, el("div", { class: "legend" }, legend));
      new ResizeObserver(() => this.u && this.plot.clientWidth && this.u.setSize(this.size())).observe(this.plot);
    }

    size() { return { width: this.plot.clientWidth || 400, height: 210 }; }

    /** lines by side */
    setLines(sides) {
      const tables = sides.map((lines, side) => {
        const kept = lines.filter((line) => isNumber(line.iteration));
        const own = this.series.filter((s) => s.side === side);
        return [kept.map((line) => line.iteration),
          ...own.map((s) => kept.map((line) => (isNumber(line[s.metric]) ? line[s.metric] : null)))];
      });
      const shown = tables.map((t, side) => [t, side]).filter(([t]) => t.length > 1);
      const joined = shown.length > 1 ? uPlot.join(shown.map(([t]) => t)) : shown[0][0];
      const order = shown.flatMap(([, side]) => this.series.map((s, i) => [s, i]).filter(([s]) => s.side === side).map(([, i]) => i));
      this.x = joined[0];
      this.raw = [];
      order.forEach((series, column) => { this.raw[series] = joined[column + 1]; });
      const positive = this.raw.every((ys) => ys.every((y) => y == null || y > 0));
      this.scale.disabled = !positive;
      this.scale.title = positive ? "Logarithmic axis" : "Not all values are above 0";
      if (!positive && this.logarithmic) {
        this.logarithmic = false;
        this.scale.setAttribute("aria-pressed", "false");
        this.u?.destroy();
        this.u = null;
      }
      this.u ? this.u.setData(this.data()) : this.draw();
      this.showValues();
    }

    setWeight(weight) {
      const redraw = weight === 0 !== (this.weight === 0);
      this.weight = weight;
      redraw ? this.draw() : this.u?.setData(this.data());
      this.showValues();
    }

    data() {
      this.smooth = this.raw.map((ys) => smoothed(ys, this.weight));
      return [this.x, ...this.raw, ...this.smooth];
    }

    draw() {
      this.u?.destroy();
      this.keys.forEach((key, i) => { key.style.borderTopColor = seriesColour(this.series[i].colour); });
      const font = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";
      const axis = { font, stroke: () => colour("--quiet"), grid: { stroke: () => colour("--grid"), width: 1 },
        ticks: { stroke: () => colour("--grid"), width: 1, size: 4 } };
      const few = this.x.length < 40 && this.labels.length < 2;
      const line = (main) => (s, i) => ({
        show: !this.hidden.has(i) && (main || this.weight > 0),
        stroke: () => seriesColour(s.colour) + (main ? "" : "55"),
        width: main ? 1.6 : 1, dash: SIDE_DASH[s.side], spanGaps: true,
        points: { show: main && few, size: 4, fill: () => seriesColour(s.colour) },
      });
      this.u = new uPlot({
        ...this.size(),
        legend: { show: false },
        cursor: { sync: { key: this.sync }, points: { size: 6 }, drag: { x: true, y: false }, y: false },
        scales: { x: { time: false, range: (u, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
          y: { distr: this.logarithmic ? 3 : 1 } },
        axes: [
          { ...axis, size: 30, space: 70, values: (u, ticks) => ticks.map((t) => (Number.isInteger(t) ? whole(t) : "")) },
          { ...axis, size: 58, gap: 4, space: 34, values: (u, ticks) => this.tickTexts(ticks) },
        ],
        series: [{}, ...this.series.map(line(false)), ...this.series.map(line(true))],
        hooks: { setCursor: [() => this.showValues()] },
      }, this.data(), this.plot);
    }

    /** A logarithmic axis leaves out some: null. */
    tickTexts(ticks) {
      if (this.logarithmic) {
        const decades = ticks.filter((t) => t != null && Number.isInteger(Math.round(Math.log10(t) * 1e9) / 1e9));
        return ticks.map((t) => (t != null && (decades.length < 2 || decades.includes(t)) ? number(t, 2).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : ""));
      }
      const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : 1;
      const largest = Math.max(...ticks.map(Math.abs));
      if (largest >= 1e6 || (largest > 0 && largest < 1e-3)) return ticks.map((t) => number(t, 3));
      let decimals = 0; // as many as the step needs
      while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
      return ticks.map((t) => t.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−"));
    }

    /** Those under the cursor, or the last ones. */
    showValues() {
      if (!this.smooth) return;
      const under = this.u?.cursor.idx;
      const hovered = under != null && this.u.cursor.left >= 0;
      const index = hovered ? under : this.x.length - 1;
      this.at.textContent = this.x.length ? `iteration ${whole(this.x[index])}` : "";
      this.smooth.forEach((values, i) => {
        let at = index;
        while (at > 0 && values[at] == null) at--;
        this.values[i].textContent = number(values[at]);
      });
    }

    destroy() { this.u?.destroy(); this.u = null; }
  }

  /** All curves of one run, or of two laid over each other. */
  class Curves {
    constructor(sources) {
      this.sources = sources;
      this.charts = [];
      this.stage = null;
      this.weight = 0;
      this.stages = el("span", {});
      const shown = el("output", {}, "off");
      const smoothing = el("input", { type: "range", min: "0", max: "0.98", step: "0.02", value: "0", "aria-label": "Smoothing",
        oninput: () => {
          this.weight = Number(smoothing.value);
          shown.textContent = this.weight ? this.weight.toFixed(2) : "off";
          this.charts.forEach((chart) => chart.setWeight(this.weight));
        } });
      const log = el("button", { type: "button", onclick: () => {
        const off = this.charts.some((chart) => !chart.scale.disabled && !chart.logarithmic);
        this.charts.filter((chart) => !chart.scale.disabled && chart.logarithmic !== off).forEach((chart) => chart.scale.click());
      } }, "log, all");
      this.body = el("div", { class: "charts" });
      this.none = empty("No metrics yet: curves appear when a training stage has logged its first line.");
      this.node = section("curves", "Curves", [this.body, this.none],
        [this.stages, el("span", { class: "push controls" }, el("label", {}, "smoothing", smoothing, shown), log)]);
      themed.add(() => this.charts.forEach((chart) => chart.draw()));
    }

    update() {
      const names = [...new Set(this.sources.flatMap((s) => (s.run.stages ?? []).map((stage) => stage.name)))]
        .filter((name) => this.sources.some((s) => s.lines[name]?.length));
      this.none.hidden = names.length > 0;
      this.body.hidden = names.length === 0;
      if (!names.length) return;
      const following = this.stage === null || (this.latest === this.stage && !this.chosen);
      this.latest = names[names.length - 1];
      if (following || !names.includes(this.stage)) this.stage = this.latest;
      if (this.shownStages !== names.join() || following) {
        this.shownStages = names.join();
        this.stages.replaceChildren(choice(names, this.stage, (name) => name, (name) => {
          this.stage = name;
          this.chosen = true;
          this.show();
        }));
      }
      this.show();
    }

    show() {
      const sides = this.sources.map((source) => source.lines[this.stage] ?? []);
      const layout = this.layout(sides);
      const key = JSON.stringify([this.stage, layout]);
      if (key !== this.key) {
        this.key = key;
        this.charts.forEach((chart) => chart.destroy());
        const labels = this.sources.map((s) => s.label);
        this.charts = layout.map(({ title, series }) => new Chart(title, series, labels, "curves"));
        this.body.replaceChildren(...this.charts.map((chart) => chart.node));
        this.charts.forEach((chart) => { chart.weight = this.weight; });
      }
      this.charts.forEach((chart) => chart.setLines(sides));
    }

    layout(sides) {
      const groups = new Map();
      sides.forEach((lines, side) => {
        const metrics = new Set();
        lines.forEach((line) => Object.keys(line).forEach((key) => NO_METRICS.has(key) || metrics.add(key)));
        for (const metric of metrics) {
          if (!lines.some((line) => isNumber(line[metric]))) continue;
          const { title, rank, name } = place(metric);
          if (!groups.has(title)) groups.set(title, { title, rank, series: [] });
          groups.get(title).series.push({ metric, name, side });
        }
      });
      return [...groups.values()].sort((a, b) => a.rank - b.rank)
        .map(({ title, series }) => ({ title, series: series.sort((a, b) => a.name.localeCompare(b.name) || a.side - b.side) }));
    }
  }

  // ---- pictures ----------------------------------------------------------------------------

  const viewer = el("dialog", { "aria-label": "Picture in full size", onclick: () => viewer.close() });

  function zoomable(source, alternative) {
    return el("img", { src: source, alt: alternative, onclick: () => {
      viewer.replaceChildren(el("img", { src: source, alt: alternative }));
      viewer.showModal();
    } });
  }

  /** Sample grids over training, of one run or of two beside each other. */
  class Grids {
    constructor(sources) {
      this.sources = sources;
      this.position = null; // follow the newest
      this.stages = el("span", {});
      this.slider = el("input", { type: "range", min: "0", step: "1", "aria-label": "Iteration", oninput: () => this.go(Number(this.slider.value)) });
      this.output = el("output", {});
      this.play = el("button", { type: "button", title: "Play", "aria-label": "Play", onclick: () => this.toggle() }, "▶");
      const step = (by, sign, title) => el("button", { type: "button", title, "aria-label": title,
        onclick: () => this.go(this.index() + by) }, sign);
      this.player = el("div", { class: "player" }, this.play, step(-1, "‹", "Earlier"), this.slider, step(1, "›", "Later"), this.output);
      this.pictures = el("div", { class: "pictures" });
      this.body = el("div", { class: "card grids" }, this.player, this.pictures);
      this.none = empty("No sample grids yet. Set 'sample-every' of a training stage to have some drawn.");
      this.node = section("samples", "Samples over training", [this.body, this.none], this.stages);
    }

    own(source) { return (source.run.pictures ?? []).filter((p) => p.stage === this.stage); }
    index() { return this.position ?? this.iterations.length - 1; }

    update() {
      const names = [...new Set(this.sources.flatMap((s) => (s.run.pictures ?? []).map((p) => p.stage)))];
      this.none.hidden = names.length > 0;
      this.body.hidden = names.length === 0;
      if (!names.length) return;
      if (!names.includes(this.stage) || (this.position === null && !this.chosen)) this.stage = names[names.length - 1];
      if (this.shownStages !== names.join() + this.stage) {
        this.shownStages = names.join() + this.stage;
        this.stages.replaceChildren(choice(names, this.stage, (name) => name, (name) => {
          this.stage = name;
          this.chosen = true;
          this.position = null;
          this.show();
        }));
      }
      this.show();
    }

    show() {
      this.iterations = [...new Set(this.sources.flatMap((s) => this.own(s).map((p) => p.iteration)))].sort((a, b) => a - b);
      this.slider.max = String(this.iterations.length - 1);
      this.player.hidden = this.iterations.length < 2 && this.sources.length < 2;
      this.go(this.index());
    }

    go(wanted) {
      const last = this.iterations.length - 1;
      const index = Math.max(0, Math.min(last, wanted));
      this.position = index === last ? null : index;
      this.slider.value = String(index);
      const iteration = this.iterations[index];
      this.output.textContent = `iteration ${whole(iteration)}`;
      const chosen = this.sources.map((source) => this.own(source).filter((p) => p.iteration <= iteration).pop() ?? this.own(source)[0]);
      const key = JSON.stringify(chosen.map((p) => p && [p.stage, p.iteration]));
      if (key === this.key) return;
      this.key = key;
      this.pictures.replaceChildren(...chosen.map((picture, side) => {
        const source = this.sources[side];
        const caption = this.sources.length < 2 ? null
          : el("figcaption", {}, picture ? `${source.label}, iteration ${whole(picture.iteration)}` : source.label);
        return el("figure", {}, caption, picture
          ? zoomable(source.url(picture.path), `Samples of ${source.label} at iteration ${picture.iteration}`)
          : empty("None of this stage."));
      }));
    }

    toggle() {
      if (this.timer) {
        clearInterval(this.timer);
        this.timer = null;
      } else {
        if (this.position === null) this.go(0);
        this.timer = setInterval(() => {
          this.go(this.index() + 1);
          if (this.position === null) this.toggle();
        }, 700);
      }
      this.play.textContent = this.timer ? "❚❚" : "▶";
    }
  }

  function comparisons(sources) {
    const shown = sources.filter((s) => s.run.comparison);
    return shown.length === 0 ? null : section("comparison", "Teacher and student side by side",
      card(el("div", { class: "pictures" }, shown.map((s) => el("figure", {},
        sources.length > 1 ? el("figcaption", {}, s.label) : null,
        zoomable(s.url(s.run.comparison), `Teacher and student of ${s.label}`))))));
  }

  // ---- tables ------------------------------------------------------------------------------

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const isScore = (value) => isNumber(value) || typeof value === "string"
    || Array.isArray(value) || (isObject(value) && ["value", "mean", "score"].some((key) => key in value));

  /** A score: a number, or {value, low, high}, {value, interval: [low, high]}, [value, low, high]. */
  function score(value) {
    if (Array.isArray(value)) return { value: value[0], low: value[1], high: value[2] };
    if (!isObject(value)) return { value };
    const [low, high] = value.interval ?? [value.low ?? value.lower, value.high ?? value.upper];
    return { value: value.value ?? value.mean ?? value.score, low, high };
  }

  /** A score of a metric, whose intervals lie beside its scores: {garment: 0.8, intervals: {garment: [0.7, 0.9]}}. */
  function withInterval(metric, name) {
    if (!isObject(metric)) return undefined;
    const interval = isObject(metric.intervals) ? metric.intervals[name] : undefined;
    return isNumber(metric[name]) && Array.isArray(interval) ? { value: metric[name], interval } : metric[name];
  }

  function scores(sources) {
    const rows = sources.flatMap((s) => (Array.isArray(s.run.evaluation) ? s.run.evaluation : []).filter(isObject)
      .map((row) => ({ source: s, row })));
    if (!rows.length) return null;
    const columns = new Map();
    const add = (metric, name, get) => columns.set(`${metric}\n${name}`, { metric, name, get });
    let evaluations = false;
    for (const { row } of rows) {
      for (const [metric, value] of Object.entries(row)) {
        if (metric === "model") continue;
        if (metric === "evaluations") { evaluations = true; continue; }
        if (isScore(value)) add(metric, "", (r) => r[metric]);
        else if (isObject(value)) {
          for (const name of Object.keys(value)) {
            if (name !== "intervals") add(metric, name, (r) => withInterval(r[metric], name));
          }
        }
      }
    }
    const all = [...columns.values()];
    const metrics = [...new Set(all.map((c) => c.metric))];
    const ordered = metrics.flatMap((metric) => all.filter((c) => c.metric === metric));
    for (const column of ordered) { // as many decimals as the column's smallest number needs
      const sizes = rows.map(({ row }) => score(column.get(row)).value).filter((x) => isNumber(x) && x !== 0).map(Math.abs);
      const fraction = sizes.some((x) => !Number.isInteger(x));
      const least = Math.floor(Math.log10(Math.min(...sizes, 1e9)));
      column.decimals = fraction ? Math.max(1, Math.min(6, least < -1 ? 1 - least : 3 - Math.max(least, 0))) : 0;
    }
    const starts = (column) => ordered.find((c) => c.metric === column.metric) === column;
    const fixed = [sources.length > 1 ? "run" : null, "model", evaluations ? "evaluations" : null].filter(Boolean);
    const top = el("tr", {}, fixed.map(() => el("th")), metrics.map((metric) =>
      el("th", { class: "group", colspan: String(ordered.filter((c) => c.metric === metric).length) }, metric)));
    const heads = el("tr", {}, fixed.map((name) => el("th", { class: name === "evaluations" ? "number" : null }, name === "evaluations" ? "network evaluations" : name)),
      ordered.map((c) => el("th", { class: starts(c) ? "number first" : "number" }, c.name)));
    const cell = (column, row) => {
      const { value, low, high } = score(column.get(row));
      const shown = (x) => (isNumber(x) ? x.toFixed(column.decimals).replace("-", "−") : number(x));
      return el("td", { class: starts(column) ? "number first" : "number" }, shown(value),
        isNumber(low) && isNumber(high) ? el("span", { class: "interval" }, `${shown(low)} to ${shown(high)}`) : null);
    };
    const body = rows.map(({ source, row }) => el("tr", {},
      sources.length > 1 ? el("td", {}, source.label) : null,
      el("td", {}, String(row.model ?? "–")),
      evaluations ? el("td", { class: "number" }, number(row.evaluations)) : null,
      ordered.map((c) => cell(c, row))));
    return section("scores", "Scores", card(el("div", { class: "scroll" },
      el("table", {}, el("thead", {}, top, heads), el("tbody", {}, body)))));
  }

  function plan(source) {
    const planned = (source.run.stages ?? []).filter((s) => s.roles?.length || s.notes?.length);
    if (!planned.length) return null;
    return section("plan", "Plan", card(planned.map((stage) => {
      const roles = stage.roles ?? [];
      const total = roles.reduce((sum, role) => sum + (role.bytes ?? 0), 0);
      return el("div", { class: "plan-stage" }, el("h3", {}, stage.name),
        roles.length ? el("div", { class: "scroll" }, el("table", { class: "roles" },
          el("thead", {}, el("tr", {}, el("th", {}, "role"), el("th", {}, "weights"), el("th", { class: "number" }, "parameters"), el("th", { class: "number" }, "with training state"))),
          el("tbody", {}, roles.map((role) => el("tr", {}, el("td", {}, String(role.role)), el("td", {}, role.trained ? "trained" : "frozen"),
            el("td", { class: "number", title: whole(role.parameters ?? 0) }, parameters(role.parameters ?? 0)), el("td", { class: "number" }, bytes(role.bytes ?? 0)))),
          roles.length > 1 ? el("tr", {}, el("td", {}, "total"), el("td"), el("td"), el("td", { class: "number" }, bytes(total))) : null))) : null,
        stage.notes?.length ? el("ul", {}, stage.notes.map((note) => el("li", {}, String(note)))) : null);
    })));
  }

  // ---- configuration -----------------------------------------------------------------------

  /** Keys as one writes them after -D, with their values. */
  function flat(config, prefix = "", into = new Map()) {
    for (const [key, value] of Object.entries(isObject(config) ? config : {})) {
      if (isObject(value) && Object.keys(value).length) flat(value, `${prefix}${key}.`, into);
      else into.set(prefix + key, typeof value === "string" ? value : JSON.stringify(value));
    }
    return into;
  }

  function marked(text, wanted) {
    const at = wanted ? text.toLowerCase().indexOf(wanted) : -1;
    return at < 0 ? text : [text.slice(0, at), el("mark", {}, text.slice(at, at + wanted.length)), text.slice(at + wanted.length)];
  }

  function configuration(source) {
    const keys = flat(source.run.config);
    if (!keys.size) return null;
    const groups = new Map();
    for (const [key, value] of keys) {
      const group = key.includes(".") ? key.slice(0, key.indexOf(".")) : "run";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push([key, value]);
    }
    const order = [...groups.keys()].sort((a, b) => (b === "run") - (a === "run") || a.localeCompare(b));
    const body = card();
    const found = el("span", { class: "quiet" });
    const show = (wanted) => {
      let matches = 0;
      body.replaceChildren(...order.map((group) => {
        const rows = groups.get(group).filter(([key, value]) => !wanted || key.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted));
        matches += rows.length;
        return rows.length === 0 ? "" : el("details", { open: wanted !== "" }, el("summary", {}, group, el("span", { class: "quiet" }, `${rows.length}`)),
          el("table", { class: "keys" }, el("tbody", {}, rows.map(([key, value]) => el("tr", {}, el("td", {}, marked(key, wanted)), el("td", {}, marked(value, wanted)))))));
      }));
      if (!matches) body.replaceChildren(el("div", { class: "quiet" }, "No key or value contains this."));
      found.textContent = wanted ? `${matches} of ${keys.size}` : "";
    };
    const search = el("input", { type: "search", placeholder: "search keys and values", "aria-label": "Search the configuration", oninput: () => show(search.value.trim().toLowerCase()) });
    const every = el("button", { type: "button", onclick: () => {
      const all = [...body.querySelectorAll("details")];
      const open = all.some((d) => !d.open);
      all.forEach((d) => { d.open = open; });
    } }, "open / close all");
    show("");
    return section("configuration", "Configuration", body, el("span", { class: "push controls" }, found, search, every));
  }

  function differences(a, b) {
    const [left, right] = [flat(a.run.config), flat(b.run.config)];
    const keys = [...new Set([...left.keys(), ...right.keys()])].sort()
      .filter((key) => key !== "name" && left.get(key) !== right.get(key));
    const body = keys.length === 0 ? empty("Both were made with the same settings.")
      : card(el("div", { class: "scroll" }, el("table", {},
        el("thead", {}, el("tr", {}, el("th", {}, "key"), el("th", {}, a.label), el("th", {}, b.label))),
        el("tbody", {}, keys.map((key) => el("tr", {}, el("td", {}, key), el("td", { class: "wrap" }, left.get(key) ?? "–"), el("td", { class: "wrap" }, right.get(key) ?? "–")))))));
    return section("differences", "Differences in configuration", body);
  }

  // ---- a run's head ------------------------------------------------------------------------

  const badge = (state) => el("span", { class: `badge ${["running", "done", "finished", "stopped"].includes(state) ? state : "waiting"}` }, state);

  function bar(part, state) {
    const filled = el("i");
    filled.style.width = `${Math.max(0, Math.min(1, part)) * 100}%`;
    return el("div", { class: `bar ${state}` }, filled);
  }

  function stageCards(stages) {
    return el("div", { class: "stages" }, stages.map((stage) => {
      const unit = stage.unit ?? "iteration";
      const left = stage.state === "running" && stage.secondsEach ? (stage.total - stage.done) * stage.secondsEach : null;
      return el("div", { class: "card stage" },
        el("div", { class: "section-head" }, el("h3", {}, stage.name), badge(stage.state)),
        bar(stage.state === "done" ? 1 : stage.total ? stage.done / stage.total : 0, stage.state),
        stage.total ? el("small", {}, `${whole(stage.done)} of ${whole(stage.total)} ${unit}s`)
          : stage.done ? el("small", {}, `${whole(stage.done)} ${unit}s`) : null,
        stage.secondsEach ? el("small", {}, speed(stage.secondsEach, unit)) : null,
        stage.seconds ? el("small", {}, `${stage.state === "done" ? "took" : "so far"} ${duration(stage.seconds)}`) : null,
        left > 0 ? el("small", {}, `about ${duration(left)} left`) : null,
        stage.state === "waiting" && !stage.total ? el("small", {}, "not begun") : null,
        stage.message ? el("small", {}, stage.message) : null);
    }));
  }

  function head(source) {
    const { run } = source;
    const fact = (name, value) => el("span", {}, `${name} `, el("b", {}, value));
    const told = (name, value) => value == null ? null : fact(name, String(value));
    const kind = run.config?.teacher?.plugin;
    const pixel = run.config?.["pixel-discriminator"];
    const has = (stage) => run.config?.stages?.includes?.(stage);
    const adversarial = has("adp") && run.config.adp?.divergence === "adversarial";
    return el("div", {},
      el("div", { class: "title" }, el("h1", {}, run.name), badge(run.state)),
      el("p", { class: "facts" },
        kind ? fact("teacher", String(kind)) : null,
        has("adm") ? told("divergence", run.config.adm?.divergence) : null,
        adversarial ? told("objective", run.config.adversarial) : null,
        adversarial || has("adm") ? told("latent heads", run.config["latent-discriminator"]?.heads) : null,
        adversarial && run.config.adp["pixel-weight"] > 0 && pixel?.plugin ? told("pixel discriminator", `${pixel.plugin}, ${pixel.heads} heads`) : null,
        run.config?.seed != null ? fact("seed", String(run.config.seed)) : null,
        run.started ? fact("begun", moment(run.started)) : null,
        run.updated ? fact("last change", moment(run.updated)) : null,
        run.seconds > 0 ? fact("spent", duration(run.seconds)) : null),
      run.problems?.length ? el("div", { class: "problems" }, run.problems.map((text) => el("p", {}, text))) : null,
      run.stages?.length ? stageCards(run.stages) : null);
  }

  // ---- frame -------------------------------------------------------------------------------

  function frame(links, ...tools) {
    const main = el("main", {});
    document.getElementById("page").replaceChildren(
      el("header", { class: "top" }, el("div", {},
        el("a", { class: "brand", href: links.home ?? "#" }, "DMDX"),
        el("nav", {}, Object.entries(links).filter(([name]) => name !== "home").map(([name, href]) => el("a", { href }, name))),
        el("span", { class: "push" }, tools, themeButton()))),
      main);
    document.body.append(viewer);
    return main;
  }

  const ANCHORS = { Scores: "#scores", Curves: "#curves", Samples: "#samples", Plan: "#plan", Configuration: "#configuration" };

  /** Replaces a part of the page when what it shows has changed. */
  function part(shownOf, make) {
    const place = el("div", {});
    let before = null;
    return { node: place, update() {
      const now = JSON.stringify(shownOf());
      if (now !== before) {
        before = now;
        place.replaceChildren(make() ?? "");
      }
    } };
  }

  function runView(main, source) {
    const run = () => source.run;
    const parts = [
      part(() => ({ ...run(), config: null, pictures: null, metrics: null }), () => head(source)),
      part(() => run().evaluation, () => scores([source])),
      part(() => [run().comparison, run().evaluation], () => comparisons([source])),
      new Curves([source]),
      new Grids([source]),
      part(() => (run().stages ?? []).map((s) => [s.roles, s.notes]), () => plan(source)),
      part(() => run().config, () => configuration(source)),
    ];
    main.replaceChildren(...parts.map((p) => p.node));
    return () => {
      parts.forEach((p) => p.update());
      document.querySelectorAll('.top nav a[href^="#"]').forEach((link) => {
        link.hidden = !document.getElementById(link.hash.slice(1));
      });
    };
  }

  function report(data) {
    const main = frame(ANCHORS);
    const source = { label: data.name, run: data, lines: data.lines ?? {}, url: (path) => path };
    runView(main, source)();
    main.append(el("footer", {}, `Written ${moment(data.generated)}.`));
  }

  // ---- live --------------------------------------------------------------------------------

  const path = (...parts) => `/${parts.map(encodeURIComponent).join("/")}`;

  async function json(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  /** A run on the server; each refresh fetches only the lines that are new. */
  class LiveRun {
    constructor(name) {
      Object.assign(this, { label: name, name, run: {}, lines: {}, pieces: {} });
    }

    url(file) { return path("files", this.name, ...file.split("/")); }

    async refresh() {
      this.run = await json(path("api", "run", this.name));
      for (const stage of this.run.metrics ?? []) {
        let more = true;
        while (more) {
          const before = this.pieces[stage] ?? { file: "", next: 0 };
          const piece = await json(`${path("api", "metrics", this.name, stage)}?file=${encodeURIComponent(before.file)}&from=${before.next}`);
          this.lines[stage] = piece.restart ? piece.lines : (this.lines[stage] ?? []).concat(piece.lines);
          this.pieces[stage] = { file: piece.file, next: piece.next };
          more = piece.more;
        }
      }
    }
  }

  /** Refreshes and shows, again and again while the page is seen. */
  function live(main, refresh, show, isRunning) {
    const trouble = el("div", { class: "problems", hidden: true }, el("p", {}, "The server does not answer. Trying again…"));
    main.before(trouble);
    const round = async () => {
      if (!document.hidden) {
        try {
          await refresh();
          trouble.hidden = true;
          show();
        } catch (problem) {
          if (!(problem instanceof TypeError) && !/^\d+$/.test(problem.message)) throw problem;
          trouble.hidden = false;
        }
      }
      setTimeout(round, isRunning() ? 2000 : 5000);
    };
    round();
  }

  function runPage(name) {
    document.title = `${name} – dmdx`;
    const others = el("select", { "aria-label": "Compare with another run", onchange: () => {
      if (others.value) location.href = `/compare?a=${encodeURIComponent(name)}&b=${encodeURIComponent(others.value)}`;
    } }, el("option", { value: "" }, "Compare with…"));
    const main = frame({ home: "/", "All runs": "/", ...ANCHORS }, others,
      el("a", { href: path("report", name), download: `${name}.html` }, "Save report"));
    json("/api/runs").then((runs) => others.append(...runs.filter((r) => r.name !== name).map((r) => el("option", { value: r.name }, r.name))));
    const source = new LiveRun(name);
    live(main, () => source.refresh(), runView(main, source), () => source.run.state === "running");
  }

  function comparePage(names) {
    document.title = `${names.join(" and ")} – dmdx`;
    const main = frame({ home: "/", "All runs": "/", Curves: "#curves", Samples: "#samples", Scores: "#scores", Differences: "#differences" });
    const sources = names.map((name) => new LiveRun(name));
    const side = (source, i) => part(() => ({ ...source.run, config: null, pictures: null }), () =>
      card(el("div", { class: "title" }, el("h3", {}, el("a", { href: path("run", source.name) }, source.label)), badge(source.run.state),
        el("span", { class: "legend" }, el("i", { class: i ? "dashed" : null }), el("span", { class: "quiet" }, i ? "dashed" : "solid"))),
        el("p", { class: "facts" }, (source.run.stages ?? []).map((s) => el("span", {}, `${s.name} `, el("b", {}, s.total ? `${whole(s.done)} / ${whole(s.total)}` : s.state))))));
    const sides = sources.map(side);
    const curves = new Curves(sources);
    const parts = [
      ...sides, curves, new Grids(sources),
      part(() => sources.map((s) => [s.run.comparison, s.run.evaluation]), () => comparisons(sources)),
      part(() => sources.map((s) => s.run.evaluation), () => scores(sources)),
      part(() => sources.map((s) => s.run.config), () => differences(...sources)),
    ];
    main.replaceChildren(el("h1", {}, "Two runs beside each other"), el("div", { class: "sides" }, sides.map((s) => s.node)),
      ...parts.slice(sides.length).map((p) => p.node));
    live(main, () => Promise.all(sources.map((s) => s.refresh())), () => parts.forEach((p) => p.update()),
      () => sources.some((s) => s.run.state === "running"));
  }

  function listPage() {
    document.title = "Runs – dmdx";
    const main = frame({ home: "/" });
    const chosen = new Set();
    let runs = [];
    const compare = el("button", { type: "button", disabled: true, onclick: () => {
      const [a, b] = [...chosen];
      location.href = `/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;
    } }, "Compare two");
    const choose = (name, box) => {
      box.checked ? chosen.add(name) : chosen.delete(name);
      if (chosen.size > 2) {
        const first = [...chosen][0];
        chosen.delete(first);
        main.querySelectorAll("input[type=checkbox]").forEach((other) => { if (other.value === first) other.checked = false; });
      }
      compare.disabled = chosen.size !== 2;
    };
    const row = (run) => {
      const box = el("input", { type: "checkbox", value: run.name, checked: chosen.has(run.name), "aria-label": `Choose ${run.name} to compare`, onclick: (e) => e.stopPropagation(), onchange: () => choose(run.name, box) });
      return el("tr", { class: "link", onclick: (e) => { if (e.target === e.currentTarget || e.target.tagName === "TD") location.href = path("run", run.name); } },
        el("td", { onclick: (e) => e.stopPropagation() }, box), el("td", {}, el("a", { href: path("run", run.name) }, run.name)), el("td", {}, badge(run.state)),
        el("td", {}, run.stage ? `${run.stage}${run.total ? `  ${whole(run.done)} / ${whole(run.total)}` : ""}` : "–",
          run.total ? bar(run.done / run.total, run.state === "running" ? "" : run.state === "finished" ? "done" : "stopped") : null),
        el("td", { class: "number" }, run.secondsEach ? speed(run.secondsEach, run.unit) : "–"),
        el("td", { class: "number" }, run.seconds > 0 ? duration(run.seconds) : "–"),
        el("td", { class: "number", title: run.updated ? moment(run.updated) : null }, run.updated ? ago(run.updated) : "–"));
    };
    const table = part(() => [runs, Math.floor(Date.now() / 20000)], () => runs.length === 0
      ? empty("No runs in this folder yet. 'dmdx run' makes one; it will appear here.")
      : card(el("div", { class: "scroll" }, el("table", { class: "runs" }, el("thead", {}, el("tr", {}, el("th"), el("th", {}, "run"), el("th", {}, "state"), el("th", {}, "stage"),
        el("th", { class: "number" }, "speed"), el("th", { class: "number" }, "time spent"), el("th", { class: "number" }, "last change"))), el("tbody", {}, runs.map(row))))));
    main.replaceChildren(el("div", { class: "section-head" }, el("h1", {}, "Runs"), el("span", { class: "push" }, compare)), table.node);
    live(main, async () => { runs = await json("/api/runs"); }, () => table.update(), () => true);
  }

  // ---- start -------------------------------------------------------------------------------

  const data = JSON.parse(document.getElementById("data").textContent);
  const query = new URLSearchParams(location.search);
  const [, page, name] = location.pathname.split("/");
  if (data) report(data);
  else if (page === "run") runPage(decodeURIComponent(name));
  else if (page === "compare" && query.get("a") && query.get("b")) comparePage([query.get("a"), query.get("b")]);
  else listPage();
})();
