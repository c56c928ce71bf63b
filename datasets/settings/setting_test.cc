// SPDX-License-Identifier: Apache-2.0
#include "datasets/settings/setting.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// The settings of the repository, with the digests that the manifests of their zoos record. A new
// field of Setting must not change the digest of a setting without it.
const std::pair<const char*, const char*> kSettings[] = {
    {"cifar10_cnn", "331124fec9d8c6be7e7c3925639c504ce1bec8f9d29610ebd4b990fc22fa9b64"},
    {"cifar10_resnet9", "a402b32c1a6550dcc77ce0947fd6281bd28784892b2616e20bb0ad0ab8e8ecf5"},
    {"cifar2_resnet9", "845209f77c12ce3939fcb37d8bd79a890975288a4f1b2c856a341dc8b91fa616"},
    {"glyphs_mlp", "bf0bcb0c2c2a6a7b536f2d9d0b495ee3565ed489e701a75f06486d21ee3ebeb2"},
    {"mnist_lr", "4be858b6f767ea88d0ed1454ed38b027252dd9770bf5200b3a98e4a7e020cac2"},
    {"mnist_mlp", "1f7b0cfca5745dadbd343f8239317d388f36e47add675dc21ad038fabdb610d4"},
    {"mnist_wide", "e45c85539ba4d1711ed38a73513400c9d3ca05ec308bcb8e78bffacd9112ee17"},
};

TEST(SettingTest, EverySettingOfTheRepositoryIsValidAndHasTheDigestOfItsZoo) {
  for (const auto& [name, digest] : kSettings) {
    const absl::StatusOr<Setting> setting = LoadSetting(name);
    ASSERT_TRUE(setting.ok()) << setting.status();
    EXPECT_EQ(setting->name(), name);
    EXPECT_EQ(RecipeDigest(*setting), digest) << name;
  }
}

TEST(SettingTest, UnknownNameListsTheKnown) {
  const absl::Status status = LoadSetting("mnist_mpl").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "mnist_mpl"));
  EXPECT_TRUE(absl::StrContains(std::string(status.message()),
                                "cifar2_resnet9, glyphs_loo, glyphs_mlp, glyphs_noisy, mnist_lr"));
}

TEST(SettingTest, MalformedFileNamesItsLine) {
  const std::string path = testing::TempDir() + "/bad.textproto";
  std::ofstream(path) << "name: \"bad\"\nno_such_field: 3\n";
  const absl::Status status = LoadSetting(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "line 2")) << status;
}

TEST(SettingTest, EveryNumberOutOfBoundsIsNamed) {
  const Setting good = *LoadSetting("glyphs_mlp");
  const auto expect_refused = [&](const char* field, auto change) {
    Setting setting = good;
    change(setting);
    const absl::Status status = ValidateSetting(setting);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), field)) << status;
  };
  expect_refused("num_train", [](Setting& s) { s.mutable_dataset()->set_num_train(0); });
  expect_refused("num_test", [](Setting& s) { s.mutable_dataset()->set_num_test(-1); });
  expect_refused("standard_deviation",
                 [](Setting& s) { s.mutable_dataset()->set_standard_deviation(0, 0); });
  expect_refused("standard_deviation",
                 [](Setting& s) { s.mutable_dataset()->clear_standard_deviation(); });
  expect_refused("first_label",
                 [](Setting& s) { s.mutable_dataset()->mutable_idx()->set_first_label(-1); });
  for (const int64_t first : {-1, 1}) {  // glyphs have no file
    expect_refused("first_train", [&](Setting& s) { s.mutable_dataset()->set_first_train(first); });
    expect_refused("first_test", [&](Setting& s) { s.mutable_dataset()->set_first_test(first); });
  }
  for (const double fraction : {-0.1, 1., std::nan("")}) {
    expect_refused("label_noise.fraction", [&](Setting& s) {
      s.mutable_dataset()->mutable_label_noise()->set_fraction(fraction);
    });
  }
  expect_refused("learning_rate", [](Setting& s) { s.mutable_recipe()->set_learning_rate(-0.1); });
  expect_refused("momentum", [](Setting& s) { s.mutable_recipe()->set_momentum(1); });
  expect_refused("epochs", [](Setting& s) { s.mutable_recipe()->set_epochs(0); });
  expect_refused("batch_size", [](Setting& s) { s.mutable_recipe()->set_batch_size(0); });
  expect_refused("subset_fraction",
                 [](Setting& s) { s.mutable_subset_plan()->set_subset_fraction(1); });
  expect_refused("leave_one_out",
                 [](Setting& s) { s.mutable_subset_plan()->set_leave_one_out(true); });
  expect_refused("num_subsets", [](Setting& s) {
    s.mutable_subset_plan()->clear_subset_fraction();
    s.mutable_subset_plan()->set_leave_one_out(true);
    s.mutable_subset_plan()->set_num_subsets(s.dataset().num_train() + 1);
  });
  expect_refused("num_seeds", [](Setting& s) { s.mutable_subset_plan()->set_num_seeds(0); });
  expect_refused("hidden_units",
                 [](Setting& s) { s.mutable_model()->mutable_mlp()->set_hidden_units(0, 0); });
  expect_refused("dropout", [](Setting& s) { s.mutable_model()->mutable_mlp()->set_dropout(1); });
  expect_refused("num_classes",
                 [](Setting& s) { s.mutable_model()->mutable_mlp()->set_num_classes(1); });
  expect_refused("num_along_run",
                 [](Setting& s) { s.mutable_checkpoints()->set_num_along_run(7); });
  expect_refused("num_along_run", [](Setting& s) {
    s.mutable_checkpoints()->set_num_along_run(3);
    s.mutable_checkpoints()->set_num_full_data(0);
  });
  expect_refused("source", [](Setting& s) { s.mutable_dataset()->clear_source(); });
  expect_refused("architecture", [](Setting& s) { s.mutable_model()->clear_architecture(); });
}

