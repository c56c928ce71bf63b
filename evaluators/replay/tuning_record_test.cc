// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/tuning_record.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/gzipped.h"
#include "datasets/formats/safetensors.h"
#include "datasets/formats/unpacked_file.h"
#include "datasets/whole_file.h"
#include "evaluators/replay/recorded_made_up.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using nlohmann::json;

std::string Path() { return testing::TempDir() + "/record" + kRecordSuffix; }

bool Same(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() &&
         (at::equal(a, b) || at::allclose(a, b, 0, 0, /*equal_nan=*/true));
}

// What a file keeps of values.
bool SameRounded(const at::Tensor& read, const at::Tensor& written) {
  return Same(read, Rounded(written));
}

// A record with curves, one of them failed, and moments of which some are missing.
SettingRecord Rich() {
  RecordedMadeUp made_up;
  made_up.fitted().broken_at = 100;
  SettingRecord record = made_up.Record();
  TuningRecord& method = record.methods.at("made_up");
  method.curves["held_out 0"] = {1, Normal(6, kTests / 2, 11), {0, 3, 0, 5e9, .25, .5}, true};
  at::Tensor values = at::arange(7, at::kDouble);
  values[2] = std::nan("");
  method.curves["out_of_bag 2"] = {0, values, {2, 0, 0, 7, 1, 0}, false};
  method.curves["one_retraining"] = {0, absl::DataLossError("no \"change\""), Cost(), false};
  method.hyperparameters = {{"rank", "8"}};
  method.default_tuners = {"held_out"};
  method.training_time = 12.5;
  return record;
}

void ExpectSameCost(const Cost& a, const Cost& b) {
  EXPECT_EQ(a.retrainings, b.retrainings);
  EXPECT_EQ(a.gradient_evaluations, b.gradient_evaluations);
  EXPECT_EQ(a.flops, b.flops);
  EXPECT_EQ(a.cpu_seconds, b.cpu_seconds);
}

TEST(RoundedTest, KeepsTwelveBits) {
  const at::Tensor values = at::tensor(
      std::vector<double>{0, -1, 4095, 1 + 1e-4, M_PI * 1e300, -M_PI * 1e-300}, at::kDouble);
  const at::Tensor rounded = Rounded(values);
  for (int64_t i = 0; i < values.numel(); ++i) {
    const double value = values[i].item<double>();
    EXPECT_LE(std::abs(rounded[i].item<double>() - value), std::ldexp(std::abs(value), -12));
  }
  EXPECT_TRUE(at::equal(rounded.slice(0, 0, 3), values.slice(0, 0, 3)));
  EXPECT_EQ(rounded[3].item<double>(), 1);
  EXPECT_TRUE(Rounded(at::full({1}, std::nan(""), at::kDouble)).isnan().item<bool>());
  EXPECT_TRUE(at::equal(Rounded(rounded), rounded));
}

