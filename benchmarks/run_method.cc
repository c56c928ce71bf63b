// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/run_method.h"

#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/peak_memory.h"
#include "benchmarks/program_build.h"
#include "benchmarks/result_messages.h"
#include "datasets/environment.h"
#include "datasets/exception_status.h"
#include "datasets/reference_kernel.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/replay/tuning_recorder.h"
#include "evaluators/tuners/damping_sweep.h"
#include "evaluators/tuners/live_tuning_problem.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"
#include "methods/device.h"
#include "methods/fit_on_device.h"
#include "methods/requirements.h"

namespace attribench {
namespace {

// The name of the only entry of a method without damping.
constexpr char kUntunedEntry[] = "default";

constexpr char kTuningPhase[] = "tuning";

absl::Status Guarded(absl::string_view what, const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return StatusOfException(error, what);
  } catch (...) {
    return absl::InternalError(absl::StrCat(what, ": threw something that is no exception"));
  }
}

// Adds what is known of the method and of the program.
Provenance CompleteProvenance(Provenance provenance, const Hyperparameters& hyperparameters) {
  provenance.set_program_version(LinkedProgramBuild().version);
  provenance.set_build_mode(LinkedProgramBuild().mode);
  provenance.set_torch_version(DescribeEnvironment().torch_version());
  provenance.set_date(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()));
  auto& values = *provenance.mutable_hyperparameters();
  for (const auto& [name, value] : hyperparameters.values()) values[name] = value;
  if (hyperparameters.HasDamping()) {
    values["damping grid"] = absl::StrJoin(
        hyperparameters.DampingGrid(), ", ",
        [](std::string* text, const Damping& d) { absl::StrAppend(text, ToString(d)); });
  }
  return provenance;
}

// Internal, with both shapes, if scores are not [train, test].
absl::Status CheckShape(const at::Tensor& scores, const AttributionTask& task) {
  const int64_t train = task.train.size(), test = task.test.size();
  if (!scores.defined()) return absl::InternalError("scores are an undefined tensor");
  if (scores.dim() == 2 && scores.size(0) == train && scores.size(1) == test) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("scores are [", absl::StrJoin(scores.sizes(), ", "),
                                          "], must be [", train, " train, ", test, " test]"));
}

void Fail(const absl::Status& status, Entry& entry) {
  entry.set_status(EntryStatusOf(status));
  entry.set_message(std::string(status.message()));
}

// An entry while it is made.
struct TunerRun {
  const Tuner* tuner = nullptr;  // null if there is nothing to tune
  Entry* entry = nullptr;
  CostLedger ledger;                // of the tuner
  bool looked_at_dampings = false;  // see LiveTuningProblem
  Damping damping;                  // as chosen
};

// One method in one setting.
class MethodRun {
 public:
  MethodRun(const LoadedSetting& loaded, const MethodVariant& variant)
      : loaded_(loaded),
        variant_(variant),
        task_(MakeTask(loaded)),
        method_(variant.method->make()) {
    *result_.mutable_setting() = loaded.facts;
    result_.set_method(variant.name);
    result_.set_damped(variant.hyperparameters.HasDamping());
    Machine* machine = result_.mutable_machine();
    const Environment environment = DescribeEnvironment();
    machine->set_cpu_model(environment.cpu_model());
    machine->set_training_cpu_model(loaded.zoo.manifest().environment().cpu_model());
    machine->set_torch_version(environment.torch_version());
    *result_.mutable_provenance() = CompleteProvenance(loaded.provenance, variant.hyperparameters);
    if (!loaded.device.is_cpu()) result_.mutable_provenance()->set_device(loaded.device.str());
    machine->set_num_threads(at::get_num_threads());
    double load = 0;
    if (getloadavg(&load, 1) == 1) machine->set_load_average(load);
  }

