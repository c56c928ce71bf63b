// SPDX-License-Identifier: Apache-2.0
// Each selector against grid search, in every setting.

function answerSentence(setting, selector) {
  const look = selectorLook(selector.selector);
  if (!selector.median) {
    return element("li", {}, symbolIcon(look), ` ${selector.selector} on ${settingTitle(setting)}: no method could be compared.`);
  }
  const matched = isNumber(selector.to_match)
    ? `grid search needs ${countText(selector.to_match)} retrainings to match it`
    : "no grid search matches it";
  return element("li", {}, element("b", {}, selector.selector), ` on ${settingTitle(setting)}: `,
    element("b", {}, intervalText(selector.median, percentText)), ` of grid search's ${setting.metric} in the median of `,
    `${selector.num_compared} methods, for ${costShareText(selector.flops)} of its operations; ${matched}.`);
}

function drawAnswerChart(place) {
  const points = settings.flatMap((setting) => setting.methods.flatMap((method) => (method.comparisons || [])
    .filter((comparison) => comparison.share)
    .map((comparison) => ({
      setting: settingTitle(setting), method: method.name, selector: comparison.selector, share: comparison.share[0],
      shown: Math.max(0, Math.min(1.25, comparison.share[0])), text: intervalText(comparison.share, percentText),
    }))));
  const medians = settings.flatMap((setting) => (setting.selectors || []).filter((selector) => selector.median)
    .map((selector) => ({setting: settingTitle(setting), selector: selector.selector, median: selector.median})));
  if (points.length === 0) {
    place.replaceChildren(element("p", {class: "none"}, "No selector could be compared with grid search."));
    return;
  }
  const names = [...new Set(points.map((point) => point.selector))].sort();
  const shown = [...new Set(medians.map((one) => one.setting))];
  const width = widthOf(place, 900);
  const narrow = width < 560;
  const chart = Plot.plot({
    style: plotStyle, width, marginBottom: 44, marginLeft: narrow ? 115 : 140, marginRight: narrow ? 10 : 150,
    height: 50 + shown.length * (26 + 22 * names.length),
    x: {domain: [0, 1.25], label: "share of grid search's score", tickFormat: (share) => 100 * share + "%", grid: true},
    y: {domain: names, label: null, padding: 0.2},
    fy: {domain: shown, label: null, axis: narrow ? null : "right"},
    marks: [
      Plot.frame({stroke: "var(--line)"}),
      Plot.ruleX([1], {stroke: "var(--ink)", strokeDasharray: "2 3"}),
      Plot.dot(points, {fy: "setting", y: "selector", x: "shown", r: 3.5, stroke: "none", fillOpacity: 0.55,
        fill: (point) => selectorLook(point.selector).colour}),
      Plot.link(medians, {fy: "setting", y: "selector", x1: (one) => one.median[1] ?? one.median[0],
        x2: (one) => one.median[2] ?? one.median[0], strokeWidth: 2.5, stroke: "var(--ink)"}),
      Plot.tickX(medians, {fy: "setting", y: "selector", x: (one) => one.median[0], strokeWidth: 2.5,
        stroke: "var(--ink)", inset: 2}),
      narrow ? Plot.text(medians.filter((one, i) => medians.findIndex((other) => other.setting === one.setting) === i),
        {fy: "setting", text: "setting", frameAnchor: "top-left", dy: -12, fontWeight: 600}) : null,
      Plot.tip(points, Plot.pointer({fy: "setting", y: "selector", x: "shown", fill: "var(--raised)", stroke: "var(--line)",
        title: (point) => `${point.method}, ${point.setting}\n${point.selector}: ${point.text}`})),
    ],
  });
  place.replaceChildren(
    figure(chart, "For each setting and selector, the share of grid search's score that each method reaches; the table below has the numbers"),
    element("p", {class: "soft"}, "A dot is a method (above 125% shown at 125%); the bar is the median with its 95% interval."));
}

const answerKeys = {sort: "answersort", dir: "answerdir"};