TEST(TuningRecordTest, ComesBackFromItsFile) {
  const SettingRecord written = Rich();
  ASSERT_TRUE(WriteRecord(Path(), written).ok());
  const absl::StatusOr<SettingRecord> read = ReadRecord(Path());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "made_up_setting");
  EXPECT_EQ(read->digests, written.digests);
  EXPECT_EQ(read->num_subsets, kSubsets);
  EXPECT_EQ(read->num_tests, kTests);
  ASSERT_EQ(read->methods.size(), 1u);
  const TuningRecord &a = read->methods.at("made_up"), &b = written.methods.at("made_up");
  EXPECT_EQ(a.default_damping, b.default_damping);
  EXPECT_EQ(a.default_tuners, b.default_tuners);
  EXPECT_EQ(a.default_tuners, std::vector<std::string>{"held_out"});
  EXPECT_EQ(a.training_time, 12.5);
  EXPECT_EQ(a.grid, b.grid);
  EXPECT_TRUE(Same(a.lds_by_subsets, b.lds_by_subsets)) << "choices of grid search hang on it";
  EXPECT_TRUE(SameRounded(a.tuning.lds, b.tuning.lds));
  EXPECT_TRUE(SameRounded(a.tuning.effects, b.tuning.effects));
  EXPECT_TRUE(SameRounded(a.reporting.lds, b.reporting.lds));
  EXPECT_TRUE(SameRounded(a.reporting.effects, b.reporting.effects));
  for (size_t i = 0; i < a.grid.size(); ++i) {
    EXPECT_EQ(a.sums[i].exist, b.sums[i].exist);
    EXPECT_EQ(a.sums[i].tuning, b.sums[i].tuning);
    ExpectSameCost(a.sums[i].cost, b.sums[i].cost);
    // log10(0) is not finite, nor are scores at the broken damping.
    EXPECT_EQ(a.sums[i].exist.ok(), a.grid[i].value > 0 && a.grid[i].value != 100);
  }
  EXPECT_EQ(a.absolute_dampings, b.absolute_dampings);
  ASSERT_EQ(a.curves.size(), 4u);
  for (const auto& [name, curve] : b.curves) {
    const RecordedCurve& same = a.curves.at(name);
    EXPECT_EQ(same.first, curve.first);
    EXPECT_EQ(same.values.status(), curve.values.status()) << name;
    if (curve.values.ok()) {
      const bool of_tests = curve.values->dim() == 2;
      EXPECT_TRUE(Same(*same.values, of_tests ? Rounded(*curve.values) : *curve.values)) << name;
    }
    EXPECT_EQ(same.looked_at_dampings, curve.looked_at_dampings);
    ExpectSameCost(same.cost, curve.cost);
  }
  EXPECT_EQ(a.moments.together, b.moments.together);
  EXPECT_EQ(a.moments.alone, b.moments.alone);
  EXPECT_EQ(a.moments.alone.size(), 6u);
  EXPECT_TRUE(SameRounded(a.moments.values.t2, b.moments.values.t2));
  EXPECT_TRUE(std::isnan(a.moments.values.t2[4][0].item<double>()));
  ExpectSameCost(a.scoring_correction, b.scoring_correction);
  ExpectSameCost(a.many_dampings, b.many_dampings);
  EXPECT_EQ(a.hyperparameters, b.hyperparameters);
  EXPECT_EQ(a.provenance, b.provenance);
  EXPECT_TRUE(*SerializeRecord(*read) == *ReadWholeFile(Path()));
}

// Infinities, signs, and numbers that are far from their neighbours.
TEST(TuningRecordTest, ExtremeNumbersComeBackToo) {
  SettingRecord record = Rich();
  const double infinity = std::numeric_limits<double>::infinity();
  const at::Tensor values =
      at::tensor(std::vector<double>{-1e300, 1e-300, 0., -infinity, infinity, std::nan("")},
                 at::kDouble)
          .unsqueeze(1)
          .expand({6, kTests / 2})
          .contiguous();
  record.methods.at("made_up").curves["held_out 0"].values = values;
  ASSERT_TRUE(WriteRecord(Path(), record).ok());
  const absl::StatusOr<SettingRecord> read = ReadRecord(Path());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(SameRounded(*read->methods.at("made_up").curves.at("held_out 0").values, values));
}

// What reading says of the record after `change`; it must be one line and name the file.
std::string Refusal(const std::string& bytes) {
  EXPECT_TRUE(WriteWholeFile(Path(), bytes).ok());
  const absl::StatusOr<SettingRecord> read = ReadRecord(Path());
  EXPECT_FALSE(read.ok());
  const std::string message(read.status().message());
  EXPECT_TRUE(absl::StartsWith(message, Path())) << message;
  EXPECT_FALSE(absl::StrContains(message, "\n")) << message;
  return message;
}

Safetensors Content() {
  EXPECT_TRUE(WriteRecord(Path(), Rich()).ok());
  std::string bytes(1 << 20, '\0');
  auto file = UnpackedFile::Open(Path());
  bytes.resize(*file->Read(reinterpret_cast<uint8_t*>(&bytes[0]), bytes.size()));
  return *ParseSafetensors(bytes, Path());
}

std::string RefusalAfter(const std::function<void(Safetensors&)>& change) {
  Safetensors content = Content();
  change(content);
  return Refusal(*Gzipped(*SerializeSafetensors(content)));
}

TEST(TuningRecordTest, ADamagedFileIsRefused) {
  const std::string good = *SerializeRecord(Rich());
  EXPECT_TRUE(absl::StrContains(Refusal(good.substr(0, good.size() / 2)), "cannot be unpacked"));
  EXPECT_TRUE(absl::StrContains(Refusal(good + "x"), "goes on after the end"));
  EXPECT_TRUE(absl::StrContains(Refusal(""), "not a safetensors file"));
  EXPECT_TRUE(absl::StrContains(Refusal("something else, and long enough"), "not a safetensors"));
  // The checksum of gzip catches each.
  for (size_t place = 10; place < good.size(); place += good.size() / 40) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ 0x10);
    Refusal(bad);
  }
  EXPECT_TRUE(absl::IsNotFound(ReadRecord(Path() + ".none").status()));
}