  // Adds an entry for every tuner that applies to the method.
  void Run(const std::vector<RegisteredTuner>& tuners) {
    MeasureMachine();
    ResetPeakMemory();
    absl::Status status = PrepareDevice(task_.device);
    if (status.ok()) {
      result_.mutable_machine()->set_device(DeviceName(task_.device));
      status = Fit();
    }
    if (!status.ok()) {
      AddFailures(tuners, EntryStatusOf(status), std::string(status.message()));
      return;
    }
    for (TunerRun& run : AddEntries(tuners)) {
      absl::Status run_status = Guarded("tuning", [&] { return Tune(run); });
      if (run_status.ok()) run_status = Guarded("scoring", [&] { return Evaluate(run); });
      if (!run_status.ok()) Fail(run_status, *run.entry);
      SetCosts(run);
    }
    if (result_.damped()) {
      AddGrid();
    } else {
      for (const MetricValue& value : result_.entries(0).metrics()) {
        (*result_.mutable_oracle())[value.name()] = value.estimate().value();
      }
    }
    const int64_t peak = PeakMemoryBytes(), on_device = PeakDeviceBytes(task_.device);
    for (Entry& entry : *result_.mutable_entries()) {
      entry.set_peak_memory_bytes(peak);
      entry.set_peak_device_memory_bytes(on_device);
    }
  }

  void AddFailures(const std::vector<RegisteredTuner>& tuners, EntryStatus status,
                   const std::string& message) {
    for (TunerRun& run : AddEntries(tuners)) {
      run.entry->set_status(status);
      run.entry->set_message(message);
    }
  }

  const MethodResult& result() const { return result_; }

  // Whether there is anything to record: a damped method that could be fitted.
  bool CanRecord() const { return is_swept_ && result_.damped(); }

