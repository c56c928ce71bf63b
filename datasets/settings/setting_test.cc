// SPDX-License-Identifier: Apache-2.0
#include "datasets/settings/setting.h"

#include <fstream>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(SettingTest, EverySettingOfTheRepositoryIsValid) {
  for (const char* name :
       {"cifar10_resnet9", "cifar2_resnet9", "glyphs_mlp", "mnist_lr", "mnist_mlp"}) {
    const absl::StatusOr<Setting> setting = LoadSetting(name);
    ASSERT_TRUE(setting.ok()) << setting.status();
    EXPECT_EQ(setting->name(), name);
  }
}

TEST(SettingTest, UnknownNameListsTheKnown) {
  const absl::Status status = LoadSetting("mnist_mpl").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "mnist_mpl"));
  EXPECT_TRUE(
      absl::StrContains(std::string(status.message()), "cifar2_resnet9, glyphs_mlp, mnist_lr"));
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
                 [](Setting& s) { s.mutable_dataset()->set_standard_deviation(0); });
  expect_refused("learning_rate", [](Setting& s) { s.mutable_recipe()->set_learning_rate(-0.1); });
  expect_refused("momentum", [](Setting& s) { s.mutable_recipe()->set_momentum(1); });
  expect_refused("epochs", [](Setting& s) { s.mutable_recipe()->set_epochs(0); });
  expect_refused("batch_size", [](Setting& s) { s.mutable_recipe()->set_batch_size(0); });
  expect_refused("subset_fraction",
                 [](Setting& s) { s.mutable_subset_plan()->set_subset_fraction(1); });
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

TEST(SettingTest, DigestFollowsTheRecipeAndNotTheWords) {
  const Setting setting = *LoadSetting("glyphs_mlp");
  Setting changed = setting;
  changed.set_description("other words");
  EXPECT_EQ(RecipeDigest(changed), RecipeDigest(setting));
  changed.mutable_recipe()->set_epochs(setting.recipe().epochs() + 1);
  EXPECT_NE(RecipeDigest(changed), RecipeDigest(setting));
}

}  // namespace
}  // namespace attribench