// As those of the ranking. A row is a selector in a setting, {setting, place, selector}.
const answerColumns = [
  {key: "setting", title: "setting", left: true, value: (row) => row.place},
  {key: "selector", title: "selector", left: true, value: (row) => row.selector.selector,
    cell: (row) => [symbolIcon(selectorLook(row.selector.selector)), " ", row.selector.selector]},
  {key: "methods", title: "methods", first: "descending", value: (row) => row.selector.num_compared,
    cell: ({selector}) => (selector.num_compared === selector.num_methods ? String(selector.num_methods)
      : `${selector.num_compared} of ${selector.num_methods}`)},
  {key: "share", title: "share of the score, median [95%]", first: "descending",
    value: (row) => (row.selector.median ? row.selector.median[0] : null),
    cell: ({selector}) => (selector.median ? intervalText(selector.median, percentText) : "-")},
  {key: "worst", title: "worst method", first: "descending", left: true,
    value: (row) => (row.selector.worst ? row.selector.worst[0] : null),
    cell: ({selector}) => (selector.worst ? `${percentText(selector.worst[0])} (${selector.worst_method})` : "-")},
  {key: "flops", title: "share of operations", value: (row) => row.selector.flops, cell: (row) => costShareText(row.selector.flops)},
  {key: "cpu", title: "share of CPU time", value: (row) => row.selector.cpu, cell: (row) => costShareText(row.selector.cpu)},
  {key: "match", title: "retrainings to match", first: "descending", value: (row) => row.selector.to_match,
    cell: ({selector}) => (isNumber(selector.to_match) ? countText(selector.to_match) : selector.median ? "none does" : "-")},
];

function answerLine(row, isFirst) {
  return element("tr", {}, answerColumns.map((column, i) => (i > 0
    ? element("td", {class: column.left ? "text" : null}, column.cell(row))
    : element("th", {class: "text", scope: "row"}, isFirst ? row.setting.name : element("span", {class: "hidden"}, row.setting.name),
      isFirst && row.setting.synthetic ? element("span", {class: "tag"}, "synthetic") : null))));
}

function whyUnanswered(setting) {
  if (setting.not_ranked) return "not ranked: " + setting.not_ranked;
  return setting.selectors ? "no method had both a selector and a grid search" : "no selector ran";
}

function unansweredLine(setting) {
  return element("tr", {}, element("th", {class: "text", scope: "row"}, setting.name,
    setting.synthetic ? element("span", {class: "tag"}, "synthetic") : null),
    element("td", {class: "wrap soft", colspan: answerColumns.length - 1}, whyUnanswered(setting)));
}

function drawAnswer() {
  const list = document.getElementById("answer-sentences");
  // The sentences are of the setting in view; the table holds all.
  state.follow(["setting"], () => {
    const setting = settingNow();
    list.replaceChildren(...(hasAnswer(setting) ? setting.selectors.map((selector) => answerSentence(setting, selector))
      : [element("li", {}, `${settingTitle(setting)} has no answer: ${whyUnanswered(setting)}.`)]));
  });
  drawAnswerChart(document.getElementById("answer-chart"));
  const rows = settings.flatMap((setting, place) => (hasAnswer(setting) ? setting.selectors : [])
    .map((selector) => ({setting, place, selector})));
  state.follow(["answersort", "answerdir"], () => {
    const column = answerColumns.find((one) => one.key === state.get("answersort")) || answerColumns[0];
    const sorted = sortedBy(rows, column.value, state.get("answerdir"));
    // Next to each other, the rows of a setting show its name once.
    const lines = sorted.map((row, i) => answerLine(row, i === 0 || sorted[i - 1].setting !== row.setting));
    document.getElementById("answer-table").replaceChildren(element("table", {},
      element("caption", {class: "soft text"}, "Retrainings to match: the fewest with which grid search is not clearly worse, in the median over methods."),
      element("thead", {}, element("tr", {}, answerColumns.map((one) => sortButton(one, answerKeys)))),
      element("tbody", {}, lines, settings.filter((setting) => !hasAnswer(setting)).map(unansweredLine))));
  });
}
