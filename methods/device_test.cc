// SPDX-License-Identifier: Apache-2.0
#include "methods/device.h"

#include "ATen/ATen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "methods/second_device.h"

namespace attribench {
namespace {

TEST(DeviceTest, NamesAreRead) {
  EXPECT_EQ(ParseDevice("cpu")->str(), "cpu");
  EXPECT_EQ(ParseDevice("cuda")->str(), "cuda:0");
  EXPECT_EQ(ParseDevice("cuda:3")->str(), "cuda:3");
  for (const char* name : {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:128", "cuda:1x", "cpu:0"}) {
    const absl::Status status = ParseDevice(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()),
                testing::HasSubstr("must be cpu, cuda, or cuda:N with N from 0 to 127"));
  }
}

TEST(DeviceTest, TheCpuIsAlwaysReady) {
  EXPECT_TRUE(PrepareDevice(at::kCPU).ok());
  EXPECT_EQ(DeviceName(at::kCPU), "");
  EXPECT_EQ(PeakDeviceBytes(at::kCPU), 0);
}

TEST(DeviceTest, AGpuThatIsNotThereIsNamed) {
  const absl::Status status = PrepareDevice(*ParseDevice("cuda:100"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("device cuda:100: there is no"));
}

TEST(DeviceTest, CopiesLieOnTheDevice) {
  const Dataset data = {at::arange(6).view({3, 2}), at::arange(3)};
  const Dataset moved = OnDevice(data, SecondDevice());
  EXPECT_EQ(moved.inputs.device(), SecondDevice());
  EXPECT_TRUE(moved.Rows(at::tensor({2, 0}, at::kLong))
                  .inputs.cpu()
                  .equal(data.inputs.index_select(0, at::tensor({2, 0}, at::kLong))));
  const Parameters parameters = OnDevice(Parameters{{"weight", at::ones({2})}}, SecondDevice());
  EXPECT_EQ(parameters[0].value.device(), SecondDevice());
  EXPECT_EQ(parameters[0].name, "weight");
}

// Otherwise no test on this device would find a tensor that stayed on the CPU.
TEST(SecondDeviceTest, TensorsOfTwoDevicesDoNotMix) {
  ASSERT_TRUE(PrepareDevice(SecondDevice()).ok());
  const at::Tensor here = at::ones({2, 3}), there = here.to(SecondDevice());
  EXPECT_ANY_THROW(there.mul(here));
  EXPECT_ANY_THROW(at::matmul(there, here.t()));
  EXPECT_ANY_THROW(there.index_select(0, at::tensor({1}, at::kLong)));
  EXPECT_ANY_THROW(at::cat({there, here}));
  EXPECT_EQ(there.mul(2).sum().item<float>(), 12);
}

TEST(SecondDeviceDeathTest, ItsMemoryIsOutOfReach) {
  const at::Tensor there = at::ones({2}).to(SecondDevice());
  EXPECT_DEATH(there.data_ptr<float>()[0] = 1, "");
}

}  // namespace
}  // namespace attribench