TEST(SettingTest, AnImportedSettingNeedsNoRecipe) {
  Setting setting;
  setting.set_name("mine");
  setting.set_imported(true);
  setting.mutable_dataset()->set_num_train(100);
  setting.mutable_dataset()->set_num_test(20);
  setting.mutable_subset_plan()->set_num_subsets(10);
  setting.mutable_subset_plan()->set_num_seeds(1);
  EXPECT_TRUE(ValidateSetting(setting).ok()) << ValidateSetting(setting);
  EXPECT_TRUE(IsForScoresOnly(setting));
  EXPECT_FALSE(IsForScoresOnly(*LoadSetting("glyphs_mlp")));
  const auto message = [&](auto change) {
    Setting changed = setting;
    change(changed);
    return std::string(ValidateSetting(changed).message());
  };
  EXPECT_EQ(message([](Setting& s) { s.mutable_recipe()->set_epochs(3); }),
            "setting mine: recipe is there, must be left out of an imported setting");
  EXPECT_EQ(message([](Setting& s) { s.mutable_checkpoints()->set_num_half_data(3); }),
            "setting mine: checkpoints.num_half_data without a model is there, must be left out of "
            "an imported setting");
  EXPECT_EQ(message([](Setting& s) { s.mutable_checkpoints()->set_num_full_data(1); }),
            "setting mine: checkpoints.num_full_data without a model is there, must be left out of "
            "an imported setting");
  EXPECT_TRUE(absl::StrContains(message([](Setting& s) { s.mutable_dataset()->set_num_train(1); }),
                                "num_train is 1"));
  EXPECT_TRUE(
      absl::StrContains(message([](Setting& s) { s.mutable_subset_plan()->set_num_subsets(3); }),
                        "num_subsets is 3"));
  EXPECT_TRUE(absl::StrContains(
      message([](Setting& s) { s.mutable_model()->mutable_mlp()->set_num_inputs(4); }),
      "standard_deviation"))
      << "a model needs its examples";
  EXPECT_NE(RecipeDigest(setting), RecipeDigest(*LoadSetting("glyphs_mlp")));
}