TEST(TuningRecordTest, AForeignFileIsRefused) {
  EXPECT_TRUE(absl::StrContains(RefusalAfter([](Safetensors& c) { c.metadata.clear(); }),
                                "is no tuning record: its format is ''"));
  EXPECT_TRUE(absl::StrContains(
      RefusalAfter([](Safetensors& c) { c.metadata["format"] = "attribench tuning record 2"; }),
      "its format is 'attribench tuning record 2', must be 'attribench tuning record 3'"));
  EXPECT_TRUE(absl::StrContains(RefusalAfter([](Safetensors& c) { c.metadata["colour"] = "red"; }),
                                "no metadata 'colour'"));
  EXPECT_TRUE(
      absl::StrContains(RefusalAfter([](Safetensors& c) { c.tensors["weights"] = at::ones({2}); }),
                        "no tensor 'weights'"));
  EXPECT_TRUE(absl::StrContains(RefusalAfter([](Safetensors& c) { c.metadata["digests"] = "red"; }),
                                "'digests' is not there or not an object"));
  EXPECT_TRUE(absl::StrContains(RefusalAfter([](Safetensors& c) { c.metadata.erase("setting"); }),
                                "the setting's name is empty"));
}

TEST(TuningRecordTest, ATensorOfAnotherShapeTypeOrRangeIsRefused) {
  const std::string lds = "made_up/lds_by_subsets", effects = "made_up/tuning/effects";
  std::vector<std::string> names;
  for (const auto& [name, tensor] : Content().tensors) names.push_back(name);
  EXPECT_EQ(names.size(), 5u + 3 + 2);
  for (const std::string& name : names) {
    RefusalAfter([&](Safetensors& c) { c.tensors.erase(name); });
    RefusalAfter([&](Safetensors& c) { c.tensors[name] = c.tensors[name].to(at::kHalf); });
    RefusalAfter([&](Safetensors& c) { c.tensors[name] = c.tensors[name].slice(0, 1); });
    RefusalAfter([&](Safetensors& c) { c.tensors[name] = c.tensors[name].unsqueeze(0); });
    RefusalAfter([&](Safetensors& c) { c.tensors[name] = c.tensors[name].slice(0, 0, 0); });
  }
  EXPECT_TRUE(absl::StrContains(
      RefusalAfter([&](Safetensors& c) { c.tensors[effects] = c.tensors[effects].slice(1, 1); }),
      "method made_up: the effect of subsets of the tuning block is Double [7, 11], must be Double "
      "[7, 12]"));
  EXPECT_TRUE(absl::StrContains(
      RefusalAfter([&](Safetensors& c) { c.tensors[effects] = c.tensors[effects].to(at::kShort); }),
      "the tensor made_up/tuning/effects is Short [7, 12], must be Int"));
  EXPECT_TRUE(absl::StrContains(RefusalAfter([&](Safetensors& c) { c.tensors[lds][3][1] = 1.5; }),
                                "the LDS by number of subsets is too large, must be from -1 to 1"));
  for (const auto& [subsets, why] :
       {std::make_pair("25", "must be Double"), std::make_pair("2", "must be from 4 to"),
        std::make_pair("many", "the number of subsets is 'many', must be a number")}) {
    EXPECT_TRUE(absl::StrContains(
        RefusalAfter([&](Safetensors& c) { c.metadata["subsets"] = subsets; }), why));
  }
}

TEST(TuningRecordTest, ValuesThatCannotBeAreRefused) {
  const auto refusal = [](const std::function<void(TuningRecord&)>& change) {
    SettingRecord record = Rich();
    change(record.methods.at("made_up"));
    return std::string(SerializeRecord(record).status().message());
  };
  EXPECT_TRUE(absl::StrContains(
      refusal([](TuningRecord& record) { record.reporting.lds[3][1] = 1.5; }),
      "the LDS of the reporting block at damping 1 x mean eigenvalue is NaN or too large, must be "
      "from -1 to 1"));
  EXPECT_TRUE(absl::StrContains(
      refusal([](TuningRecord& record) { record.tuning.lds[3][1] = std::nan(""); }),
      "the LDS of the tuning block at damping 1 x mean eigenvalue is NaN or too large"));
  EXPECT_TRUE(absl::StrContains(
      refusal([](TuningRecord& record) { record.reporting.effects[5][0] = .1; }),
      "the effect of subsets of the reporting block at damping 100 x mean eigenvalue is there, "
      "must be NaN, as there is no LDS"));
}

