// SPDX-License-Identifier: Apache-2.0
// The ranking of one setting: a line for each method, opened to its tuners.

const scoreAxis = {width: 170, height: 16};

// What all intervals of a setting are drawn on.
function scoreScale(setting) {
  const rows = setting.methods.flatMap((method) => method.rows).filter((row) => row.value);
  const values = rows.flatMap((row) => row.value).filter(isNumber);
  const most = Math.max(...values, setting.ceiling ? setting.ceiling[0] : 0);
  return d3.scaleLinear([Math.min(0, ...values), most], [3, scoreAxis.width - 3]);
}

function intervalMark(row, setting, scale) {
  const look = tunerLook(row);
  const middle = scoreAxis.height / 2;
  const [value, low, high] = row.value;
  const parts = [svgElement("line", {x1: scale(0), x2: scale(0), y1: 0, y2: scoreAxis.height, stroke: "var(--line)"})];
  if (setting.ceiling) {
    const at = scale(setting.ceiling[0]);
    parts.push(svgElement("line", {x1: at, x2: at, y1: 0, y2: scoreAxis.height, stroke: "var(--soft)", "stroke-dasharray": "2 2"}));
  }
  if (isNumber(low)) {
    parts.push(svgElement("line", {x1: scale(low), x2: scale(high), y1: middle, y2: middle, stroke: look.colour, "stroke-width": 2}));
  }
  parts.push(svgElement("path", {
    d: d3.symbol(d3Symbols[look.symbol], 45)(), transform: `translate(${scale(value)},${middle})`,
    fill: look.symbol === "times" ? "none" : look.colour, stroke: look.colour,
  }));
  return svgElement("svg", {class: "interval", "aria-hidden": "true", ...scoreAxis}, ...parts);
}

// The head of the column of intervals: its ends, the ceiling and the resolution floor as a length.
function intervalHead(setting, scale) {
  const parts = [svgElement("text", {x: scale(0), y: 12, "font-size": 10, fill: "currentColor", "text-anchor": "middle"}, "0")];
  if (setting.ceiling) {
    parts.push(svgElement("text", {x: scale(setting.ceiling[0]), y: 12, "font-size": 10, fill: "currentColor", "text-anchor": "end"},
      `ceiling ${scoreText(setting.ceiling[0])}`));
  }
  if (isNumber(setting.floor)) {
    const x1 = scale(0), x2 = scale(setting.floor);
    parts.push(svgElement("path", {d: `M${x1},19v6M${x1},22H${x2}M${x2},19v6`, stroke: "currentColor", fill: "none"}),
      svgElement("text", {x: x2 + 4, y: 26, "font-size": 10, fill: "currentColor"}, `told apart from ${scoreText(setting.floor)}`));
  }
  return svgElement("svg", {width: scoreAxis.width, height: 28, role: "img",
    "aria-label": isNumber(setting.floor) ? `differences of ${scoreText(setting.floor)} are told apart` : "interval"}, ...parts);
}

const rankText = (row) => (!row.rank ? "-" : row.rank[0] === row.rank[1] ? String(row.rank[0]) : `${row.rank[0]}–${row.rank[1]}`);

const areTied = (a, b) => Boolean(a.rank && b.rank) && a.rank[0] <= b.rank[1] && b.rank[0] <= a.rank[1];

// The best rows of the other methods that the data do not tell apart from this row.
function tiedRows(row, setting) {
  return setting.methods.filter((method) => !method.rows.includes(row) && areTied(row, method.rows[0]));
}

const hyperparameterText = (values) => Object.entries(values || {}).map(([name, value]) => `${name} ${value}`).join(", ");

// key: in the address; value: what to sort by, missing values last; cells: what a line shows.
function rankingColumns(setting, scale) {
  const cost = (key, place) => (row) => (row[key] ? row[key][place] : null);
  return [
    {key: "rank", title: "rank", value: (row) => (row.rank ? row.rank[0] * 1e4 + row.rank[1] : null), cell: rankText, hint: "the places that the data leave open"},
    {key: "tied", title: "tied with", hint: "the best rows of so many other methods are not told apart from this one; point at a row to see which",
      value: (row) => (row.rank ? tiedRows(row, setting).length : null), cell: (row) => (row.rank ? String(tiedRows(row, setting).length) : "-")},
    {key: "name", title: "method", first: "ascending", left: true},
    {key: "tuner", title: "tuner", left: true, value: (row) => row.tuners[0],
      cell: (row) => [symbolIcon(tunerLook(row)), " ", row.tuners.join(", ")]},
    {key: "lds", title: setting.metric, first: "descending", value: (row) => (row.value ? row.value[0] : null),
      cell: (row) => (row.value ? intervalText(row.value) : "-")},
    {key: "interval", title: () => intervalHead(setting, scale), left: true, fixed: true,
      cell: (row) => (row.value ? intervalMark(row, setting, scale) : "")},
    {key: "ceiling", title: "of ceiling", first: "descending", value: (row) => row.ceiling_share, cell: (row) => percentText(row.ceiling_share)},
    {key: "damping", title: "damping", value: (row) => row.damping, 
      hint: "as chosen, " + unitText((setting.methods.find((method) => method.damping_unit) || {}).damping_unit),
      cell: (row) => (isNumber(row.damping) ? dampingText(row.damping) : row.damping_text || "-") + (row.at_edge ? " (edge)" : "")},
    {key: "retrainings", title: "retrainings", hint: "spent on tuning", value: cost("tuning", 0), cell: (row) => countText(cost("tuning", 0)(row))},
    {key: "tuning", title: "tuning CPU s", value: cost("tuning", 1), cell: (row) => secondsText(cost("tuning", 1)(row))},
    {key: "flops", title: "tuning FLOPs", value: cost("tuning", 2), cell: (row) => flopsText(cost("tuning", 2)(row))},
    {key: "total", title: "total CPU s", value: cost("total", 1), cell: (row) => secondsText(cost("total", 1)(row))},
  ];
}

