// SPDX-License-Identifier: Apache-2.0
// What a visitor does with the page, in a real browser.
import assert from "node:assert/strict";
import {mkdtempSync, readFileSync, realpathSync, statSync} from "node:fs";
import {createRequire} from "node:module";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {gunzipSync} from "node:zlib";

const [site, hostile, packages] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(realpathSync(packages), "from_here.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const folder = mkdtempSync(join(process.env.TEST_TMPDIR || "/tmp", "browser-"));
const browser = await puppeteer.launch({
  executablePath: "/usr/bin/chromium", headless: true, userDataDir: join(folder, "profile"),
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

// A page that notes everything that went wrong.
async function open(path, hash = "", {width = 1200, scheme = "light"} = {}) {
  const page = await browser.newPage();
  page.faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.faults.push("console: " + message.text());
  });
  page.on("pageerror", (error) => page.faults.push("error: " + error.message));
  page.on("requestfailed", (request) => page.faults.push("failed: " + request.url()));
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) page.faults.push("request: " + request.url());
  });
  await page.setViewport({width, height: 900});
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  await page.goto(pathToFileURL(path).href + hash);
  await page.waitForSelector("#settings label");  // the data are unpacked
  return page;
}

// Draws what is drawn only when it comes near.
async function scrollThrough(page) {
  await page.evaluate(async () => {
    document.documentElement.style.scrollBehavior = "auto";
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
      scrollTo(0, y);
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
    }
    scrollTo(0, 0);
  });
}

const texts = (page, selector) => page.$$eval(selector, (nodes) => nodes.map((node) => node.textContent.replace(/\u200b/g, "").trim()));
const methodNames = (page) => texts(page, "#ranking-table tbody tr:not(.inner) th");