TEST(SettingTest, EveryNumberOfACnnOutOfBoundsIsNamed) {
  Setting setting = *LoadSetting("glyphs_mlp");
  const auto message = [&](auto change) {
    CnnSpec& cnn = *setting.mutable_model()->mutable_cnn();
    cnn.Clear();
    cnn.set_num_channels(1);
    cnn.set_image_size(28);
    cnn.add_filters(8);
    cnn.set_num_classes(10);
    change(cnn);
    return std::string(ValidateSetting(setting).message());
  };
  EXPECT_EQ(message([](CnnSpec&) {}), "");
  EXPECT_EQ(message([](CnnSpec& cnn) { cnn.clear_filters(); }),
            "setting glyphs_mlp: the number of model.cnn.filters is 0, must be at least 1: one for "
            "each convolution");
  EXPECT_TRUE(absl::StrContains(message([](CnnSpec& cnn) { cnn.set_num_channels(0); }),
                                "model.cnn.num_channels is 0, must be from 1"));
  EXPECT_TRUE(absl::StrContains(message([](CnnSpec& cnn) { cnn.set_image_size(-1); }),
                                "model.cnn.image_size is -1, must be from 1"));
  EXPECT_TRUE(absl::StrContains(message([](CnnSpec& cnn) { cnn.add_filters(0); }),
                                "model.cnn.filters is 0, must be from 1"));
  EXPECT_TRUE(absl::StrContains(message([](CnnSpec& cnn) { cnn.set_num_classes(1); }),
                                "model.cnn.num_classes is 1, must be from 2"));
}

TEST(SettingTest, PlacesAndLabelNoiseAreRefusedWithAWayOut) {
  const auto message = [](const char* name, auto change) {
    Setting setting = *LoadSetting(name);
    change(*setting.mutable_dataset());
    return std::string(ValidateSetting(setting).message());
  };
  EXPECT_EQ(message("mnist_lr", [](DatasetSource& data) { data.set_first_train(10000); }), "");
  EXPECT_EQ(message("mnist_lr", [](DatasetSource& data) { data.set_first_test(-1); }),
            "setting mnist_lr: dataset.first_test is -1, must be from 0 to 1e9");
  EXPECT_EQ(message("glyphs_mlp", [](DatasetSource& data) { data.set_first_train(5); }),
            "setting glyphs_mlp: dataset.first_train is 5, must be 0 for glyphs, which no file "
            "holds: change dataset.glyphs.seed instead");
  const auto noise = [&](double fraction) {
    return message("mnist_lr", [&](DatasetSource& data) {
      data.mutable_label_noise()->set_fraction(fraction);
    });
  };
  EXPECT_EQ(noise(0), "");
  EXPECT_EQ(noise(.999), "");
  EXPECT_EQ(noise(.0001), "");  // half an example, rounded up
  EXPECT_EQ(noise(10),
            "setting mnist_lr: dataset.label_noise.fraction is 10, must be in [0, 1): 0.1 makes a "
            "tenth of the training labels wrong");
  EXPECT_EQ(noise(.00009),
            "setting mnist_lr: dataset.label_noise.fraction is 9e-05, must be 0, or such that it "
            "makes at least one of the 5000 training labels wrong");
}

TEST(SettingTest, TheNumberOfWrongLabelsIsRounded) {
  DatasetSource source;
  source.set_num_train(1000);
  EXPECT_EQ(NumWrongLabels(source), 0);
  for (const auto& [fraction, count] :
       {std::pair(.1, 100), std::pair(.0294, 29), std::pair(.0296, 30), std::pair(.999, 999)}) {
    source.mutable_label_noise()->set_fraction(fraction);
    EXPECT_EQ(NumWrongLabels(source), count) << fraction;
  }
}

// What a run cannot use is refused before anything is trained.
TEST(SettingTest, TooFewExamplesOrSubsetsAreRefused) {
  const Setting good = *LoadSetting("glyphs_mlp");
  const auto expect_refused = [&](const char* message, auto change) {
    Setting setting = good;
    change(setting);
    const absl::Status status = ValidateSetting(setting);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), absl::StrCat("setting glyphs_mlp: ", message));
  };
  expect_refused(
      "dataset.num_test is 1, must be from 2 to 1e9: at least one to tune on and one to report on",
      [](Setting& s) { s.mutable_dataset()->set_num_test(1); });
  expect_refused("dataset.num_train is 1, must be from 2 to 1e9: a subset leaves some out",
                 [](Setting& s) { s.mutable_dataset()->set_num_train(1); });
  for (const int64_t count : {-1, 0, 2, 3}) {
    expect_refused(absl::StrCat("subset_plan.num_subsets is ", count,
                                ", must be from 4 to 1e9: at least two to tune on and two to "
                                "report on")
                       .c_str(),
                   [&](Setting& s) { s.mutable_subset_plan()->set_num_subsets(count); });
  }
  expect_refused(
      "subset_plan.subset_fraction is 0.0005, must be such that a subset has from 1 to 999 of the "
      "1000 training examples, not 0",
      [](Setting& s) { s.mutable_subset_plan()->set_subset_fraction(.0005); });
  Setting least = good;
  least.mutable_dataset()->set_num_train(2);
  least.mutable_dataset()->set_num_test(2);
  least.mutable_subset_plan()->set_num_subsets(4);
  EXPECT_TRUE(ValidateSetting(least).ok()) << ValidateSetting(least);
}

