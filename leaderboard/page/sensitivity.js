// SPDX-License-Identifier: Apache-2.0
// The sensitivity study: the score over every hyperparameter, the others at their defaults.

const shownHyperparameters = 12;

// The score of a point with the damping that its default tuner chooses.
const scoreOf = (point) => point.scores && (point.scores.default || Object.values(point.scores)[0]);

function dampingKnob(study) {
  const first = study.points[0];
  if (!study.damping || !first.curve) return null;
  const values = study.damping.map((damping, i) => ({text: dampingText(damping), number: damping, score: first.curve[i]}))
    .filter((value) => isNumber(value.score) && value.number > 0);
  const {mean_eigenvalue: fixed, default: selected} = first.scores || {};
  return {
    name: "damping", values, isDamping: true,
    standard: fixed ? {text: dampingText(fixed[3]), score: fixed[0]} : null,
    selected: selected ? {text: dampingText(selected[3]), score: selected[0]} : null,
  };
}

// One row of the summary for each hyperparameter of each method: what its values score.
function knobs(setting) {
  const sign = setting.higher_is_better ? 1 : -1;
  const rows = [];
  for (const study of setting.studies || []) {
    const standard = scoreOf(study.points[0]);
    const names = [...new Set(study.points.slice(1).map((point) => point.hyperparameter))];
    const others = names.map((name) => {
      const points = study.points.filter((point) => point.hyperparameter === name);
      const values = points.filter(scoreOf).map((point) => ({text: point.value, number: Number(point.value), score: scoreOf(point)[0], interval: scoreOf(point), point}));
      const own = standard ? {text: study.defaults[name], number: Number(study.defaults[name]), score: standard[0], interval: standard, point: study.points[0]} : null;
      if (own) values.push(own);
      values.sort((a, b) => a.number - b.number || 0);
      return {name, values, standard: own, failures: points.filter((point) => !scoreOf(point) && point.failure)};
    });
    for (const knob of [dampingKnob(study), ...others]) {
      if (!knob || knob.values.length < 2) continue;
      const best = d3.greatest(knob.values, (value) => sign * value.score);
      const worst = d3.least(knob.values, (value) => sign * value.score);
      rows.push({...knob, study, best, worst, key: `${study.method}.${knob.name}`, cost: sign * (best.score - worst.score)});
    }
  }
  return rows.sort((a, b) => b.cost - a.cost || d3.ascending(a.key, b.key));
}

function knobStrip(knob, scale) {
  const y = 8;
  const parts = [svgElement("line", {x1: scale(knob.worst.score), x2: scale(knob.best.score), y1: y, y2: y, stroke: "var(--mark)", "stroke-opacity": 0.5, "stroke-width": 2})];
  for (const value of knob.values) parts.push(svgElement("circle", {cx: scale(value.score), cy: y, r: 2.5, fill: "var(--mark)"}));
  if (knob.standard) parts.push(svgElement("circle", {cx: scale(knob.standard.score), cy: y, r: 5, fill: "none", stroke: "var(--ink)", "stroke-width": 1.25}));
  if (knob.selected) parts.push(svgElement("path", {d: d3.symbol(d3.symbolTriangle, 40)(), transform: `translate(${scale(knob.selected.score)},${y})`, fill: "var(--c0)"}));
  return svgElement("svg", {class: "interval", width: 220, height: 16, "aria-hidden": "true"}, ...parts);
}

