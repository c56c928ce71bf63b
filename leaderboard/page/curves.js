// SPDX-License-Identifier: Apache-2.0
// The score over the damping, method by method, with what selectors look at below.

const criterionPanel = {height: 95};
const scorePanel = {height: 180};

// Values of a criterion as shares of its largest one, so that several fit one panel. Those far below
// 0 (the held-out criterion falls without bound at small dampings) are cut.
function scaledCriterion(criterion) {
  const most = Math.max(...criterion.value.filter(isNumber));
  if (!(most > 0)) return [];
  return criterion.damping.map((damping, i) => ({damping, value: criterion.value[i] / most}))
    .filter((point) => isNumber(point.value) && point.damping > 0 && point.value > -0.15);
}

// The choices to mark: each selector's, the default's and the largest search's.
function choicesOf(method) {
  const rows = method.rows.filter((row) => isOk(row) && row.damping > 0 && row.value);
  const searches = rows.filter((row) => row.kind === "search");
  const largest = searches.reduce((best, row) => (!best || row.tuning[0] > best.tuning[0] ? row : best), null);
  return rows.filter((row) => row.kind !== "search" || row === largest);
}

function curvePoints(curve) {
  return curve.damping.map((damping, i) => ({damping, value: curve.value[i], low: curve.low && curve.low[i], high: curve.high && curve.high[i]}))
    .filter((point) => point.damping > 0 && isNumber(point.value));
}

function curveSentence(method, points, setting) {
  const best = points.reduce((a, b) => ((b.value > a.value) === setting.higher_is_better ? b : a));
  return `best ${scoreText(best.value)} at ${dampingText(best.damping)}; ` + choicesOf(method).map(
    (row) => `${row.tuners[0]} ${scoreText(row.value[0])} at ${dampingText(row.damping)}`).join("; ");
}

// One method. All panels of a setting share both axes, so that they can be compared.
function curvePanel(method, setting, axes, width) {
  const points = curvePoints(method.curve);
  const best = points.reduce((a, b) => ((b.value > a.value) === setting.higher_is_better ? b : a));
  const x = {type: "log", domain: axes.damping, ticks: 5, tickFormat: dampingText};
  const upper = Plot.plot({
    style: plotStyle, width, height: scorePanel.height, marginLeft: 40, marginRight: 10, marginBottom: 14, marginTop: 10,
    x: {...x, axis: null}, y: {domain: axes.score, ticks: 4, grid: true, label: null},
    symbol: {type: "identity"},
    marks: [
      Plot.ruleY([0], {stroke: "var(--line)"}),
      setting.ceiling && axes.score[1] >= setting.ceiling[0]
        ? Plot.ruleY([setting.ceiling[0]], {stroke: "var(--soft)", strokeDasharray: "2 3"}) : null,
      Plot.areaY(points.filter((point) => isNumber(point.low)), {x: "damping", y1: "low", y2: "high", fill: "var(--mark)", fillOpacity: 0.18}),
      Plot.line(points, {x: "damping", y: "value", stroke: "var(--mark)", strokeWidth: 1.75}),
      Plot.dot([best], {x: "damping", y: "value", r: 7, stroke: "var(--ink)", strokeWidth: 1.25}),
      Plot.dot(choicesOf(method), {x: "damping", y: (row) => row.value[0], r: 4.2, symbol: (row) => tunerLook(row).symbol,
        fill: (row) => tunerLook(row).colour, stroke: "var(--paper)", strokeWidth: 0.75}),
    ],
  });
  const criteria = method.rows.filter((row) => isOk(row) && row.kind === "selector" && row.criterion)
    .map((row) => ({row, points: scaledCriterion(row.criterion)}))
    .filter((one) => one.points.length > 1);
  const lower = Plot.plot({
    style: plotStyle, width, height: criterionPanel.height, marginLeft: 40, marginRight: 10, marginTop: 6, marginBottom: 30,
    x: {...x, label: null}, y: {domain: [-0.15, 1.05], ticks: [0, 0.5, 1], label: null},
    marks: [
      Plot.ruleY([0], {stroke: "var(--line)"}),
      criteria.map((one) => Plot.line(one.points, {x: "damping", y: "value", stroke: tunerLook(one.row).colour, strokeWidth: 1.5})),
      criteria.map((one) => Plot.ruleX(one.row.damping > 0 ? [one.row.damping] : [],
        {stroke: tunerLook(one.row).colour, strokeDasharray: "2 2"})),
    ],
  });
  for (const chart of [upper, lower]) unnameParts(chart).setAttribute("aria-hidden", "true");
  const told = element("p", {}, curveSentence(method, points, setting));
  const single = state.get("panel") === method.name;
  const name = element("button", {onclick: () => state.set({panel: single ? "" : method.name}), title: single ? "show all methods" : "show this one alone"},
    method.name);
  const drawing = element("figure", {tabindex: "0", role: "img", "aria-label": `${method.name}, ${setting.metric} over damping: ${curveSentence(method, points, setting)}`},
    upper, lower);
  const panel = element("article", {class: "panel", "data-method": method.name}, element("h3", {}, name), told, drawing);
  const rules = [upper, lower].map((chart) => {
    const rule = svgElement("line", {y1: 8, y2: Number(chart.getAttribute("height")) - (chart === lower ? 30 : 14), stroke: "var(--ink)", "stroke-width": 0.75, visibility: "hidden"});
    chart.append(rule);
    return rule;
  });
  const scale = upper.scale("x");
  return {
    panel, drawing, points, upper,
    dampingAt: (pixel) => scale.invert(pixel),
    // Shows the point of this curve that is nearest to a damping; nothing if there is none.
    show(damping) {
      if (damping === null) {
        for (const rule of rules) rule.setAttribute("visibility", "hidden");
        told.textContent = curveSentence(method, points, setting);
        return;
      }
      const nearest = points.reduce((a, b) => (Math.abs(Math.log(b.damping / damping)) < Math.abs(Math.log(a.damping / damping)) ? b : a));
      for (const rule of rules) {
        rule.setAttribute("x1", scale.apply(nearest.damping));
        rule.setAttribute("x2", scale.apply(nearest.damping));
        rule.setAttribute("visibility", "visible");
      }
      const looked = criteria.map((one) => {
        const at = one.points.find((point) => point.damping === nearest.damping);
        return at ? `, ${one.row.tuners[0]} ${percentText(at.value)} of its largest` : "";
      });
      told.textContent = `at ${dampingText(nearest.damping)}: ${intervalText([nearest.value, nearest.low, nearest.high])}${looked.join("")}`;
    },
  };
}

