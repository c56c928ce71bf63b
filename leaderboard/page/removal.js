// SPDX-License-Identifier: Apache-2.0
// What becomes of models without the training examples that methods call helpful.

const removalTuners = [
  {name: "mean_eigenvalue", ...kindLooks.fixed_value, title: "mean_eigenvalue", lift: -5},
  {name: "default", ...kindLooks.selector, title: "default: the selector of the method's file", lift: 0},
  {name: "grid_search_50", ...kindLooks.search, title: "grid_search_50", lift: 5},
];
const removalUntuned = {name: "", ...kindLooks.unspecified, title: "no damping", lift: 0};

// A point for each tuner of each method that has a fall.
function removalPoints(methods) {
  return methods.flatMap(({method, points}) => points.filter((point) => point.fall).flatMap((point) => point.tuners.map((tuner) => ({
    method, point, tuner, fall: point.fall[0], low: point.fall[1], high: point.fall[2],
    look: point.damping_text ? removalTuners.find((one) => one.name === tuner) || {...kindLooks.selector, title: tuner, lift: 0} : removalUntuned,
  }))));
}

const fallText = (value) => (isNumber(value) ? value.toFixed(2) : "-");
const removedText = ([share]) => Number((100 * share).toPrecision(3)) + "%";
const stepText = (step) => `${removedText(step)} removed: ${fallText(step[1])}`;

function removalTip({method, tuner, point}) {
  return `${method}, ${tuner}${point.damping_text ? ", damping " + point.damping_text : ""}\nfall ${intervalText(point.fall, fallText)}\n` +
    `${point.steps.map(stepText).join("\n")}\n${point.flipped} of ${point.num_tests} predictions flip`;
}

function drawRemovalChart(place, methods) {
  const points = removalPoints(methods);
  if (points.length === 0) {
    place.replaceChildren(element("p", {class: "none"}, "No method has such a name."));
    return;
  }
  const width = widthOf(place, 900);
  const looks = new Map(points.map((point) => [point.look.title, point.look]));
  const ofLook = (mark) => [...looks.values()].map((look) => mark(points.filter((point) => point.look.title === look.title), look));
  const chart = Plot.plot({
    style: plotStyle, width, height: 60 + 22 * methods.length, marginLeft: width < 560 ? 130 : 160, marginRight: 16, marginBottom: 44,
    x: {grid: true, label: "fall of the margin, in logits"},
    y: {domain: methods.map((one) => one.method), label: null},
    symbol: {type: "identity"},
    marks: [
      Plot.ruleX([0], {stroke: "var(--line)"}),
      ofLook((some, look) => Plot.link(some, {x1: "low", x2: "high", y1: "method", y2: "method", dy: look.lift, stroke: look.colour, strokeOpacity: 0.45})),
      ofLook((some, look) => Plot.dot(some, {x: "fall", y: "method", dy: look.lift, r: 3.5, symbol: () => look.symbol, fill: look.colour, stroke: look.colour})),
      Plot.tip(points, Plot.pointer({x: "fall", y: "method", fill: "var(--raised)", stroke: "var(--line)", title: removalTip})),
    ],
  });
  place.replaceChildren(legend([...looks.values()]), figure(chart, "Fall of the margin: " + points.map(
    (point) => `${point.method}, ${point.tuner} ${fallText(point.fall)}`).join("; ")));
}

function removalLine(method, point, isFirst) {
  const name = element("th", {class: "text", scope: "row"}, isFirst ? method : element("span", {class: "hidden"}, method));
  const tuners = element("td", {class: "text"}, point.tuners.join(", "));
  if (!point.fall) {
    return element("tr", {class: "failed"}, name, tuners, element("td", {class: "wrap", colspan: 5}, `${point.status}: ${point.message || ""}`));
  }
  return element("tr", {}, name, tuners, [point.damping_text || "-", scoreText(point.lds), intervalText(point.fall, fallText),
    point.steps.map(([, value]) => fallText(value)).join(" / "), `${point.flipped} of ${point.num_tests}`].map((text) => element("td", {}, text)));
}

function drawRemovalTable(place, methods) {
  const measured = methods.flatMap((one) => one.points).find((point) => point.steps);
  const shares = measured ? measured.steps.map(removedText).join(" / ") : "";
  place.replaceChildren(element("table", {},
    element("thead", {}, element("tr", {}, ["method", "tuners"].map((title) => element("th", {class: "text", scope: "col"}, title)),
      ["damping", "LDS", "fall [95%]", "fall at " + shares, "predictions that flip"].map((title) => element("th", {scope: "col"}, title)))),
    element("tbody", {}, methods.flatMap(({method, points}) => points.map((point, i) => removalLine(method, point, i === 0))))));
}

function gainSentence(gain) {
  const [value, low, high] = gain.gain;
  return element("li", {}, "With the damping of ", element("b", {}, gain.tuner), ` the margin falls by ${fallText(value)} `,
    `[${fallText(low)}, ${fallText(high)}] more than with that of mean_eigenvalue, in the mean over the ${gain.num_methods} methods for which the two differ.`);
}

function drawRemoval() {
  const section = document.getElementById("removal");
  const studied = settings.filter((setting) => setting.removals);
  section.hidden = studied.length === 0;
  if (section.hidden) return;
  state.follow(["setting", "q"], () => {
    const {name, removals} = settingNow();
    const [sentences, chart, table] = ["sentences", "chart", "table"].map((part) => document.getElementById("removal-" + part));
    table.closest("details").hidden = !removals;
    if (!removals) {
      sentences.replaceChildren(element("li", {}, `No study of ${name} is recorded. There is one of `,
        studied.flatMap((setting, i) => [i > 0 ? ", " : "", element("a", {href: state.link({setting: setting.name})}, settingTitle(setting))]), "."));
      chart.replaceChildren();
      return;
    }
    const methods = removals.methods.filter((one) => passesFilter(one.method));
    sentences.replaceChildren(...removals.gains.map(gainSentence));
    drawRemovalChart(chart, methods);
    drawRemovalTable(table, methods);
  });
}