function drawKnobTable(place, rows, setting) {
  const all = state.get("knobs") === "all";
  const shown = all ? rows : rows.slice(0, shownHyperparameters);
  const scores = rows.flatMap((row) => row.values.map((value) => value.score));
  const scale = d3.scaleLinear([Math.min(0, d3.min(scores)), d3.max(scores)], [6, 214]);
  const loss = (row) => (row.standard ? Math.abs(row.best.score - row.standard.score) : null);
  const head = ["hyperparameter", "method", "a wrong choice costs", "the default costs", `${setting.metric} of each value`, "best value", "worst value"];
  const lines = shown.map((row) => element("tr", {},
    element("th", {scope: "row", class: "text"}, element("button", {onclick: () => {
      state.set({study: row.key});
      document.getElementById("study-chart").scrollIntoView({block: "nearest"});
    }, title: "show it below"}, row.name)),
    element("td", {class: "text"}, row.study.method),
    element("td", {}, scoreText(row.cost)),
    element("td", {}, scoreText(loss(row))),
    element("td", {class: "text"}, knobStrip(row, scale)),
    element("td", {class: "text"}, `${row.best.text} (${scoreText(row.best.score)})`),
    element("td", {class: "text"}, `${row.worst.text} (${scoreText(row.worst.score)})`)));
  place.replaceChildren(
    element("table", {},
      element("caption", {class: "soft"}, "A dot is a value, the ring the default, the triangle the damping that the method's default tuner selects. " +
        "What a choice costs is the distance from the best value of the grid, the others at their defaults and the damping chosen by the default tuner."),
      element("thead", {}, element("tr", {}, head.map((title, i) => element("th", {scope: "col", class: [0, 1, 4, 5, 6].includes(i) ? "text" : null}, title)))),
      element("tbody", {}, lines)),
    rows.length > shownHyperparameters
      ? element("p", {}, element("button", {class: "more", onclick: () => state.set({knobs: all ? "" : "all"})},
        all ? "show the first only" : `show all ${rows.length}`)) : "");
}

// The score over the values of one hyperparameter, by tuner of the damping.
function drawValues(knob, setting, width) {
  const tuners = {default: "var(--c0)", grid_search_50: "var(--c3)", mean_eigenvalue: "var(--fixed)"};
  const points = knob.isDamping
    ? knob.values.map((value) => ({...value, tuner: "grid", text: value.text, low: null, high: null}))
    : knob.values.flatMap((value) => Object.entries(value.point.scores).map(([tuner, [score, low, high]]) => ({text: value.text, tuner, score, low, high})));
  const domain = knob.values.map((value) => value.text);
  const colour = (point) => tuners[point.tuner] || "var(--mark)";
  const used = [...new Set(points.map((point) => point.tuner))];
  const chart = Plot.plot({
    style: plotStyle, width, height: 230, marginLeft: 46, marginBottom: 44, marginTop: 24,
    x: {type: "point", domain, label: knob.name, padding: 0.3, tickRotate: domain.length > 12 ? -45 : 0}, y: {grid: true, label: setting.metric, zero: false},
    marks: [
      Plot.link(points.filter((point) => isNumber(point.low)), {x: "text", y1: "low", y2: "high", stroke: colour, strokeOpacity: 0.6}),
      used.map((tuner) => Plot.line(points.filter((point) => point.tuner === tuner), {x: "text", y: "score", stroke: tuners[tuner] || "var(--mark)"})),
      Plot.dot(points, {x: "text", y: "score", r: 3.5, fill: colour}),
      knob.standard ? Plot.ruleX([knob.standard.text].filter((text) => domain.includes(text)), {stroke: "var(--ink)", strokeDasharray: "2 3"}) : null,
      Plot.tip(points, Plot.pointer({x: "text", y: "score", fill: "var(--raised)", stroke: "var(--line)",
        title: (point) => `${knob.name} ${point.text}${point.tuner === "grid" ? "" : ", damping by " + point.tuner}\n${setting.metric} ${intervalText([point.score, point.low, point.high])}`})),
    ],
  });
  const title = (tuner) => (tuner === "grid" ? "each damping" : `damping by ${tuner}`);
  return [legend(used.map((tuner) => ({symbol: "circle", colour: tuners[tuner] || "var(--mark)", title: title(tuner)}))),
    figure(chart, `${setting.metric} of ${knob.study.method} over ${knob.name}: ` + points.map((point) => `${point.text} ${scoreText(point.score)}`).join(", "))];
}

