// SPDX-License-Identifier: Apache-2.0
// Grid search on more and more retrained models, and selectors at their price.

function budgetPoints(setting, methods) {
  const byTuner = new Map();
  for (const method of methods) {
    const searches = method.rows.filter((row) => isOk(row) && row.kind === "search" && row.value);
    const largest = searches.reduce((best, row) => (!best || row.tuning[0] > best.tuning[0] ? row : best), null);
    if (!largest || !(largest.value[0] > 0) || !(largest.tuning[0] > 0)) continue;
    const flopsOfRetraining = largest.tuning[2] / largest.tuning[0];
    for (const row of method.rows) {
      if (!isOk(row) || !row.value || !row.tuning || row.kind === "unspecified") continue;
      const share = setting.higher_is_better ? row.value[0] / largest.value[0] : largest.value[0] / row.value[0];
      for (const tuner of row.tuners) {
        const one = byTuner.get(tuner) || {tuner, row, shares: [], costs: []};
        one.shares.push(share);
        one.costs.push(row.tuning[2] / flopsOfRetraining);
        byTuner.set(tuner, one);
      }
    }
  }
  return [...byTuner.values()].map((one) => ({
    tuner: one.tuner, row: one.row, kind: one.row.kind, family: familyOf(one.tuner), share: d3.median(one.shares), worst: d3.min(one.shares),
    cost: d3.median(one.costs), methods: one.shares.length,
  }));
}

function drawBudgetChart(place) {
  const setting = settingNow();
  const points = budgetPoints(setting, methodsNow().filter((method) => method.damped));
  if (points.length === 0) {
    place.replaceChildren(element("p", {class: "none"}, "No grid search to compare with."));
    return;
  }
  const least = 0.003;
  for (const point of points) point.shown = Math.max(point.cost, least);
  // A line joins the searches of one family.
  const families = d3.groups(points.filter((point) => point.kind === "search").sort((a, b) => a.cost - b.cost), (point) => point.family);
  // Tuners at one place share a label.
  const labels = d3.groups(points.filter((point) => point.kind !== "search"),
    (point) => `${point.shown.toPrecision(2)} ${point.share.toFixed(2)}`)
    .map(([, some]) => ({...some[0], names: some.map((point) => point.tuner).join(", ")}))
    .sort((a, b) => a.share - b.share);
  // Labels of neighbours stand above each other.
  for (const [i, label] of labels.entries()) {
    const near = labels.slice(0, i).filter((other) => Math.abs(Math.log(other.shown / label.shown)) < 2 && label.share - other.share < 0.04);
    label.lift = near.length === 0 ? 0 : Math.max(...near.map((other) => other.lift)) + 13;
  }
  const width = widthOf(place, 800);
  const most = Math.max(60, d3.max(points, (point) => point.shown) * 1.2);
  // A tuner that shares the row of another one, as "default" does, made no choice of its own.
  const lookOf = (point) => (point.tuner === point.row.tuners[0] ? tunerLook(point.row)
    : {symbol: "circle", colour: "var(--ink)", title: point.tuner});
  const lowest = Math.min(0.7, d3.min(points, (point) => point.share));
  const chart = Plot.plot({
    style: plotStyle, width, height: 340, marginLeft: 52, marginRight: width < 560 ? 16 : 120, marginTop: 24, marginBottom: 44,
    x: {type: "log", domain: [least, most], grid: true, label: "cost of tuning, in retrainings",
      tickFormat: (cost) => (cost <= least ? "≤ " + least : String(cost)), ticks: [least, 0.01, 0.1, 1, 2, 5, 10, 20, 50]},
    y: {domain: [Math.max(0, lowest - 0.05), Math.max(1.05, d3.max(points, (point) => point.share) + 0.03)], grid: true,
      tickFormat: (share) => Math.round(100 * share) + "%", label: "share of the largest grid search's score, median over methods"},
    symbol: {type: "identity"},
    marks: [
      Plot.ruleY([1], {stroke: "var(--ink)", strokeDasharray: "2 3"}),
      families.map(([, some]) => Plot.line(some, {x: "shown", y: "share", stroke: lookOf(some[0]).colour, strokeWidth: 1.5})),
      Plot.dot(points, {x: "shown", y: "share", r: 5, symbol: (point) => lookOf(point).symbol, fill: (point) => lookOf(point).colour,
        stroke: (point) => lookOf(point).colour}),
      width < 560 ? null : labels.map((label) => Plot.text([label], {x: "shown", y: "share", text: "names", dx: 9, dy: -label.lift,
        textAnchor: "start", stroke: "var(--paper)", strokeWidth: 4, fill: "var(--ink)"})),
      Plot.tip(points, Plot.pointer({x: "shown", y: "share", fill: "var(--raised)", stroke: "var(--line)",
        title: (point) => `${point.tuner}, ${point.methods} methods\nmedian ${percentText(point.share)}, worst ${percentText(point.worst)}\n` +
          `${countText(point.cost)} retrainings' worth of operations`})),
    ],
  });
  const used = new Map(points.map((point) => [lookOf(point).title, lookOf(point)]));
  place.replaceChildren(legend([...used.values()]), figure(chart, `On ${setting.name}: ` + points.map(
    (point) => `${point.tuner} ${percentText(point.share)} at ${countText(point.cost)} retrainings`).join("; ")));
}

function drawBudget() {
  state.follow(["setting", "q"], () => drawBudgetChart(document.getElementById("budget-chart")));
}
