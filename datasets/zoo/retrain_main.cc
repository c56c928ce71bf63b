// SPDX-License-Identifier: Apache-2.0
//
// Makes the zoo of a setting: full-data checkpoints, half-data checkpoints and the ground truth of
// retrained subsets.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "datasets/data_root.h"
#include "datasets/dataset.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/settings/setting.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/retraining.h"

ABSL_FLAG(std::string, setting, "", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, output, "",
          "folder of the zoo; default: datasets/zoo/<setting> in the workspace");
ABSL_FLAG(
    std::string, shard, "",
    "I/N: train only part I (from 0) of N parts; run the program once more without this flag to "
    "make the zoo from all parts; default: all trainings");
ABSL_FLAG(int, workers, 0, "parallel trainings; default: one per core");

namespace {

absl::Status Run() {
  const absl::StatusOr<attribench::Setting> setting =
      attribench::LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  if (setting->imported()) {
    return absl::FailedPreconditionError(
        absl::StrCat("setting ", setting->name(),
                     " has no recipe to train by: its zoo was imported (bazel run //:import_zoo)"));
  }
  const absl::StatusOr<attribench::DatasetSplit> data =
      attribench::LoadDataset(*setting, attribench::DataRoot());
  if (!data.ok()) return data.status();
  std::string folder = absl::GetFlag(FLAGS_output);
  if (!folder.empty()) {
    folder = attribench::InWorkingDirectory(folder);
  } else {
    const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    folder =
        absl::StrCat(workspace == nullptr ? "." : workspace, "/datasets/zoo/", setting->name());
  }
  const absl::StatusOr<int> workers = attribench::ThreadsOrAllCores(absl::GetFlag(FLAGS_workers));
  if (!workers.ok()) return workers.status();
  const std::string shard = absl::GetFlag(FLAGS_shard);
  if (shard.empty()) return attribench::MakeZoo(*setting, *data, folder, *workers);
  const absl::StatusOr<attribench::Shard> part = attribench::ParseShard(shard);
  if (!part.ok()) return part.status();
  return attribench::TrainShard(*setting, *data, folder, *workers, *part);
}

}  // namespace

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  absl::SetProgramUsageMessage(
      "Trains the checkpoints and the retrained subsets of a setting. If it was stopped, start it "
      "again: it continues.");
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::Status status =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name a setting with --setting"))
          : Run();
  if (!status.ok()) std::cerr << "retrain: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
