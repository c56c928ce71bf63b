// SPDX-License-Identifier: Apache-2.0
// What the numbers were made from, and the command that makes them again.

const originLabels = [
  ["program_version", "program version (SHA-256 of its sources)"], ["build_mode", "build mode"],
  ["torch_version", "LibTorch"], ["date", "last run"], ["zoo_recipe_digest", "recipe of the zoo"],
  ["ground_truth_digest", "SHA-256 of the ground truth"], ["data_digest", "SHA-256 of the data"],
];

function originParts(setting) {
  return setting.origins.flatMap((origin) => {
    const known = originLabels.filter(([key]) => origin[key]);
    return [
      setting.origins.length > 1 ? element("p", {class: "soft"}, origin.methods.join(", ")) : null,
      known.length === 0
        ? element("p", {}, "These results say nothing of the program and the files that they were made with.")
        : element("dl", {}, known.flatMap(([key, label]) => [element("dt", {}, label), element("dd", {}, element("code", {}, origin[key]))])),
    ];
  });
}

function drawOrigin() {
  state.follow(["setting"], () => {
    const setting = settingNow();
    const seeds = new Set(setting.methods.flatMap((method) => (method.hyperparameters && method.hyperparameters.seed) || []));
    const seedText = seeds.size > 0 ? `Methods with random numbers used the seed ${[...seeds].join(", ")}. ` : "";
    document.getElementById("origin-text").replaceChildren(
      element("p", {}, `Tuners choose on one half of the test examples and of the retrained models of ${setting.name}; every number
        here comes from the other half. ${seedText}The subsets, their seeds and the recipe are in
        datasets/settings/${setting.name}.textproto. This makes the results again, and this page of them:`),
      element("pre", {tabindex: "0"}, `bazel run //:run -- --setting=${setting.name} --output=out/results\n` +
        "bazel run //:page -- --results=out/results --output=out/leaderboard"),
      ...originParts(setting).filter((part) => part !== null),
      element("h3", {}, "Add an entry"),
      element("p", {}, "A method is a folder with a .cc file, a file that names its hyperparameters, and one Bazel target; it works from a workspace of your own too. Run it, and add its results to the folder of results:"),
      element("pre", {tabindex: "0"}, `bazel run //methods/my_method:my_method_run -- --setting=${setting.name} --output=out/results`));
  });
}
