// SPDX-License-Identifier: Apache-2.0
// Puts the page together.

function drawControls() {
  const tabs = document.getElementById("settings");
  for (const setting of settings) {
    const input = element("input", {type: "radio", name: "setting", value: setting.name});
    input.addEventListener("change", () => state.set({setting: setting.name, open: "", panel: ""}));
    tabs.append(element("label", {}, input, element("span", {}, settingTitle(setting))));
  }
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => state.set({q: filter.value}));
  const theme = document.getElementById("theme");
  theme.addEventListener("change", () => state.set({theme: theme.value}));
  state.follow(["setting", "q", "theme"], () => {
    for (const input of tabs.querySelectorAll("input")) input.checked = input.value === settingNow().name;
    if (filter.value !== state.get("q")) filter.value = state.get("q");
    theme.value = state.get("theme");
    if (["light", "dark"].includes(state.get("theme"))) document.documentElement.dataset.theme = state.get("theme");
    else delete document.documentElement.dataset.theme;
  });
}

function drawSynthetic() {
  const names = settings.filter((setting) => setting.synthetic).map((setting) => setting.name);
  const note = document.getElementById("synthetic");
  state.follow(["setting"], () => {
    note.hidden = names.length === 0;
    note.textContent = settingNow().synthetic
      ? `SYNTHETIC: the data of ${settingNow().name} are made by code, not collected. Its numbers show that things work, not how methods rank.`
      : `The data of ${names.join(", ")} are synthetic: made by code, not collected.`;
  });
}

function drawPage() {
  state.read();
  drawControls();
  drawSynthetic();
  drawRanking();
  drawAnswer();
  drawCost();
  drawSensitivity();
  drawRemoval();
  drawBudget();
  drawOrigin();
  drawCurves();
  // Charts fit the new width when the window has come to rest.
  let width = innerWidth, timer = 0;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (innerWidth === width) return;
      width = innerWidth;
      drawAnswerChart(document.getElementById("answer-chart"));
      state.tell(["q"]);
    }, 150);
  });
}

if (settings.length > 0) drawPage();
