// SPDX-License-Identifier: Apache-2.0
// How tuners look, the same in all charts: colour and shape, so that colour alone decides nothing.

// The results are gzipped, in base 64.
async function readData() {
  const old = typeof DecompressionStream === "undefined";
  document.getElementById("old-browser").hidden = !old;
  if (old) return {settings: []};
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

const {settings} = await readData();

const hasAnswer = (setting) => (setting.selectors || []).some((selector) => selector.num_compared > 0);

// Without a choice: the first setting that has an answer, real data before synthetic ones.
const firstSetting = settings.find((setting) => hasAnswer(setting) && !setting.synthetic) ||
  settings.find(hasAnswer) || settings[0];
const settingNow = () => settings.find((setting) => setting.name === state.get("setting")) || firstSetting;

// Synthetic data are marked wherever their numbers are.
const settingTitle = (setting) => setting.name + (setting.synthetic ? " (synthetic)" : "");

// Whether the filter lets a method through: its name must contain any of the words.
function passesFilter(name) {
  const words = state.get("q").toLowerCase().split(/[\s,]+/).filter((word) => word !== "");
  return words.length === 0 || words.some((word) => name.toLowerCase().includes(word));
}

const methodsNow = () => settingNow().methods.filter((method) => passesFilter(method.name));

const kindLooks = {
  fixed_value: {symbol: "circle", colour: "var(--fixed)", title: "fixed value"},
  search: {symbol: "square", colour: "var(--c3)", title: "grid search"},
  selector: {symbol: "triangle", colour: "var(--c0)", title: "selector"},
  unspecified: {symbol: "cross", colour: "var(--fixed)", title: "no tuning"},
};

// Each selector has a colour of its own, by the order of their names. A default that is a selector
// comes last: it stands alone only where that selector did not run under its own name.
const selectorNames = d3.sort(new Set(settings.flatMap((setting) => setting.methods.flatMap(
  (method) => method.rows.filter((row) => row.kind === "selector").map((row) => row.tuners[0])))),
  (name) => name === "default", (name) => name);
const selectorColours = ["var(--c0)", "var(--c1)", "var(--c2)", "var(--c4)", "var(--c5)"];
const selectorSymbols = ["triangle", "diamond", "star", "times", "wye"];

// "grid_search_50" and "grid_search_5" are of one family: one tuner with more or fewer models.
const familyOf = (tuner) => tuner.replace(/_\d+$/, "");

// A search that is a selector with models trained for it has the selector's colour.
function tunerLook(row) {
  const family = familyOf(row.tuners[0]);
  const place = selectorNames.indexOf(row.kind === "selector" ? row.tuners[0] : family);
  if (place < 0 || !["selector", "search"].includes(row.kind)) return kindLooks[row.kind] || kindLooks.unspecified;
  const isSelector = row.kind === "selector";
  return {
    symbol: isSelector ? selectorSymbols[place % selectorSymbols.length] : "square",
    colour: selectorColours[place % selectorColours.length],
    title: isSelector ? row.tuners[0] : family + "_m",
  };
}

function selectorLook(name) {
  return tunerLook({kind: "selector", tuners: [name]});
}

const d3Symbols = {
  circle: d3.symbolCircle, square: d3.symbolSquare, triangle: d3.symbolTriangle, diamond: d3.symbolDiamond,
  star: d3.symbolStar, times: d3.symbolTimes, wye: d3.symbolWye, cross: d3.symbolCross,
};

function symbolIcon(look) {
  const lines = look.symbol === "times";
  return svgElement("svg", {width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true"},
    svgElement("path", {
      d: d3.symbol(d3Symbols[look.symbol], 50)(), fill: lines ? "none" : look.colour, stroke: look.colour,
      "stroke-width": lines ? 2 : 0,
    }));
}

function legend(looks) {
  return element("ul", {class: "legend"}, looks.map((look) => element("li", {}, symbolIcon(look), look.title)));
}

// Plot names the groups of a chart for screen readers, where no name is allowed. They become data.
function unnameParts(chart) {
  for (const part of chart.querySelectorAll("[aria-label]")) {
    part.dataset.mark = part.getAttribute("aria-label");
    part.removeAttribute("aria-label");
  }
  return chart;
}

// A chart as a figure with a name for those who cannot see it.
function figure(chart, label) {
  unnameParts(chart);
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", label);
  return element("figure", {}, chart);
}

const plotStyle = {background: "none", color: "var(--ink)", fontSize: "12px", fontFamily: "inherit"};

// The width that a chart has here.
function widthOf(node, most) {
  return Math.max(280, Math.min(most, node.clientWidth || most));
}
