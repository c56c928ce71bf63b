// SPDX-License-Identifier: Apache-2.0
// Tables that sort by their columns. The column and its direction are in the address.

// The keys of the address that a table sorts by: {sort: "sort", dir: "dir"}.
function sortButton(column, keys) {
  const isNow = state.get(keys.sort) === column.key;
  const id = keys.sort + "-" + column.key;
  const press = () => {
    const turned = state.get(keys.dir) === "ascending" ? "descending" : "ascending";
    state.set({[keys.sort]: column.key, [keys.dir]: isNow ? turned : column.first || "ascending"});
    document.getElementById(id).focus();
  };
  return element("th", {scope: "col", class: column.left ? "text" : null, title: column.hint,
    "aria-sort": isNow ? state.get(keys.dir) : "none"},
    element("button", {id, onclick: press}, column.title));
}

// The items by ascending or descending value; equal ones keep their order, missing values come last.
function sortedBy(items, valueOf, direction) {
  const sign = direction === "descending" ? -1 : 1;
  const keyed = items.map((item, place) => ({item, place, value: valueOf(item) ?? null}));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.place - b.place;
    return sign * (a.value < b.value ? -1 : a.value > b.value ? 1 : 0) || a.place - b.place;
  });
  return keyed.map((one) => one.item);
}
