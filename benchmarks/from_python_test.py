# SPDX-License-Identifier: Apache-2.0
"""Runs evaluators/from_python.md: its Python as it stands, its commands with the programs built here.

from_python_test.py PAGE EXPORT_EXAMPLES EVALUATE SELECT_DAMPING IMPORT_ZOO RUN
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
import unittest
from pathlib import Path

import torch

PAGE, PROGRAMS = sys.argv[1], dict(zip(["export_examples", "evaluate", "select_damping", "import_zoo", "run"],
                                       map(os.path.abspath, sys.argv[2:7])))
FOLDER = os.environ["TEST_TMPDIR"]
OUTPUT = {}  # of the page's commands, by program


def program(name, *arguments):
    """Runs a program in FOLDER; returns its exit code, and what it printed."""
    done = subprocess.run([PROGRAMS[name], *arguments], env={**os.environ, "BUILD_WORKING_DIRECTORY": FOLDER},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def run_page():
    """Runs all blocks of the page, and returns the names that its Python has defined."""
    blocks = re.findall(r"^```(python|sh|proto)\n(.*?)^```", Path(PAGE).read_text(), re.M | re.S)
    # The package may not be installed: the page's own lines stand in for it.
    stand_in = types.ModuleType("safetensors.torch")
    stand_in.torch = torch
    exec(blocks[-1][1], vars(stand_in))
    sys.modules["safetensors"] = types.ModuleType("safetensors")
    sys.modules["safetensors.torch"] = stand_in
    names = {}
    shutil.copytree("datasets/zoo/glyphs_mlp", os.path.join(FOLDER, "datasets/zoo/glyphs_mlp"))
    home = os.getcwd()
    for kind, text in blocks[:-1]:
        if kind == "proto":
            Path(FOLDER, "mine.textproto").write_text(text)
            continue
        if kind == "python":
            os.chdir(FOLDER)
            exec(text, names)
            os.chdir(home)
            continue
        for line in text.splitlines():
            bazel, run, label, dashes, *arguments = shlex.split(line)
            name = label.removeprefix("//:")
            assert (bazel, run, dashes) == ("bazel", "run", "--"), line
            code, output = program(name, *arguments)
            assert code == 0, line + "\n" + output
            OUTPUT[name + " " + " ".join(arguments)] = output
    return names


def result(method, folder="out/results", setting="glyphs_mlp"):
    return Path(FOLDER, folder, setting, method + ".textproto").read_text()


def entry(text, tuner):
    """The part of a result that is of one tuner."""
    return next(part for part in re.split(r"^entries \{", text, flags=re.M) if f'tuner: "{tuner}"' in part)


def number(text, field):
    return float(re.search(rf"\b{field}: (\S+)", text).group(1))


def lds(text):
    return float(re.search(r'name: "lds"\s+estimate \{\s+value: (\S+)', text).group(1))


# ---- The suite's random numbers and its sparse projection, written again from their descriptions
# ---- in datasets/random_stream.h and methods/gradients/projection.h


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def splitmix64(x):
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


def philox(counter, key):
    for _ in range(10):
        first, third = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [third >> 32 ^ counter[1] ^ key[0], third % 2**32, first >> 32 ^ counter[3] ^ key[1], first % 2**32]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter


def stream64(seed, purpose, indices):
    """Yields the numbers that RandomStream::Next64 gives."""
    key = splitmix64(fnv1a(purpose) ^ seed)
    for index in indices:
        key = splitmix64(key ^ index)
    block = 0
    while True:
        words = philox([block % 2**32, block >> 32, 0, 0], [key % 2**32, key >> 32])
        yield words[0] | words[1] << 32
        yield words[2] | words[3] << 32
        block += 1


def sparse_projection(seed, dimension):
    """P [parameters, dimension] of glyphs_mlp's model; parameters as in its checkpoint's file, by name."""
    matrix = torch.zeros(32 + 32 * 784 + 10 + 10 * 32, dimension, dtype=torch.double)
    first_bias = 0
    for layer, (units, inputs) in enumerate([(32, 784), (10, 32)]):
        first_weight = first_bias + units
        for unit in range(units):
            draws = stream64(seed, "projection", [layer, unit])
            for i in range(inputs + 1):  # the bias comes last
                draw = next(draws)
                row = first_weight + unit * inputs + i if i < inputs else first_bias + unit
                matrix[row, (draw >> 32) * dimension >> 32] = 1 if draw & 1 else -1
        first_bias = first_weight + units * inputs
    return matrix


class FromPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.names = run_page()
        code, output = program("run", "--setting=glyphs_mlp", "--output=own", "--threads=1",
                               "--methods=grad_dot,fisher,fisher_projected")
        assert code == 0, output
        cls.save = staticmethod(sys.modules["safetensors.torch"].save_file)

    def test_grad_dot_is_that_of_the_suite(self):
        mine, own = result("my_grad_dot"), result("grad_dot", "own")
        self.assertAlmostEqual(lds(mine), lds(own), delta=1e-6)

    def test_grid_search_chooses_among_the_dampings_of_the_file(self):
        text = result("my_fisher")
        chosen = number(entry(text, "grid_search_50"), "absolute_damping")
        self.assertIn(chosen, (1e-5, 1e-4, 1e-3, 1e-2))
        self.assertEqual(number(entry(text, "default"), "absolute_damping"), 1e-3)
        self.assertGreater(lds(entry(text, "grid_search_50")), 0.3)
        output = next(text for call, text in OUTPUT.items() if "my_fisher" in call)
        self.assertIn("Not run, as they need more than scores: held_out, mean_eigenvalue, surrogate_indicator", output)

    def test_held_out_of_gradients_is_that_of_fisher(self):
        # The suite's tuner sees the tuning block: the even test examples.
        self.save({"phi": self.names["test"][::2].float()}, os.path.join(FOLDER, "even.safetensors"))
        code, output = program("select_damping", "--train=phi.safetensors", "--test=even.safetensors", "--json=even.json")
        self.assertEqual(code, 0, output)
        mine = json.loads(Path(FOLDER, "even.json").read_text())
        own = entry(result("fisher", "own"), "held_out")
        self.assertAlmostEqual(mine["blocks"][0]["damping"] / number(own, "absolute_damping"), 1, delta=1e-6)
        self.compare_curves(mine, own)

    def test_held_out_of_projected_gradients_is_that_of_fisher_projected(self):
        seed = next(stream64(1, "fisher_projected", [0]))
        matrix = sparse_projection(seed, 2048)
        for name, rows in (("projected", self.names["train"]), ("projected_test", self.names["test"][::2])):
            self.save({"phi": (rows @ matrix).float()}, os.path.join(FOLDER, name + ".safetensors"))
        code, output = program("select_damping", "--train=projected.safetensors", "--test=projected_test.safetensors",
                               "--json=projected.json")
        self.assertEqual(code, 0, output)
        mine = json.loads(Path(FOLDER, "projected.json").read_text())
        own = entry(result("fisher_projected", "own"), "held_out")
        self.assertAlmostEqual(mine["blocks"][0]["damping"] / number(own, "absolute_damping"), 1, delta=1e-6)
        self.compare_curves(mine, own)

    def compare_curves(self, mine, own):
        values = [float(value) for value in re.findall(r"criterion \{[^}]*\bvalue: (\S+)", own)]
        self.assertEqual(len(values), len(mine["curve"]))
        compared = 0
        for point, value in zip(mine["curve"], values):
            if point["damping"] < 0.1:
                continue  # float32 rounding of both is divided by the damping
            self.assertAlmostEqual(point["value"] / value, 1, delta=1e-3)
            compared += 1
        self.assertEqual(compared, 11)

    def expect_same_measurements(self, a, b):
        """Values of every test example and effects of every subset: equal ones have equal ranks."""
        metrics = [re.findall(r"^  metrics \{.*?^  \}", text, re.M | re.S) for text in (a, b)]
        self.assertGreater(len(metrics[0]), 0)
        by_name = [[block for block in blocks if 'name: "lds"' in block] for blocks in metrics]
        self.assertEqual(*by_name)
        self.assertEqual(*(re.search(r'metrics \{\s+name: "lds".*?ceiling \{.*?\}', text, re.S).group(0) for text in (a, b)))

    def test_an_imported_zoo_measures_as_the_original(self):
        self.expect_same_measurements(result("my_scores", setting="my_models"), result("my_grad_dot"))

    def test_so_does_mnist_lr_stripped_to_what_a_stranger_has(self):
        load = sys.modules["safetensors.torch"].load_file
        truth = load("datasets/zoo/mnist_lr/ground_truth.safetensors")
        subsets, outputs = truth["subsets"], truth["negative_loss"]
        numbers = subsets.long().argsort(dim=1, descending=True, stable=True)[:, :2500].contiguous()
        self.save({"subsets": numbers}, os.path.join(FOLDER, "numbers.safetensors"))
        self.save({"outputs": outputs}, os.path.join(FOLDER, "outputs_lr.safetensors"))
        Path(FOLDER, "lr.textproto").write_text(
            'name: "stranger" imported: true dataset { name: "x" num_train: 5000 num_test: 500 } '
            "subset_plan { num_subsets: 100 num_seeds: 5 }")
        code, output = program("import_zoo", "--setting=lr.textproto", "--subsets=numbers.safetensors",
                               "--outputs=outputs_lr.safetensors", "--training_cpu_seconds=2", "--output=stranger")
        self.assertEqual(code, 0, output)
        # Scores that know something: what subsets with the example give more than those without.
        mean = outputs.mean(1)
        good = subsets.float().T @ (mean - mean.mean(0))
        torch.manual_seed(1)
        scores = {f"damping={damping}": good + damping * good.std() * torch.randn_like(good) for damping in (0.5, 1.0, 2.0)}
        self.save(scores, os.path.join(FOLDER, "some.safetensors"))
        for arguments in (["--setting=mnist_lr"], ["--setting=lr.textproto", "--zoo=stranger"]):
            code, output = program("evaluate", "--scores=some.safetensors", *arguments)
            self.assertEqual(code, 0, output)
        mine, own = result("some", setting="stranger"), result("some", setting="mnist_lr")
        self.expect_same_measurements(mine, own)
        for tuner in ("grid_search_2", "grid_search_50"):
            self.assertEqual(*(number(entry(text, tuner), "absolute_damping") for text in (mine, own)))

    def test_an_imported_zoo_has_no_examples(self):
        self.expect_fault("run", "has neither examples nor a model: it is for judging scores with //:evaluate",
                          "--setting=mine.textproto", "--zoo=out/zoo/my_models", "--methods=random")
        self.expect_fault("import_zoo", "there is a zoo in ", "--setting=mine.textproto", "--subsets=subsets.safetensors",
                          "--outputs=outputs.safetensors")

    def test_each_fault_is_one_sentence(self):
        scores = self.names["train"] @ self.names["test"].T
        bad = scores.clone()
        bad[3, 5] = float("nan")
        path = os.path.join(FOLDER, "bad.safetensors")
        for tensor, sentence in (
                (scores.T.contiguous(), "is [200, 1000], the transpose of [1000 train, 200 test] of glyphs_mlp"),
                (scores[:, :100].contiguous(), "is [1000, 100], must be [1000 train, 200 test] of glyphs_mlp"),
                (scores.long(), "has type I64, must be F16, BF16, F32 or F64"),
                (bad, "has 1 scores that are not finite, the first at [3, 5]")):
            self.save({"scores": tensor}, path)
            self.expect_fault("evaluate", sentence, "--setting=glyphs_mlp", "--scores=bad.safetensors")
        self.save({"scores": scores}, path)
        os.truncate(path, os.path.getsize(path) - 100)
        self.expect_fault("evaluate", "must be ascending and end within", "--setting=glyphs_mlp", "--scores=bad.safetensors")
        self.expect_fault("evaluate", "no file ", "--setting=glyphs_mlp", "--scores=none.safetensors")
        self.expect_fault("evaluate", "glyphs_mpl", "--setting=glyphs_mpl", "--scores=bad.safetensors")
        self.expect_fault("evaluate", "must be [5000 train, 500 test] of mnist_lr", "--setting=mnist_lr",
                          "--scores=scores.safetensors")
        self.save({"phi": scores}, path)
        self.expect_fault("select_damping", "has phi of 25450 columns; ", "--train=bad.safetensors",
                          "--test=phi_test.safetensors")
        self.expect_fault("select_damping", "--train is empty", "--test=phi_test.safetensors")

    def expect_fault(self, name, sentence, *arguments):
        code, output = program(name, *arguments)
        self.assertEqual(code, 1, output)
        self.assertIn(sentence, output)
        self.assertEqual(output.count("\n"), 1, output)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