// Damping against the values of another hyperparameter.
function drawHeatMap(knob, setting, width) {
  const withCurves = knob.values.filter((value) => value.point && value.point.curve);
  if (withCurves.length < 2) return [];
  const cells = withCurves.flatMap((value) => knob.study.damping.map((damping, i) => ({damping, text: value.text, score: value.point.curve[i]})))
    .filter((cell) => isNumber(cell.score) && cell.damping > 0);
  const bests = withCurves.map((value) => d3.greatest(cells.filter((cell) => cell.text === value.text), (cell) => (setting.higher_is_better ? cell.score : -cell.score)));
  const dampings = knob.study.damping.filter((damping) => damping > 0);
  const chart = Plot.plot({
    style: plotStyle, width, height: 70 + 34 * withCurves.length, marginLeft: 80, marginBottom: 44,
    x: {type: "band", domain: dampings, label: "damping", tickFormat: dampingText, ticks: dampings.filter((damping, i) => i % 4 === 0)},
    y: {type: "band", domain: withCurves.map((value) => value.text).reverse(), label: knob.name},
    color: {scheme: "viridis", label: setting.metric, legend: false},
    marks: [
      Plot.cell(cells, {x: "damping", y: "text", fill: "score", inset: 0.5}),
      Plot.dot(bests, {x: "damping", y: "text", r: 5, stroke: "#fff", strokeWidth: 2.5}),
      Plot.dot(bests, {x: "damping", y: "text", r: 5, stroke: "#000", strokeWidth: 1}),
      Plot.tip(cells, Plot.pointer({x: "damping", y: "text", fill: "var(--raised)", stroke: "var(--line)",
        title: (cell) => `damping ${dampingText(cell.damping)}, ${knob.name} ${cell.text}\n${setting.metric} ${scoreText(cell.score)}`})),
    ],
  });
  const [least, most] = d3.extent(cells, (cell) => cell.score);
  return [element("h4", {}, `Damping against ${knob.name}`),
    element("p", {class: "soft"}, `${setting.metric} from ${scoreText(least)} (dark) to ${scoreText(most)} (bright); a ring marks the best damping of each row.`),
    figure(chart, `Best damping by ${knob.name}: ` + bests.map((cell) => `${cell.text}: ${scoreText(cell.score)} at ${dampingText(cell.damping)}`).join(", "))];
}

// Without a choice: a hyperparameter whose heat map says most, the dimension of a projection.
function knobNow(rows) {
  return rows.find((row) => row.key === state.get("study")) || rows.find((row) => row.name.endsWith("_dim")) || rows[0];
}

function drawStudy(place, rows, setting) {
  const knob = knobNow(rows);
  const choice = element("select", {id: "study-choice"}, [...rows].sort((a, b) => d3.ascending(a.key, b.key)).map((row) =>
    element("option", {value: row.key, selected: row === knob}, `${row.study.method}: ${row.name}`)));
  choice.addEventListener("change", () => {
    state.set({study: choice.value});
    document.getElementById("study-choice").focus();
  });
  const width = widthOf(place, 760);
  place.replaceChildren(
    element("h3", {}, element("label", {}, "One hyperparameter: ", choice)),
    ...drawValues(knob, setting, width), ...drawHeatMap(knob, setting, width),
    ...(knob.failures || []).map((point) => element("p", {class: "soft"}, `${point.value}: ${point.failure}`)));
}

function drawSensitivity() {
  const section = document.getElementById("sensitivity");
  state.follow(["setting", "q", "study", "knobs"], () => {
    const setting = settingNow();
    section.hidden = !settings.some((one) => one.studies);
    if (section.hidden) return;
    const rows = knobs(setting).filter((row) => passesFilter(row.study.method));
    const table = document.getElementById("sensitivity-table"), chart = document.getElementById("study-chart");
    if (rows.length === 0) {
      table.replaceChildren(element("p", {class: "none"}, setting.studies ? "No method has such a name." : `No study of ${setting.name} is recorded.`));
      chart.replaceChildren();
      return;
    }
    drawKnobTable(table, rows, setting);
    drawStudy(chart, rows, setting);
  });
}