TEST(SettingTest, ANameIsNoPath) {
  Setting setting = *LoadSetting("glyphs_mlp");
  for (const char* name : {"", "../../x", "a/b", "a b", "Name", "1st", "_a", "a.b", "a\n"}) {
    setting.set_name(name);
    const absl::Status status = ValidateSetting(setting);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_TRUE(
        absl::StrContains(std::string(status.message()), "lower-case letters, digits and _ only"))
        << status;
  }
  setting.set_name("a_1");
  EXPECT_TRUE(ValidateSetting(setting).ok());
}

// Batch norm on 1 x 1 images needs two examples, in every batch of every kind of training.
TEST(SettingTest, ABatchOfOneUnderBatchNormIsRefused) {
  Setting setting = *LoadSetting("cifar10_resnet9");
  setting.mutable_model()->mutable_resnet9()->set_image_size(4);
  setting.mutable_recipe()->set_batch_size(10);
  const auto message = [&](int64_t num_train, double fraction, int64_t batch_size) {
    setting.mutable_dataset()->set_num_train(num_train);
    setting.mutable_subset_plan()->set_subset_fraction(fraction);
    setting.mutable_recipe()->set_batch_size(batch_size);
    return std::string(ValidateSetting(setting).message());
  };
  EXPECT_EQ(message(60, .5, 10), "");
  EXPECT_TRUE(
      absl::StrContains(message(61, .5, 10), "as the last of 61 examples (all training examples)"));
  EXPECT_TRUE(
      absl::StrContains(message(62, .2, 10), "as the last of 31 examples (half of the training"));
  EXPECT_TRUE(absl::StrContains(message(60, .36, 10), "as the last of 21 examples (a subset)"));
  EXPECT_TRUE(absl::StrContains(message(60, .5, 1), "recipe.batch_size is 1, must be such that"));
  setting.mutable_checkpoints()->set_num_half_data(0);
  EXPECT_EQ(message(62, .2, 10), "");
  setting.mutable_model()->mutable_resnet9()->set_image_size(5);  // 2 x 2 pixels at the end
  EXPECT_EQ(message(61, .36, 1), "");
}

// Programs find the settings in the folder in which they start.
TEST(SettingTest, FromAnotherFolderTheMessageSaysWhereToStart) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(testing::TempDir());
  const absl::Status status = LoadSetting("mnist_mlp").status();
  std::filesystem::current_path(before);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()),
                                "start the program in the root of a clone of Attribench"))
      << status;
}

TEST(SettingTest, DigestFollowsTheRecipeAndNotTheWords) {
  const Setting setting = *LoadSetting("glyphs_mlp");
  Setting changed = setting;
  changed.set_description("other words");
  changed.mutable_dataset()->clear_mean();
  EXPECT_NE(RecipeDigest(changed), RecipeDigest(setting));
  const std::string without_mean = RecipeDigest(changed);
  changed.mutable_dataset()->add_mean(0);
  EXPECT_EQ(RecipeDigest(changed), without_mean);
  changed.mutable_dataset()->set_mean(0, setting.dataset().mean(0));
  changed.mutable_dataset()->set_data_digest("abc");
  EXPECT_EQ(RecipeDigest(changed), RecipeDigest(setting));
  changed.mutable_dataset()->mutable_label_noise()->set_seed(5);
  EXPECT_EQ(RecipeDigest(changed), RecipeDigest(setting)) << "no label changes";
  changed.mutable_dataset()->mutable_label_noise()->set_fraction(.1);
  EXPECT_NE(RecipeDigest(changed), RecipeDigest(setting));
  changed = setting;
  changed.mutable_dataset()->set_first_test(1);
  EXPECT_NE(RecipeDigest(changed), RecipeDigest(setting));
  changed = setting;
  changed.mutable_recipe()->set_epochs(setting.recipe().epochs() + 1);
  EXPECT_NE(RecipeDigest(changed), RecipeDigest(setting));
}

}  // namespace
}  // namespace attribench