  absl::StatusOr<SettingRecord> RecordForReplays() {
    SettingRecord record;
    record.name = loaded_.facts.name();
    record.num_subsets = loaded_.truth.subsets.size(0);
    record.num_tests = loaded_.truth.negative_loss.size(2);
    const Provenance& provenance = result_.provenance();
    record.digests = {{"zoo recipe digest", provenance.zoo_recipe_digest()},
                      {"ground truth digest", provenance.ground_truth_digest()},
                      {"data digest", provenance.data_digest()}};
    const absl::Status status = Guarded("recording", [&] {
      const Cost correction = ScoringCorrection(variant_.hyperparameters.DefaultDamping());
      TuningRecord method = RecordTuning(variant_.name, Sources(), loaded_.blocks, correction);
      method.hyperparameters = variant_.hyperparameters.values();
      method.provenance = {{"program version", provenance.program_version()},
                           {"build mode", provenance.build_mode()},
                           {"torch version", provenance.torch_version()},
                           {"date", provenance.date()}};
      record.methods[variant_.name] = std::move(method);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return record;
  }

 private:
  // Runs the reference kernel, so that the CPU seconds of the zoo's trainings can be converted to
  // this machine.
  void MeasureMachine() {
    (void)Guarded("reference kernel", [&] {
      const double seconds = ReferenceKernelCpuSeconds();
      const TrainingCost& training = loaded_.zoo.manifest().subset_training();
      Machine& machine = *result_.mutable_machine();
      machine.set_reference_kernel_cpu_seconds(seconds);
      if (training.has_reference_kernel_cpu_seconds()) {
        machine.set_training_reference_kernel_cpu_seconds(training.reference_kernel_cpu_seconds());
      }
      task_ = MakeTask(loaded_, seconds);
      return absl::OkStatus();
    });
  }

  std::vector<TunerRun> AddEntries(const std::vector<RegisteredTuner>& tuners) {
    std::vector<TunerRun> runs;
    const auto add = [&](const std::string& name, TunerKind kind, const Tuner* tuner) {
      runs.emplace_back();
      runs.back().tuner = tuner;
      runs.back().entry = result_.add_entries();
      runs.back().entry->set_tuner(name);
      runs.back().entry->set_tuner_kind(ToMessage(kind));
    };
    if (result_.damped()) {
      for (const auto& [name, tuner] : tuners) {
        if (tuner->AppliesTo(variant_)) add(name, tuner->kind(), tuner);
      }
    } else {
      add(kUntunedEntry, TunerKind::kFixedValue, nullptr);
    }
    return runs;
  }

  // Fits for one damping and measures one attribution; then prepares the sweep over dampings. So an
  // attribution is measured by the cheapest path, and nothing is computed twice.
  absl::Status Fit() {
    if (const absl::Status refusal = CheckSuits(loaded_, variant_); !refusal.ok()) return refusal;
    const absl::Status status = Guarded("fit", [&] {
      const CostLedger::Phase phase(fit_ledger_, "fit");
      AttributionTask watched = task_;
      watched.one_damping = true;
      const auto read = std::make_shared<std::set<CheckpointId>>();
      watched.checkpoint = [read, checkpoint = task_.checkpoint](CheckpointKind kind,
                                                                 int64_t index) {
        read->insert({kind, index});
        return checkpoint(kind, index);
      };
      absl::StatusOr<std::unique_ptr<FittedAttribution>> fitted =
          FitOnDevice(*method_, watched, variant_.hyperparameters, fit_ledger_);
      read_ = *read;
      if (fitted.ok()) fitted_ = *std::move(fitted);
      return fitted.status();
    });
    if (!status.ok()) return status;
    if (fitted_ == nullptr) return absl::InternalError("fit: gave no attribution (a null pointer)");
    (void)Guarded("scoring", [&] { return MeasureScoring(); });  // its failure is each entry's own
    return Guarded("subset sums", [&] {
      absl::StatusOr<DampingSweep> sweep = DampingSweep::Make(*fitted_, loaded_.truth.subsets);
      if (!sweep.ok()) return sweep.status();
      sweep_ = *std::move(sweep);
      const absl::Status shapes = CheckShapes();
      is_swept_ = shapes.ok();
      return shapes;
    });
  }

  // Checks the sums at the default damping, which somebody asks for later in any case. The scores
  // are computed for the message alone.
  absl::Status CheckShapes() {
    CostLedger nobody;
    const Damping damping =
        result_.damped() ? variant_.hyperparameters.DefaultDamping() : Damping();
    const auto sums = sweep_.Sums(damping, nobody);
    if (sums.ok() ? (*sums)->subset_scores.dim() == 2 &&
                        (*sums)->subset_scores.size(1) == task_.test.size()
                  : !absl::IsInvalidArgument(sums.status())) {
      return absl::OkStatus();
    }
    const absl::StatusOr<at::Tensor> scores = fitted_->Scores(damping, nobody);
    if (scores.ok()) {
      if (const absl::Status status = CheckShape(*scores, task_); !status.ok()) return status;
    }
    if (!sums.ok()) return absl::OkStatus();  // the entries that ask for this damping say so
    return absl::InternalError(absl::StrCat(
        "sums of scores are [", absl::StrJoin((*sums)->subset_scores.sizes(), ", "), "], must be [",
        loaded_.truth.num_subsets(), " subsets, ", task_.test.size(), " test]"));
  }

  // Charges scores at the first damping at which they can be computed; the default comes first.
  absl::Status MeasureScoring() {
    std::vector<Damping> dampings = {Damping()};
    if (result_.damped()) {
      dampings = variant_.hyperparameters.DampingGrid();
      dampings.insert(dampings.begin(), variant_.hyperparameters.DefaultDamping());
    }
    absl::StatusOr<Cost> cost = absl::UnknownError("");
    for (size_t i = 0; i < dampings.size() && !cost.ok(); ++i) {
      cost = CostOfScores(*fitted_, dampings[i]);
    }
    if (cost.ok()) scoring_cost_ = *cost;
    return cost.status();
  }

  TuningSources Sources() {
    const auto fit = [this](const AttributionTask& task, const Hyperparameters& values,
                            CostLedger& ledger) {
      return FitOnDevice(*method_, task, values, ledger);
    };
    return {variant_.hyperparameters,
            sweep_,
            loaded_.truth,
            loaded_.blocks.tuning,
            ToCost(loaded_.zoo.manifest().subset_training(),
                   result_.machine().reference_kernel_cpu_seconds()),
            &task_,
            fit,
            std::vector<CheckpointId>(read_.begin(), read_.end()),
            variant_.method->space.facts(),
            &curves_};
  }

  // Chooses `run.damping`.
  absl::Status Tune(TunerRun& run) {
    Entry& entry = *run.entry;
    for (const auto& [name, value] : variant_.hyperparameters.values())
      (*entry.mutable_hyperparameters())[name] = value;
    if (run.tuner == nullptr) return absl::OkStatus();
    LiveTuningProblem problem(Sources(), run.ledger);
    absl::StatusOr<TunedPoint> tuned;
    {
      // A fixed value takes no time. If its tuner asks the problem for anything, that is charged.
      std::optional<CostLedger::Phase> phase;
      if (run.tuner->kind() != TunerKind::kFixedValue) phase.emplace(run.ledger, kTuningPhase);
      tuned = run.tuner->Tune(problem);
    }
    run.looked_at_dampings = problem.looked_at_dampings();
    if (!tuned.ok()) return tuned.status();
    run.damping = tuned->damping;
    entry.set_message(tuned->message);
    if (tuned->chosen_by.has_value()) {
      entry.set_chosen_by(tuned->chosen_by->name);
      entry.set_tuner_kind(ToMessage(tuned->chosen_by->kind));
    }
    for (const CriterionPoint& point : tuned->criterion) *entry.add_criterion() = ToMessage(point);
    (*entry.mutable_hyperparameters())["damping"] = ToString(run.damping);
    const absl::StatusOr<double> absolute = sweep_.fitted().AbsoluteDampingOf(run.damping);
    if (!absolute.ok()) return absolute.status();
    entry.set_absolute_damping(*absolute);
    return absl::OkStatus();
  }

  // The scores at a damping, charged to `ledger` as DampingSweep::Sums does.
  absl::StatusOr<MeasuredScores> ScoresAt(const Damping& damping, CostLedger& ledger) {
    const absl::StatusOr<const DampingSweep::Point*> point = sweep_.Sums(damping, ledger);
    if (!point.ok()) return point.status();
    MeasuredScores scores;
    scores.subset_scores = (*point)->subset_scores;
    scores.scores = [this, damping] {
      CostLedger nobody;
      return sweep_.fitted().Scores(damping, nobody);
    };
    scores.self_scores = [this, damping](const at::Tensor& examples) {
      return SelfScores(examples, damping);
    };
    return scores;
  }

  // The scores of training examples for themselves: the method is fitted again with these as its
  // training and test examples, and with the curvature of all training examples.
  absl::StatusOr<at::Tensor> SelfScores(const at::Tensor& examples, const Damping& damping) {
    CostLedger nobody;
    if (of_themselves_ == nullptr || !at::equal(examples, examples_of_themselves_)) {
      AttributionTask task = task_;
      task.own_curvature_examples = CurvatureExamples{task_.train, {}};
      task.train = task_.train.Rows(examples);
      task.test = task.train;
      auto fitted = FitOnDevice(*method_, task, variant_.hyperparameters, nobody);
      if (!fitted.ok()) return fitted.status();
      of_themselves_ = *std::move(fitted);
      examples_of_themselves_ = examples;
      self_scores_.clear();
    }
    auto found = self_scores_.find(damping);
    if (found == self_scores_.end()) {
      absl::StatusOr<at::Tensor> scores = of_themselves_->Scores(damping, nobody);
      if (scores.ok()) scores = scores->to(at::kDouble).diagonal().contiguous();
      found = self_scores_.emplace(damping, std::move(scores)).first;
    }
    return found->second;
  }

  // Measures the scores at `run.damping`.
  absl::Status Evaluate(TunerRun& run) {
    CostLedger nobody;
    const absl::StatusOr<MeasuredScores> scores = ScoresAt(run.damping, nobody);
    if (!scores.ok()) return scores.status();
    std::vector<MetricValue> values;
    for (const auto& metric : loaded_.metrics) {
      const absl::StatusOr<Measurement> measured = metric->Measure(*scores);
      if (absl::IsUnimplemented(measured.status())) continue;  // the scores have no such value
      if (!measured.ok()) return measured.status();
      values.push_back(ToMessage(*metric, *measured));
    }
    run.entry->mutable_metrics()->Add(values.begin(), values.end());
    return absl::OkStatus();
  }

  // A point that fails is left out. It never takes others with it.
  void AddGrid() {
    for (const Damping& damping : variant_.hyperparameters.DampingGrid()) {
      (void)Guarded("grid", [&] { return AddGridPoint(damping); });
    }
  }

  absl::Status AddGridPoint(const Damping& damping) {
    CostLedger nobody;
    const absl::StatusOr<MeasuredScores> scores = ScoresAt(damping, nobody);
    if (!scores.ok()) return scores.status();
    const absl::StatusOr<double> absolute = sweep_.fitted().AbsoluteDampingOf(damping);
    if (!absolute.ok()) return absolute.status();
    GridPoint point;
    point.set_damping(damping.value);
    point.set_damping_unit(DampingUnit_Name(damping.unit));
    point.set_absolute_damping(*absolute);
    auto& oracle = *result_.mutable_oracle();
    for (const auto& metric : loaded_.metrics) {
      const absl::StatusOr<Measurement> measured = metric->Measure(*scores);
      if (!measured.ok()) continue;
      const double value = measured->estimate.value;
      (*point.mutable_metrics())[metric->name()] = value;
      (*point.mutable_intervals())[metric->name()] = ToMessage(measured->estimate);
      const auto best = oracle.find(metric->name());
      if (best == oracle.end() || metric->IsBetter(value, best->second)) {
        oracle[metric->name()] = value;
      }
    }
    if (!point.metrics().empty()) *result_.add_grid() = std::move(point);
    return absl::OkStatus();
  }

  // The scores of an entry whose tuner looked at dampings come from the sweep, and may cost less
  // than those of a fit for one damping.
  Cost ScoringCostOfSweep(const Damping& damping) {
    if (sweep_.many_dampings().flops == 0) return scoring_cost_;
    CostLedger nobody;
    const absl::StatusOr<Cost> cost = sweep_.ScoringCost(damping, nobody);
    return cost.ok() ? *cost : scoring_cost_;
  }

  // What the scores of a tuner that looked at dampings cost more than those of one attribution.
  Cost ScoringCorrection(const Damping& damping) {
    Cost correction = ScoringCostOfSweep(damping);
    correction += scoring_cost_ * -1;
    return correction;
  }

  void SetCosts(TunerRun& run) {
    std::map<std::string, Cost> phases = fit_ledger_.phases();
    phases["scoring"] += scoring_cost_;
    if (run.tuner != nullptr) {
      Cost tuning = run.ledger.Total();
      if (run.looked_at_dampings) tuning += ScoringCorrection(run.damping);
      tuning = tuning.AtLeastZero();
      phases[kTuningPhase] += tuning;
      *run.entry->mutable_tuning_cost() = ToMessage(tuning);
    } else {
      *run.entry->mutable_tuning_cost() = ToMessage(Cost());
    }
    Cost total;
    for (const auto& [phase, cost] : phases) {
      total += cost;
      (*run.entry->mutable_phases())[phase] = ToMessage(cost);
    }
    *run.entry->mutable_total_cost() = ToMessage(total);
    run.entry->set_wall_seconds(total.wall_seconds);
  }

  const LoadedSetting& loaded_;
  const MethodVariant& variant_;
  AttributionTask task_;
  const std::unique_ptr<AttributionMethod> method_;
  MethodResult result_;
  CostLedger fit_ledger_;        // of the fit for one damping
  Cost scoring_cost_;            // of its scores
  std::set<CheckpointId> read_;  // checkpoints that the method read
  std::unique_ptr<FittedAttribution> fitted_;
  std::unique_ptr<FittedAttribution> of_themselves_;  // see SelfScores
  at::Tensor examples_of_themselves_;
  std::map<Damping, absl::StatusOr<at::Tensor>> self_scores_;  // several tuners share a damping
  DampingSweep sweep_;
  bool is_swept_ = false;  // sweep_ is there, and its sums have the right shape
  TuningCurves curves_;
};

}  // namespace

absl::Status CheckSuits(const LoadedSetting& loaded, const MethodVariant& variant) {
  if (loaded.model == nullptr) return absl::OkStatus();  // scores of a file need none
  return CheckRequirements(variant, *loaded.model, loaded.facts.num_parameters(),
                           [&](CheckpointKind kind) { return NumCheckpoints(loaded, kind); });
}

EntryStatus EntryStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return OK;
    case absl::StatusCode::kDataLoss:
      return NOT_A_NUMBER;
    case absl::StatusCode::kFailedPrecondition:
      return SINGULAR;
    case absl::StatusCode::kResourceExhausted:
      return OUT_OF_MEMORY;
    case absl::StatusCode::kDeadlineExceeded:
      return TIMEOUT;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kOutOfRange:
      return REFUSED;
    default:
      return ERROR;
  }
}

MethodResult FailedResult(const LoadedSetting& loaded, const MethodVariant& variant,
                          const std::vector<RegisteredTuner>& tuners, EntryStatus status,
                          const std::string& message) {
  MethodRun run(loaded, variant);
  run.AddFailures(tuners, status, message);
  return run.result();
}

MethodResult RunMethod(const LoadedSetting& loaded, const MethodVariant& variant,
                       const std::vector<RegisteredTuner>& tuners, TuningRecording* recording) {
  const auto run = std::make_shared<MethodRun>(loaded, variant);
  run->Run(tuners);
  if (recording != nullptr) {
    *recording = nullptr;
    if (run->CanRecord()) *recording = [run] { return run->RecordForReplays(); };
  }
  return run->result();
}

}  // namespace attribench