let passed = 0;
const failures = [];
async function test(name, run) {
  try {
    await run();
    ++passed;
    console.log("ok    " + name);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}

const packed = /id="data">(.*?)<\/script>/s.exec(readFileSync(site, "utf8"))[1];
const data = JSON.parse(gunzipSync(Buffer.from(packed, "base64")));
// The setting with the most methods that have a curve.
const busiest = data.settings.reduce((a, b) => (b.methods.filter((m) => m.curve).length > a.methods.filter((m) => m.curve).length ? b : a));

await test("the page is below 1.5 MB", () => assert.ok(statSync(site).size < 1.5e6, `${statSync(site).size} bytes`));

await test("it opens without a fault or a request", async () => {
  const page = await open(site);
  await scrollThrough(page);
  assert.equal((await texts(page, "h1"))[0], "Attribench");
  assert.equal((await texts(page, "#settings label")).length, data.settings.length);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime));
  console.log(`      first paint after ${Math.round(paint[0])} ms`);
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("columns sort, up and down", async () => {
  const page = await open(site, "#setting=" + busiest.name);
  const before = await methodNames(page);
  assert.equal(before.length, busiest.methods.length);
  await page.click("#sort-name");
  const sorted = await methodNames(page);
  assert.deepEqual(sorted, [...before].sort());
  assert.equal(await page.$eval("th:has(#sort-name)", (th) => th.ariaSort), "ascending");
  await page.click("#sort-name");
  assert.deepEqual(await methodNames(page), [...sorted].reverse());
  assert.match(page.url(), /sort=name&dir=descending/);
  await page.click("#sort-lds");
  const scores = (await texts(page, "#ranking-table tbody tr:not(.failed) td:nth-child(5)")).map(parseFloat);
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("the answers sort too", async () => {
  const page = await open(site, "#setting=" + busiest.name);
  const shares = async () => (await texts(page, "#answer-table tbody td:nth-child(4)")).map(parseFloat).filter((share) => !isNaN(share));
  const before = await shares();
  await page.click("#answersort-share");
  assert.deepEqual(await shares(), [...before].sort((a, b) => b - a));
  await page.click("#answersort-share");
  assert.deepEqual(await shares(), [...before].sort((a, b) => a - b));
  assert.match(page.url(), /answersort=share/);
  assert.equal(await page.$eval("th:has(#answersort-share)", (th) => th.ariaSort), "ascending");
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("a row shows what it is tied with", async () => {
  const ranked = data.settings.find((setting) => setting.methods[0].rows[0].rank);
  if (!ranked) return;
  const page = await open(site, "#setting=" + ranked.name);
  const line = await page.$("#ranking-table tbody tr");
  await line.hover();
  const [low, high] = ranked.methods[0].rows[0].rank;
  const expected = ranked.methods.filter((method) => method.rows[0].rank && method.rows[0].rank[0] <= high && low <= method.rows[0].rank[1]);
  assert.deepEqual(await texts(page, "#ranking-table tr.tied th"), expected.map((method) => method.name));
  assert.equal((await texts(page, "#ranking-table tbody tr:first-child td:nth-child(2)"))[0], String(expected.length - 1));
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("the filter leaves methods whose names contain a word", async () => {
  const page = await open(site, "#setting=" + busiest.name);
  await page.type("#filter", "FISHER, random");
  const expected = busiest.methods.map((method) => method.name).filter((name) => /fisher|random/.test(name));
  assert.deepEqual(await methodNames(page), expected);
  await page.$eval("#filter", (input) => { input.value = "nothing_like_it"; input.dispatchEvent(new Event("input")); });
  assert.match((await texts(page, "#ranking-table tbody"))[0], /No method has such a name/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

const several = busiest.methods.find((method) => method.rows.filter((row) => row.status === "ok").length > 1);

await test("a method opens to its tuners, by mouse and by keyboard", async () => {
  const page = await open(site, "#setting=" + busiest.name);
  const button = "#open-" + several.name;
  await page.click(button);
  assert.equal(await page.$eval(button, (node) => node.ariaExpanded), "true");
  const tuners = await texts(page, "#ranking-table tr.inner:has(th) td:nth-child(4)");
  assert.deepEqual(tuners, several.rows.map((row) => row.tuners.join(", ")));
  await page.keyboard.press("Enter");  // the focus stays on the button
  assert.equal(await page.$eval(button, (node) => node.ariaExpanded), "false");
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("a link leads to a state", async () => {
  const page = await open(site);
  await page.evaluate((hash) => {
    const link = document.createElement("a");
    link.href = hash;
    link.id = "state-link";
    link.textContent = "state";
    document.body.prepend(link);
  }, `#setting=${busiest.name}&q=${several.name}&open=${several.name}&theme=dark&unit=cpu`);
  await page.click("#state-link");
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  assert.equal(await page.$eval("#settings input:checked", (input) => input.value), busiest.name);
  assert.equal(await page.$eval("#filter", (input) => input.value), several.name);
  assert.equal(await page.$eval("#cost-unit", (input) => input.value), "cpu");
  assert.equal(await page.$eval("#open-" + several.name, (node) => node.ariaExpanded), "true");
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("a point tells what it is", async () => {
  const page = await open(site, "#setting=" + busiest.name);
  const dot = await page.$("#cost-chart g[data-mark=dot] path");
  await dot.scrollIntoView();
  const box = await dot.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForSelector("#cost-chart g[aria-label=tip] text");
  const told = (await texts(page, "#cost-chart g[aria-label=tip]"))[0];
  assert.ok(busiest.methods.some((method) => told.startsWith(method.name)), told);
  assert.match(told, /operations/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

await test("curves show the same damping in all panels", async () => {
  const page = await open(site, "#setting=" + busiest.name);
  await page.$eval("#curves", (node) => node.scrollIntoView({behavior: "instant"}));
  await page.waitForSelector(".panel figure");
  const panels = busiest.methods.filter((method) => method.curve && method.curve.damping.length > 1);
  assert.equal((await page.$$(".panel")).length, panels.length);
  await page.focus(".panel figure");
  await page.keyboard.press("ArrowRight");
  const told = await texts(page, ".panel p");
  assert.ok(told.every((text) => text.startsWith("at ")), told.join("\n"));
  await page.keyboard.press("Escape");
  assert.match((await texts(page, ".panel p"))[0], /^best /);
  const figure = await page.$(".panel figure");
  const box = await figure.boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60);
  assert.match((await texts(page, ".panel p"))[0], /^at /);
  await page.click(".panel h3 button");
  assert.equal((await page.$$(".panel")).length, 1);
  assert.match(page.url(), /panel=/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

const studied = data.settings.find((setting) => setting.studies);

await test("the sensitivity study shows a hyperparameter and its heat map", async () => {
  const page = await open(site, studied ? "#setting=" + studied.name : "");
  if (!studied) {
    assert.ok(await page.$eval("#sensitivity", (node) => node.hidden));
    return page.close();
  }
  const costs = (await texts(page, "#sensitivity-table tbody td:nth-child(3)")).map(parseFloat);
  assert.ok(costs.length > 1);
  assert.deepEqual(costs, [...costs].sort((a, b) => b - a));
  const damped = studied.studies.find((study) => study.damping && new Set(study.points.filter((point) => point.curve).map((point) => point.hyperparameter)).size > 1);
  const name = damped.points.find((point) => point.hyperparameter && point.curve).hyperparameter;
  await page.select("#study-choice", `${damped.method}.${name}`);
  assert.match(page.url(), new RegExp(`study=${damped.method}\\.${name}`));
  const cells = await page.$$("#study-chart g[data-mark=cell] rect");
  const rows = damped.points.filter((point) => point.curve && ["", name].includes(point.hyperparameter)).length;
  assert.equal(cells.length, rows * damped.damping.filter((value) => value > 0).length);
  assert.deepEqual(page.faults, []);
  await page.close();
});

const removed = data.settings.find((setting) => setting.removals);

await test("removal has a mark for each tuner, a table, and a link where there is none", async () => {
  const page = await open(site, removed ? "#setting=" + removed.name : "");
  if (!removed) {
    assert.ok(await page.$eval("#removal", (node) => node.hidden));
    return page.close();
  }
  const points = removed.removals.methods.flatMap((one) => one.points);
  const marks = points.filter((point) => point.fall).flatMap((point) => point.tuners).length;
  assert.equal((await page.$$("#removal-chart g[data-mark=dot] path")).length, marks);
  await page.click("#removal summary");
  assert.equal((await page.$$("#removal-table tbody tr")).length, points.length);
  await page.type("#filter", "nothing_like_it");
  assert.match((await texts(page, "#removal-chart"))[0], /No method has such a name/);
  const other = data.settings.find((setting) => !setting.removals);
  if (other) {
    await page.evaluate((name) => { location.hash = "#setting=" + name; }, other.name);
    await page.waitForSelector("#removal-sentences a");
    await page.click("#removal-sentences a");
    await page.waitForFunction((name) => document.querySelector("#settings input:checked").value === name, {}, removed.name);
  }
  assert.deepEqual(page.faults, []);
  await page.close();
});

for (const [scheme, width] of [["light", 1200], ["dark", 1200], ["light", 390], ["dark", 390]]) {
  await test(`no serious accessibility fault, ${scheme}, ${width} px wide`, async () => {
    const page = await open(site, `#setting=${busiest.name}&open=${several.name}`, {width, scheme});
    await scrollThrough(page);
    await page.evaluate(axe);
    const {violations} = await page.evaluate(() => window.axe.run(document, {resultTypes: ["violations"]}));
    const serious = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
    assert.deepEqual(serious.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`), []);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px wider than the window`);
    assert.deepEqual(page.faults, []);
    await page.close();
  });
}

await test("names and messages stay text", async () => {
  const page = await open(hostile);
  await scrollThrough(page);
  await page.$$eval("button.open", (buttons) => buttons.forEach((button) => button.click()));
  assert.equal(await page.title(), "Attribench: training-data attribution, tuning included");
  assert.equal((await page.$$("main img, main script")).length, 0);
  assert.match((await methodNames(page))[0], /^sharp<img src=x/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

await browser.close();
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
