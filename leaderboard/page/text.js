// SPDX-License-Identifier: Apache-2.0
// Elements and numbers as text. Whatever results contain becomes text nodes, never HTML.

// element("td", {class: "text"}, "a", child): null children and attributes are left out.
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const isNumber = (value) => typeof value === "number";
const scoreText = (value) => (isNumber(value) ? value.toFixed(3).replace(/^-(0\.0+)$/, "$1") : "-");
const percentText = (share) => (isNumber(share) ? (100 * share).toFixed(1) + "%" : "-");

// Small shares of cost keep two digits: 0.012%.
function costShareText(share) {
  if (!isNumber(share)) return "-";
  const percent = 100 * share;
  if (percent === 0) return "0%";
  if (percent < 1) return Number(percent.toPrecision(2)) + "%";
  return percent < 100 ? percent.toFixed(1) + "%" : Math.round(percent) + "%";
}

function intervalText([value, low, high], text = scoreText) {
  return isNumber(low) && isNumber(high) ? `${text(value)} [${text(low)}, ${text(high)}]` : text(value);
}

function dampingText(damping) {
  if (!isNumber(damping)) return "-";
  const short = Number(damping.toPrecision(3));
  return short !== 0 && (short < 1e-3 || short >= 1e4) ? short.toExponential().replace("e+", "e") : String(short);
}

function secondsText(seconds) {
  if (!isNumber(seconds)) return "-";
  return seconds < 100 ? Number(seconds.toPrecision(2)).toString() : Math.round(seconds).toLocaleString("en");
}

function flopsText(flops) {
  if (!isNumber(flops)) return "-";
  for (const [unit, size] of [["P", 1e15], ["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
    if (flops >= size) return Number((flops / size).toPrecision(3)) + " " + unit;
  }
  return String(flops);
}

const countText = (count) => (isNumber(count) ? Number(count.toPrecision(3)).toString() : "-");

const isOk = (row) => row.status === "ok";
const unitText = (unit) => ({
  RELATIVE_TO_MEAN_EIGENVALUE: "a multiple of the mean eigenvalue", RELATIVE_TO_TRACE: "a multiple of the trace",
}[unit] || "an absolute number");
