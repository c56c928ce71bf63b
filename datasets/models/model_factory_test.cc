// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model_factory.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ModelFactoryTest, MakesTheArchitectureOfTheSpec) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(784);
  spec.mutable_mlp()->add_hidden_units(32);
  spec.mutable_mlp()->set_num_classes(10);
  EXPECT_EQ((*MakeModel(spec))->Description(), "MLP 784-32-10");
  spec.mutable_resnet9()->set_num_channels(3);
  spec.mutable_resnet9()->set_image_size(32);
  spec.mutable_resnet9()->set_width(16);
  spec.mutable_resnet9()->set_num_classes(10);
  EXPECT_EQ((*MakeModel(spec))->Description(), "ResNet-9, width 16");
  spec.mutable_cnn()->set_num_channels(3);
  spec.mutable_cnn()->set_image_size(32);
  spec.mutable_cnn()->add_filters(16);
  spec.mutable_cnn()->add_filters(32);
  spec.mutable_cnn()->set_num_classes(10);
  EXPECT_EQ((*MakeModel(spec))->Description(), "CNN 3-16-32-10");
}

TEST(ModelFactoryTest, NoArchitectureIsAnError) {
  const absl::Status status = MakeModel({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "model names no architecture; known are mlp, resnet9 and cnn");
}

}  // namespace
}  // namespace attribench
