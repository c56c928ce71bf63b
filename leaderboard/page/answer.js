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

function drawAnswer() {
  const list = document.getElementById("answer-sentences");
  const table = document.getElementById("answer-table");
  // The sentences are of the setting in view; the table holds all.
  state.follow(["setting"], () => {
    const setting = settingNow();
    list.replaceChildren(...(setting.selectors || []).map((selector) => answerSentence(setting, selector)));
    if (!setting.selectors) {
      list.append(element("li", {}, `${settingTitle(setting)} has no answer: ` + (setting.not_ranked || "no selector ran") + "."));
    }
  });
  drawAnswerChart(document.getElementById("answer-chart"));
  const head = ["setting", "selector", "methods", "share of the score, median [95%]", "worst method", "share of operations",
    "share of CPU time", "retrainings to match"];
  const lines = settings.flatMap((setting) => {
    if (!setting.selectors) {
      return [element("tr", {}, element("th", {class: "text", scope: "row"}, setting.name),
        element("td", {class: "wrap soft", colspan: head.length - 1},
          setting.not_ranked ? "not ranked: " + setting.not_ranked : "no selector ran"))];
    }
    return setting.selectors.map((selector, i) => element("tr", {},
      element("th", {class: "text", scope: "row"}, i === 0 ? setting.name : "",
        i === 0 && setting.synthetic ? element("span", {class: "tag"}, "synthetic") : null),
      element("td", {class: "text"}, symbolIcon(selectorLook(selector.selector)), " ", selector.selector),
      element("td", {}, selector.num_compared === selector.num_methods ? String(selector.num_methods)
        : `${selector.num_compared} of ${selector.num_methods}`),
      element("td", {}, selector.median ? intervalText(selector.median, percentText) : "-"),
      element("td", {class: "text"}, selector.worst
        ? `${percentText(selector.worst[0])} (${selector.worst_method})` : "-"),
      element("td", {}, costShareText(selector.flops)),
      element("td", {}, costShareText(selector.cpu)),
      element("td", {}, isNumber(selector.to_match) ? countText(selector.to_match)
        : selector.median ? "none does" : "-")));
  });
  table.replaceChildren(element("table", {},
    element("caption", {class: "soft text"}, "Retrainings to match: the fewest with which grid search is not clearly worse, in the median over methods."),
    element("thead", {}, element("tr", {}, head.map((title, i) =>
      element("th", {scope: "col", class: i < 2 || i === 4 ? "text" : null}, title)))),
    element("tbody", {}, lines)));
}