// Every value of the JSON, at every depth, as something that it cannot be.
TEST(TuningRecordTest, JsonOfAnotherFormIsRefused) {
  const std::string field = "method made_up";
  const json root = json::parse(Content().metadata.at(field));
  const json flat = root.flatten();
  std::vector<std::string> paths;
  for (const auto& [path, value] : flat.items()) {
    for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
      paths.push_back(path.substr(0, end));
    }
    paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  EXPECT_GT(paths.size(), 200u);
  for (const std::string& path : paths) {
    json changed = root;
    changed[json::json_pointer(path)] = json::array({true});
    const std::string message =
        RefusalAfter([&](Safetensors& c) { c.metadata[field] = changed.dump(); });
    EXPECT_TRUE(absl::StrContains(message, "method made_up: ")) << path << ": " << message;
  }
  for (const auto& [key, value] : root.items()) {
    json changed = root;
    changed.erase(key);
    RefusalAfter([&](Safetensors& c) { c.metadata[field] = changed.dump(); });
  }
  RefusalAfter([&](Safetensors& c) { c.metadata[field] = "{"; });
  json changed = root;
  changed["grid"][3] = .01;
  EXPECT_TRUE(
      absl::StrContains(RefusalAfter([&](Safetensors& c) { c.metadata[field] = changed.dump(); }),
                        "the grid is at 0.01, must be finite, from 0 and ascending"));
  changed = root;
  changed["moments"]["first"] = 7;
  EXPECT_TRUE(
      absl::StrContains(RefusalAfter([&](Safetensors& c) { c.metadata[field] = changed.dump(); }),
                        "the first damping of the moments is number 7, must be below 7"));
}

TEST(TuningRecordTest, ARecordThatCouldNotBeReadIsNotWritten) {
  SettingRecord record = Rich();
  record.methods.at("made_up").retraining.flops = std::nan("");
  EXPECT_EQ(WriteRecord(Path(), record).message(),
            Path() + ": method made_up: the cost of one retraining is nan, must be finite");
}

TEST(RecordPathsTest, AreThoseOfRecordsInOrder) {
  const std::string folder = testing::TempDir() + "/records";
  EXPECT_EQ(RecordPaths(folder).status().code(), absl::StatusCode::kNotFound);
  for (const char* name : {"b.tuning.safetensors.gz", "a.tuning.safetensors.gz", "a.textproto"}) {
    ASSERT_TRUE(WriteWholeFile(absl::StrCat(folder, "/", name), "").ok());
  }
  const auto paths = RecordPaths(folder);
  ASSERT_TRUE(paths.ok()) << paths.status();
  ASSERT_EQ(paths->size(), 2u);
  EXPECT_EQ(RecordName(paths->at(0)), "a");
  EXPECT_EQ(RecordName(paths->at(1)), "b");
}

TEST(MergeRecordsTest, MethodsOfTheSameFilesBecomeOneRecord) {
  const SettingRecord a = RecordedMadeUp("a").Record(), b = RecordedMadeUp("b").Record();
  const absl::StatusOr<SettingRecord> both = MergeRecords({b, a});
  ASSERT_TRUE(both.ok()) << both.status();
  ASSERT_EQ(both->methods.size(), 2u);
  EXPECT_TRUE(Same(both->methods.at("b").lds_by_subsets, b.methods.at("b").lds_by_subsets));
  EXPECT_TRUE(*SerializeRecord(*both) == *SerializeRecord(*MergeRecords({a, b})));

  EXPECT_EQ(MergeRecords({a, a}).status().message(), "two records are of method a");
  EXPECT_EQ(MergeRecords({}).status().message(), "there is no record to merge");
  SettingRecord other = b;
  other.digests["data digest"] = "ffff";
  EXPECT_EQ(MergeRecords({a, other}).status().message(),
            "method b has another data digest than the methods before it: ffff, not 0123; record "
            "them from the same files");
  other = b;
  other.digests["colour"] = "red";
  EXPECT_FALSE(MergeRecords({a, other}).ok());
  other = b;
  other.name = "elsewhere";
  EXPECT_EQ(MergeRecords({a, other}).status().message(),
            "records of the settings made_up_setting and elsewhere cannot be one");
}

}  // namespace
}  // namespace attribench