// Pointer and arrow keys on any panel move the damping in all.
function linkPanels(panels) {
  let now = null;
  const show = (damping) => {
    now = damping;
    for (const panel of panels) panel.show(damping);
  };
  for (const panel of panels) {
    panel.drawing.addEventListener("pointermove", (event) => {
      const box = panel.upper.getBoundingClientRect();
      const pixel = (event.clientX - box.left) * Number(panel.upper.getAttribute("width")) / box.width;
      show(panel.dampingAt(pixel));
    });
    panel.drawing.addEventListener("pointerleave", () => show(null));
    panel.drawing.addEventListener("blur", () => show(null));
    panel.drawing.addEventListener("keydown", (event) => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (event.key === "Escape") show(null);
      if (step === undefined) return;
      event.preventDefault();
      const dampings = panel.points.map((point) => point.damping);
      const place = now === null ? Math.floor(dampings.length / 2) : d3.bisectCenter(dampings.map(Math.log), Math.log(now)) + step;
      show(dampings[Math.max(0, Math.min(dampings.length - 1, place))]);
    });
  }
}

function drawCurvesOf(place) {
  const setting = settingNow();
  let methods = methodsNow().filter((method) => method.curve && curvePoints(method.curve).length > 1);
  const single = methods.find((method) => method.name === state.get("panel"));
  const all = setting.methods.filter((method) => method.curve).flatMap((method) => curvePoints(method.curve));
  const looks = new Map();
  for (const row of methods.flatMap(choicesOf)) looks.set(tunerLook(row).title, tunerLook(row));
  document.getElementById("curves-legend").replaceChildren(legend([...looks.values()]),
    element("p", {class: "soft"}, `A ring marks the best damping. Damping is ${unitText(methods[0] && methods[0].damping_unit)}.`));
  if (single) methods = [single];
  place.classList.toggle("single", Boolean(single));
  if (methods.length === 0) {
    place.replaceChildren(element("p", {class: "none"}, "No method here has a damping."));
    return;
  }
  const numbers = all.flatMap((point) => [point.value, point.low, point.high]).filter(isNumber);
  const axes = {damping: d3.extent(all, (point) => point.damping), score: [Math.min(0, d3.min(numbers)), d3.max(numbers)]};
  const frame = element("div");
  place.replaceChildren(frame);
  const width = single ? Math.min(736, place.clientWidth || 736) : frame.clientWidth || 290;
  const panels = methods.map((method) => curvePanel(method, setting, axes, width));
  place.replaceChildren(...panels.map((panel) => panel.panel));
  linkPanels(panels);
}

function drawCurves() {
  const place = document.getElementById("curves-panels");
  let near = false;
  const update = () => near && drawCurvesOf(place);
  // The panels are drawn when they come near.
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    near = true;
    update();
  }, {rootMargin: "1200px"}).observe(place);
  state.follow(["setting", "q", "panel"], update);
}
