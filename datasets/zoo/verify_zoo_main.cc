// SPDX-License-Identifier: Apache-2.0
//
// clang-format off
// Checks a zoo: reads every file, compares it with its checksum, and compares the data with the
// digest in the manifest. Then it trains some subsets again. For each training it prints one of
//
//   bit for bit       the outputs are exactly those of the ground truth
//   within tolerance  the bits differ, as on another CPU, but the outputs agree (see Agreement)
//   different         the outputs do not agree
//
// Exits with 1 if a file is damaged, the data are others or a training is different.
// clang-format on
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "datasets/data_root.h"
#include "datasets/dataset.h"
#include "datasets/environment.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/project_path.h"
#include "datasets/settings/setting.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/retraining.h"
#include "datasets/zoo/subset_plan.h"
#include "datasets/zoo/zoo.h"

ABSL_FLAG(std::string, setting, "", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: the one of this repository");
ABSL_FLAG(std::vector<std::string>, subsets, {}, "numbers of subsets to train again: 3,17");
ABSL_FLAG(int, workers, 0, "parallel trainings; default: one per core");

namespace attribench {
namespace {

absl::StatusOr<std::vector<TrainingJob>> JobsOf(const Setting& setting,
                                                const std::vector<std::string>& subsets) {
  std::set<int64_t> wanted;
  const int64_t count = setting.subset_plan().num_subsets();
  for (const std::string& text : subsets) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < 0 || number >= count) {
      return absl::InvalidArgumentError(absl::StrCat("--subsets has '", text,
                                                     "', must be from 0 to ", count - 1,
                                                     " in setting ", setting.name()));
    }
    wanted.insert(number);
  }
  std::vector<TrainingJob> jobs;
  for (const TrainingJob& job : TrainingJobs(setting)) {
    if (job.kind == TrainingJob::Kind::kSubset && wanted.count(job.index) > 0) jobs.push_back(job);
  }
  return jobs;
}

// The key is the number of the subset and of the seed.
using Agreements = std::map<std::pair<int64_t, int64_t>, Agreement>;

absl::StatusOr<Agreements> TrainAgain(const Setting& setting, const std::vector<TrainingJob>& jobs,
                                      const DatasetSplit& data, const GroundTruth& truth) {
  const absl::StatusOr<int> workers = ThreadsOrAllCores(absl::GetFlag(FLAGS_workers));
  if (!workers.ok()) return workers.status();
  absl::Mutex mutex;
  Agreements agreements;
  const absl::Status status = RunTrainingJobs(
      setting, data, jobs, *workers, [&](const TrainingJob& job, const TrainedJob& trained) {
        const Agreement agreement = CompareWithGroundTruth(job, trained, truth);
        absl::MutexLock lock(&mutex);
        agreements[{job.index, job.repetition}] = agreement;
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return agreements;
}

absl::Status Run() {
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  const std::string folder = absl::GetFlag(FLAGS_zoo).empty()
                                 ? absl::StrCat(ProjectPath("datasets/zoo"), "/", setting->name())
                                 : InWorkingDirectory(absl::GetFlag(FLAGS_zoo));
  if (setting->imported() && !absl::GetFlag(FLAGS_subsets).empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--subsets: setting ", setting->name(),
                     " has no recipe to train by: its zoo was imported"));
  }
  const auto jobs = JobsOf(*setting, absl::GetFlag(FLAGS_subsets));
  if (!jobs.ok()) return jobs.status();
  const absl::StatusOr<Zoo> zoo = Zoo::Open(folder, *setting);
  if (!zoo.ok()) return zoo.status();
  if (const absl::Status status = zoo->Verify(); !status.ok()) return status;
  std::cout << setting->name() << ": " << zoo->manifest().files_size()
            << " files have their checksums, the model's parameters and finite numbers\n";
  if (IsForScoresOnly(*setting)) return absl::OkStatus();
  const absl::StatusOr<DatasetSplit> data = LoadDataset(*setting, DataRoot());
  if (absl::IsNotFound(data.status()) && jobs->empty()) {
    std::cout << "the data were not checked: " << data.status().message() << "\n";
    return absl::OkStatus();
  }
  if (!data.ok()) return data.status();
  if (const absl::Status status = zoo->CheckData(*data); !status.ok()) return status;
  std::cout << "the data are those that the zoo was made from\n";
  if (jobs->empty()) return absl::OkStatus();
  const Environment here = DescribeEnvironment(), there = zoo->manifest().environment();
  const bool same = here.SerializeAsString() == there.SerializeAsString();
  std::cout << "made on " << there.cpu_model() << ", LibTorch " << there.torch_version()
            << (same ? "; the same here"
                     : absl::StrCat("; here ", here.cpu_model(), ", LibTorch ",
                                    here.torch_version()))
            << "\n";
  const absl::StatusOr<GroundTruth> truth = zoo->ReadGroundTruth();
  if (!truth.ok()) return truth.status();
  const auto agreements = TrainAgain(*setting, *jobs, *data, *truth);
  if (!agreements.ok()) return agreements.status();
  int different = 0;
  for (const auto& [training, agreement] : *agreements) {
    const bool within = agreement.same_bits || agreement.within_tolerance();
    different += !within;
    std::cout << absl::StrFormat(
        "subset %d, seed %d: %s, rank correlation %.4f (with the nearest other training: %.4f)\n",
        training.first, training.second,
        agreement.same_bits ? "bit for bit"
        : within            ? "within tolerance"
                            : "different",
        agreement.rank_correlation, agreement.nearest_other);
  }
  if (different == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%d of %d trainings are different: the zoo's outputs of other trainings are nearer to the "
      "zoo's outputs of these trainings than the new outputs are",
      different, jobs->size()));
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  absl::SetProgramUsageMessage(
      "Checks the files of a zoo, and its ground truth by training subsets again.");
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::Status status =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name a setting with --setting"))
          : attribench::Run();
  if (!status.ok()) std::cerr << "verify_zoo: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
