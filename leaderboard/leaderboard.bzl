# SPDX-License-Identifier: Apache-2.0
"""A leaderboard as a build target."""

def leaderboard(name, methods, settings, tuners = ["@attribench//evaluators/tuners"], **kwargs):
    """Runs methods in settings, live, and ranks them.

    Gives `:<name>`, the files <name>/LEADERBOARD.md and <name>/leaderboard.json, and `:<name>_run`,
    the program that ran the methods.

    Args:
      name: the target's name.
      methods: labels of attribution_method targets, or of libraries that gather them.
      settings: labels of model_zoo targets: "//datasets:glyphs_mlp".
      tuners: labels of tuner targets; default: every tuner of Attribench.
      **kwargs: passed on to the files' target (visibility, tags).
    """
    native.cc_binary(
        name = name + "_run",
        tags = ["manual"],
        deps = methods + tuners + ["@attribench//benchmarks:run_main"],
    )
    steps = []
    sources = []
    for setting in settings:
        parts = {part: "%s_%s" % (setting, part) for part in ["setting", "zoo", "data"]}
        sources.extend(parts.values())
        steps.append("""
zoo=$$(for file in $(locations {zoo}); do case $$file in */manifest.textproto) dirname $$file;; esac; done)
data=$$(for file in $(locations {data}); do dirname $$(dirname $$file); done | head -n 1)
$(location :{name}_run) --setting=$(location {setting}) --zoo=$$zoo --data_root=$$data --output=$$results 2>$$results/log ||
    {{ cat $$results/log >&2; exit 1; }}
""".format(name = name, **parts))
    native.genrule(
        name = name,
        srcs = sources,
        outs = [
            name + "/LEADERBOARD.md",
            name + "/leaderboard.json",
        ],
        cmd = "results=$$(mktemp -d); trap 'rm -rf $$results' EXIT\n" + "".join(steps) +
              "$(location @attribench//leaderboard) --results=$$results --output=$(RULEDIR)/%s >/dev/null" % name,
        tools = [
            ":%s_run" % name,
            "@attribench//leaderboard",
        ],
        **kwargs
    )