function failureText(rows) {
  const reasons = new Map();
  for (const row of rows) {
    const text = `${row.status.replace(/_/g, " ")}: ${row.message || "no message"}`;
    reasons.set(text, [...(reasons.get(text) || []), ...row.tuners]);
  }
  const all = [...reasons];
  return all.length === 1 ? all[0][0] : all.map(([text, tuners]) => `${tuners.join(", ")}: ${text}`).join("; ");
}

function rankingLine(row, columns, nameCell, attributes) {
  const line = element("tr", attributes, columns.map((column) => {
    if (column.key === "name") return nameCell;
    return element("td", {class: column.left ? "text" : null}, column.cell(row));
  }));
  line.row = row;
  const mark = (isOn) => () => {
    for (const other of line.parentNode.rows) other.classList.toggle("tied", isOn && other.row !== undefined && areTied(row, other.row));
  };
  for (const event of ["pointerenter", "focusin"]) line.addEventListener(event, mark(true));
  for (const event of ["pointerleave", "focusout"]) line.addEventListener(event, mark(false));
  return line;
}

function failedLine(rows, columns, nameCell, inner) {
  return element("tr", {class: inner ? "inner failed" : "failed"}, element("td", {}, "-"), element("td", {}, "-"), nameCell,
    element("td", {class: "text"}, inner ? rows[0].tuners.join(", ") : ""),
    element("td", {class: "wrap", colspan: columns.length - 4}, failureText(rows)));
}

// The lines of one method: its best row; all rows if it is open.
function methodLines(method, columns) {
  const good = method.rows.filter(isOk);
  const isOpen = state.list("open").includes(method.name);
  const toggle = () => {
    const open = state.list("open").filter((name) => name !== method.name);
    state.set({open: (isOpen ? open : [...open, method.name]).join(",")});
    document.getElementById("open-" + method.name).focus();
  };
  const several = method.rows.length > 1 && good.length > 0;
  const name = several
    ? element("button", {class: "open", id: "open-" + method.name, "aria-expanded": String(isOpen), onclick: toggle,
      title: hyperparameterText(method.hyperparameters)}, method.name)
    : element("span", {title: hyperparameterText(method.hyperparameters)}, method.name);
  const nameCell = element("th", {class: "text", scope: "row"}, name);
  if (good.length === 0) return [failedLine(method.rows, columns, nameCell, false)];
  const lines = [rankingLine(good[0], columns, nameCell, {})];
  if (!isOpen) return lines;
  for (const row of method.rows) {
    const inner = element("th", {class: "text", scope: "row"}, element("span", {class: "hidden"}, method.name));
    lines.push(isOk(row) ? rankingLine(row, columns, inner, {class: "inner"}) : failedLine([row], columns, inner, true));
  }
  if (method.hyperparameters) {
    lines.push(element("tr", {class: "inner"}, element("td"), element("td"),
      element("td", {class: "wrap soft", colspan: columns.length - 2}, "Besides: " + hyperparameterText(method.hyperparameters))));
  }
  return lines;
}

const rankingKeys = {sort: "sort", dir: "dir"};

function sortedMethods(columns) {
  const column = columns.find((one) => one.key === state.get("sort") && !one.fixed) || columns[0];
  const valueOf = (method) => {
    if (column.key === "name") return method.name;
    const good = method.rows.find(isOk);
    return good ? column.value(good) : null;
  };
  return sortedBy(methodsNow(), valueOf, state.get("dir"));
}

function drawRanking() {
  state.follow(["setting"], () => {
    const setting = settingNow();
    document.getElementById("facts").replaceChildren(...setting.facts.flatMap(
      ([label, text]) => [element("dt", {}, label), element("dd", {}, text)]));
    document.getElementById("ranking-note").textContent = setting.not_ranked
      ? `${settingTitle(setting)} is shown, not ranked: ${setting.not_ranked}.`
      : `${settingTitle(setting)}: one line a method, with the tuner that ranks highest, the cheapest one of several. A rank is the range of places among all entries that the data leave open; rows whose ranges overlap are tied.`;
  });
  state.follow(["setting", "q", "sort", "dir", "open"], () => {
    const setting = settingNow();
    const scale = scoreScale(setting);
    const columns = rankingColumns(setting, scale);
    const methods = sortedMethods(columns);
    const lines = methods.flatMap((method) => methodLines(method, columns));
    if (lines.length === 0) {
      lines.push(element("tr", {}, element("td", {class: "text none", colspan: columns.length}, "No method has such a name.")));
    }
    document.getElementById("ranking-table").replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, columns.map((column) => (column.fixed
        ? element("th", {scope: "col", class: "text"}, column.title()) : sortButton(column, rankingKeys))))),
      element("tbody", {}, lines)));
  });
}
