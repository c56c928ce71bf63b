// SPDX-License-Identifier: Apache-2.0
// Score against everything that an entry costs.

// The points that no other beats with a smaller cost. `points` have cost and gain.
function paretoFront(points) {
  const front = [];
  for (const point of [...points].sort((a, b) => a.cost - b.cost || b.gain - a.gain)) {
    if (front.length === 0 || point.gain > front[front.length - 1].gain) front.push(point);
  }
  return front;
}

function drawCostChart(place) {
  const setting = settingNow();
  const inFlops = state.get("unit") !== "cpu";
  const points = methodsNow().flatMap((method) => method.rows.filter((row) => row.value && row.total).map((row) => ({
    method: method.name, row, value: row.value[0], gain: setting.higher_is_better ? row.value[0] : -row.value[0],
    cost: row.total[inFlops ? 2 : 1],
  }))).filter((point) => point.cost > 0);
  if (points.length === 0) {
    place.replaceChildren(element("p", {class: "none"}, "No entry has a score and a cost."));
    return;
  }
  const front = paretoFront(points);
  // One label for each method on the front, where it enters.
  const labels = front.filter((point, i) => front.findIndex((other) => other.method === point.method) === i);
  const width = widthOf(place, 900);
  const costText = inFlops ? flopsText : (cost) => secondsText(cost) + " s";
  const chart = Plot.plot({
    style: plotStyle, width, height: Math.min(420, Math.max(300, width * 0.5)), marginLeft: 48, marginRight: 24, marginTop: 24, marginBottom: 44,
    x: {type: "log", grid: true, tickFormat: (cost) => costText(cost),
      ticks: width < 560 ? 4 : 8, label: inFlops ? "floating-point operations in all" : "CPU seconds in all"},
    y: {grid: true, label: setting.metric},
    marks: [
      setting.ceiling ? Plot.ruleY([setting.ceiling[0]], {stroke: "var(--soft)", strokeDasharray: "2 3"}) : null,
      setting.ceiling ? Plot.text([setting.ceiling[0]], {y: (value) => value, frameAnchor: "left", dx: 4, dy: -7,
        text: () => "noise ceiling", fill: "var(--soft)"}) : null,
      Plot.line(front, {x: "cost", y: "value", curve: "step-after", stroke: "var(--ink)", strokeOpacity: 0.5}),
      Plot.dot(points, {x: "cost", y: "value", r: 4, fillOpacity: 0.7, symbol: {value: (point) => tunerLook(point.row).symbol},
        fill: (point) => tunerLook(point.row).colour, stroke: (point) => tunerLook(point.row).colour, strokeWidth: 1}),
      // The label of the cheapest one has room to its right only.
      [["start", labels.slice(0, 1)], ["end", labels.slice(1)]].map(([textAnchor, some]) => Plot.text(some, {
        x: "cost", y: "value", text: "method", dy: -12, textAnchor, stroke: "var(--paper)", strokeWidth: 4, fill: "var(--ink)"})),
      Plot.tip(points, Plot.pointer({x: "cost", y: "value", fill: "var(--raised)", stroke: "var(--line)",
        title: (point) => `${point.method}, ${point.row.tuners.join(", ")}\n${setting.metric} ${intervalText(point.row.value)}\n` +
          `${flopsText(point.row.total[2])} operations, ${secondsText(point.row.total[1])} CPU s`})),
    ],
    symbol: {type: "identity"},
  });
  const used = new Map(points.map((point) => [tunerLook(point.row).title, tunerLook(point.row)]));
  place.replaceChildren(legend([...used.values()]),
    figure(chart, `${setting.metric} of each entry against its cost; on the front: ${labels.map((point) => point.method).join(", ")}`));
}

function drawCost() {
  const choice = document.getElementById("cost-unit");
  choice.addEventListener("change", () => state.set({unit: choice.value}));
  state.follow(["setting", "q", "unit"], () => {
    choice.value = state.get("unit");
    drawCostChart(document.getElementById("cost-chart"));
  });
}
