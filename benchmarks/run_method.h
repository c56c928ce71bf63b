// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_RUN_METHOD_H_
#define ATTRIBENCH_BENCHMARKS_RUN_METHOD_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/result.pb.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "methods/attribution_method.h"
#include "methods/registry.h"

namespace attribench {

// A setting with its examples and its ground truth in memory, ready for methods to run on.
struct Benchmark {
  Setting setting;
  DatasetSplit data;
  Zoo zoo;
  GroundTruth truth;
  std::unique_ptr<Model> model;
  EvaluationBlocks blocks;
  SettingFacts facts;
  double memory_limit = AttributionTask().memory_limit;  // bytes, of each task
};

// Errors as LoadDataset and Zoo.
absl::StatusOr<Benchmark> LoadBenchmark(const Setting& setting, const std::string& data_root,
                                        const std::string& zoo_folder);

// Whether the linked tuners can make entries: InvalidArgument where two have one name,
// FailedPrecondition where none is called default, which methods without damping need.
absl::Status CheckTuners();

// What methods are asked to attribute. Keeps a reference to `benchmark`.
AttributionTask MakeTask(const Benchmark& benchmark);

// Fits the method once and makes an entry for every linked tuner (only `default` where there is no
// damping), with its oracle. What fails is an entry with a status, never an error. CheckTuners()
// must be OK.
MethodResult RunMethod(const Benchmark& benchmark, const MethodVariant& variant);

// The result of a method that could not be run to its end: the same entries, all with this status.
MethodResult FailedResult(const Benchmark& benchmark, const MethodVariant& variant,
                          EntryStatus status, const std::string& message);

// How a failure enters the table.
EntryStatus EntryStatusOf(const absl::Status& status);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_RUN_METHOD_H_
