// SPDX-License-Identifier: Apache-2.0
// What the page shows, kept in the address: #setting=mnist_mlp&sort=lds&open=trak_10,fisher. A key
// that has its default is not there.

const stateDefaults = {
  setting: "", answersort: "setting", answerdir: "ascending", q: "", sort: "rank", dir: "ascending", open: "", panel: "",
  study: "", knobs: "", unit: "flops", theme: "",
};

const state = {
  values: {...stateDefaults},
  listeners: [],

  read() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    for (const key of Object.keys(stateDefaults)) {
      this.values[key] = parameters.has(key) ? parameters.get(key) : stateDefaults[key];
    }
  },

  get(key) {
    return this.values[key];
  },

  list(key) {
    return this.values[key].split(",").filter((name) => name !== "");
  },

  set(changes) {
    Object.assign(this.values, changes);
    history.replaceState(null, "", this.link({}) || location.pathname + location.search);
    this.tell(Object.keys(changes));
  },

  // The address with changes, for links.
  link(changes) {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries({...this.values, ...changes})) {
      if (value !== stateDefaults[key]) parameters.set(key, value);
    }
    const text = parameters.toString().replace(/%2C/g, ",");
    return text === "" ? "" : "#" + text;
  },

  // Calls `update` at once, and whenever one of these keys changes.
  follow(keys, update) {
    this.listeners.push([keys, update]);
    update();
  },

  tell(changed) {
    for (const [keys, update] of this.listeners) {
      if (keys.some((key) => changed.includes(key))) update();
    }
  },
};

addEventListener("hashchange", () => {
  const before = {...state.values};
  if (/^#[\w-]+$/.test(location.hash)) return;  // a place in the page
  state.read();
  state.tell(Object.keys(before).filter((key) => before[key] !== state.values[key]));
});
