// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/tuning_record.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "datasets/formats/gzipped.h"
#include "datasets/formats/safetensors.h"
#include "datasets/formats/unpacked_file.h"
#include "datasets/whole_file.h"
#include "evaluators/evaluation_blocks.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "attribench tuning record 3";
constexpr char kMethodField[] = "method ";             // metadata: "method fisher"
constexpr int64_t kMinSize = 4, kMaxSize = 1'000'000;  // of subsets and tests; half are in a block
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// ---- To JSON ----------------------------------------------------------------------------------

json ToJson(const Cost& cost) {
  return {{"retrainings", cost.retrainings},
          {"gradient_evaluations", cost.gradient_evaluations},
          {"hessian_vector_products", cost.hessian_vector_products},
          {"flops", cost.flops},
          {"cpu_seconds", cost.cpu_seconds},
          {"wall_seconds", cost.wall_seconds},
          {"device_seconds", cost.device_seconds}};
}

json ToJson(const absl::Status& status) {
  if (status.ok()) return nullptr;
  return {{"code", absl::StatusCodeToString(status.code())},
          {"message", std::string(status.message())}};
}

json ToJson(const RecordedMoments& moments) {
  json alone = json::array();
  for (size_t i = 0; i < moments.alone.size(); ++i) {
    alone.push_back(
        {{"status", ToJson(moments.alone[i])}, {"cost", ToJson(moments.alone_costs[i])}});
  }
  return {{"first", moments.first},
          {"status", ToJson(moments.together)},
          {"cost", ToJson(moments.cost)},
          {"alone", alone},
          {"of", moments.of}};
}

// NaN becomes null.
json ToJson(const TuningRecord& record) {
  json result = {{"default_damping", record.default_damping.value},
                 {"default_tuners", record.default_tuners},
                 {"training_time", record.training_time},
                 {"unit", DampingUnit_Name(record.default_damping.unit)},
                 {"absolute_dampings", record.absolute_dampings},
                 {"moments", ToJson(record.moments)},
                 {"retraining", ToJson(record.retraining)},
                 {"many_dampings", ToJson(record.many_dampings)},
                 {"preparation", ToJson(record.preparation)},
                 {"scoring_correction", ToJson(record.scoring_correction)},
                 {"hyperparameters", record.hyperparameters},
                 {"provenance", record.provenance},
                 {"grid", json::array()},
                 {"sums", json::array()},
                 {"curves", json::object()}};
  for (const Damping& damping : record.grid) result["grid"].push_back(damping.value);
  for (const RecordedSums& sums : record.sums) {
    result["sums"].push_back({{"status", ToJson(sums.exist)},
                              {"tuning", ToJson(sums.tuning)},
                              {"reporting", ToJson(sums.reporting)},
                              {"cost", ToJson(sums.cost)}});
  }
  for (const auto& [name, curve] : record.curves) {
    result["curves"][name] = {{"first", curve.first},
                              {"status", ToJson(curve.values.status())},
                              {"cost", ToJson(curve.cost)},
                              {"looked_at_dampings", curve.looked_at_dampings}};
  }
  return result;
}

// ---- From JSON --------------------------------------------------------------------------------

// Reads JSON values of the kind that is asked for, and keeps the first mistake.
class JsonReader {
 public:
  const std::string& mistake() const { return mistake_; }

  const json& Object(const json& of, const std::string& key) {
    return Find(of, key, &json::is_object, "an object");
  }
  const json& Array(const json& of, const std::string& key) {
    return Find(of, key, &json::is_array, "an array");
  }
  double Number(const json& of, const std::string& key) {
    const json& value = Find(of, key, &json::is_number, "a number");
    return value.is_number() ? value.get<double>() : 0;
  }
  size_t Count(const json& of, const std::string& key) {
    const json& value = Find(of, key, &json::is_number_unsigned, "a whole number from 0");
    return value.is_number_unsigned() ? value.get<size_t>() : 0;
  }
  bool Bool(const json& of, const std::string& key) {
    const json& value = Find(of, key, &json::is_boolean, "true or false");
    return value.is_boolean() && value.get<bool>();
  }
  std::string Text(const json& of, const std::string& key) {
    const json& value = Find(of, key, &json::is_string, "a string");
    return value.is_string() ? value.get<std::string>() : "";
  }
  // null is NaN.
  std::vector<double> Numbers(const json& of, const std::string& key) {
    std::vector<double> numbers;
    for (const json& value : Array(of, key)) {
      if (!value.is_number() && !value.is_null()) Mistake(key, "an array of numbers");
      numbers.push_back(value.is_number() ? value.get<double>() : kNone);
    }
    return numbers;
  }
  std::vector<std::string> ArrayOfTexts(const json& of, const std::string& key) {
    std::vector<std::string> texts;
    for (const json& value : Array(of, key)) {
      if (!value.is_string()) Mistake(key, "an array of strings");
      texts.push_back(value.is_string() ? value.get<std::string>() : "");
    }
    return texts;
  }
  std::map<std::string, std::string> Texts(const json& of, const std::string& key) {
    std::map<std::string, std::string> texts;
    const json& object = Object(of, key);
    for (const auto& [name, value] : object.items()) texts[name] = Text(object, name);
    return texts;
  }
  Cost ReadCost(const json& of, const std::string& key) {
    const json& cost = Object(of, key);
    return {Number(cost, "retrainings"), Number(cost, "gradient_evaluations"),
            Number(cost, "hessian_vector_products"), Number(cost, "flops"),
            Number(cost, "cpu_seconds"), Number(cost, "wall_seconds"),
            // Records made before methods ran on other devices lack it.
            cost.contains("device_seconds") ? Number(cost, "device_seconds") : 0};
  }
  absl::Status ReadStatus(const json& of, const std::string& key) {
    if (of.is_object() && of.contains(key) && of[key].is_null()) return absl::OkStatus();
    const json& status = Object(of, key);
    const std::string name = Text(status, "code"), message = Text(status, "message");
    for (int code = 1; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
      const auto known = static_cast<absl::StatusCode>(code);
      if (absl::StatusCodeToString(known) == name) return absl::Status(known, message);
    }
    Mistake("code", "the name of a status code");
    return absl::UnknownError(message);
  }

 private:
  const json& Find(const json& of, const std::string& key, bool (json::*is)() const noexcept,
                   const char* kind) {
    static const auto* const none = new json;
    if (of.is_object()) {
      const auto found = of.find(key);
      if (found != of.end() && ((*found).*is)()) return *found;
    }
    Mistake(key, kind);
    return *none;
  }
  void Mistake(const std::string& key, const char* kind) {
    if (mistake_.empty()) mistake_ = absl::StrCat("'", key, "' is not there or not ", kind);
  }

  std::string mistake_;
};

RecordedMoments ReadMoments(JsonReader& reader, const json& of) {
  RecordedMoments moments;
  moments.first = reader.Count(of, "first");
  moments.together = reader.ReadStatus(of, "status");
  moments.cost = reader.ReadCost(of, "cost");
  moments.of = reader.Text(of, "of");
  for (const json& alone : reader.Array(of, "alone")) {
    moments.alone.push_back(reader.ReadStatus(alone, "status"));
    moments.alone_costs.push_back(reader.ReadCost(alone, "cost"));
  }
  return moments;
}

// All but the tensors.
absl::StatusOr<TuningRecord> ReadMethod(const std::string& text) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  JsonReader reader;
  TuningRecord record;
  DampingUnit unit = ABSOLUTE;
  if (!root.is_object()) return absl::InvalidArgumentError("it is no JSON object");
  if (!DampingUnit_Parse(reader.Text(root, "unit"), &unit)) {
    return absl::InvalidArgumentError("'unit' is not there or not the name of a damping's unit");
  }
  record.default_damping = {reader.Number(root, "default_damping"), unit};
  record.default_tuners = reader.ArrayOfTexts(root, "default_tuners");
  record.training_time = reader.Number(root, "training_time");
  for (const double value : reader.Numbers(root, "grid")) record.grid.push_back({value, unit});
  record.absolute_dampings = reader.Numbers(root, "absolute_dampings");
  for (const json& sums : reader.Array(root, "sums")) {
    record.sums.push_back({reader.ReadStatus(sums, "status"), reader.ReadStatus(sums, "tuning"),
                           reader.ReadStatus(sums, "reporting"), reader.ReadCost(sums, "cost")});
  }
  record.moments = ReadMoments(reader, reader.Object(root, "moments"));
  for (const auto& [name, curve] : reader.Object(root, "curves").items()) {
    RecordedCurve& read = record.curves[name];
    read.first = reader.Count(curve, "first");
    read.cost = reader.ReadCost(curve, "cost");
    read.looked_at_dampings = reader.Bool(curve, "looked_at_dampings");
    const absl::Status status = reader.ReadStatus(curve, "status");
    read.values = at::Tensor();
    if (!status.ok()) read.values = status;
  }
  record.retraining = reader.ReadCost(root, "retraining");
  record.many_dampings = reader.ReadCost(root, "many_dampings");
  record.preparation = reader.ReadCost(root, "preparation");
  record.scoring_correction = reader.ReadCost(root, "scoring_correction");
  record.hyperparameters = reader.Texts(root, "hyperparameters");
  record.provenance = reader.Texts(root, "provenance");
  if (!reader.mistake().empty()) return absl::InvalidArgumentError(reader.mistake());
  return record;
}

// ---- Tensors ----------------------------------------------------------------------------------

// float64 [d, ...] <-> int32: of each number, Rounded, the bits that are not zero by then, as a
// whole number; at the first damping that number, then the difference from the damping before.
// Neighbours are alike, so differences are small and compress.
constexpr int64_t kDroppedBits = int64_t{1} << (53 - kRecordedBits);
at::Tensor Packed(const at::Tensor& values) {
  const at::Tensor bits =
      at::div(Rounded(values).contiguous().view(at::kLong), kDroppedBits, "floor");
  return at::cat({bits.slice(0, 0, 1), bits.slice(0, 1).sub(bits.slice(0, 0, -1))}).to(at::kInt);
}
at::Tensor Unpacked(const at::Tensor& packed) {
  return packed.cumsum(0, at::kLong).mul(kDroppedBits).view(at::kDouble);
}

std::string LdsBySubsetsName(const std::string& method) {
  return absl::StrCat(method, "/lds_by_subsets");
}
std::string LdsName(const std::string& method, absl::string_view block) {
  return absl::StrCat(method, "/", block, "/lds");
}
std::string EffectsName(const std::string& method, absl::string_view block) {
  return absl::StrCat(method, "/", block, "/effects");
}
std::string MomentsName(const std::string& method, int power) {
  return absl::StrCat(method, "/moments/t", power);
}
std::string CurveName(const std::string& method, const std::string& curve) {
  return absl::StrCat(method, "/curves/", curve);
}

std::string ShapeOf(const at::Tensor& tensor) {
  if (!tensor.defined()) return "not there";
  return absl::StrCat(c10::toString(tensor.scalar_type()), " [",
                      absl::StrJoin(tensor.sizes(), ", "), "]");
}

absl::Status Mistake(absl::string_view what, absl::string_view is, absl::string_view must_be) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is ", is, ", must be ", must_be));
}

absl::Status CheckTensor(absl::string_view what, const at::Tensor& tensor, at::ScalarType type,
                         const std::vector<int64_t>& shape) {
  if (tensor.defined() && tensor.scalar_type() == type && tensor.sizes() == shape) {
    return absl::OkStatus();
  }
  return Mistake(what, ShapeOf(tensor),
                 absl::StrCat(c10::toString(type), " [", absl::StrJoin(shape, ", "), "]"));
}

// ---- Checks -----------------------------------------------------------------------------------

absl::Status CheckCost(absl::string_view what, const Cost& cost) {
  for (const double number :
       {cost.retrainings, cost.gradient_evaluations, cost.hessian_vector_products, cost.flops,
        cost.cpu_seconds, cost.wall_seconds, cost.device_seconds}) {
    if (!std::isfinite(number)) {
      return Mistake(absl::StrCat("the cost of ", what), absl::StrCat(number), "finite");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckGrid(const TuningRecord& record) {
  if (record.grid.empty()) return Mistake("the grid", "empty", "one damping or more");
  double before = -1;
  for (const Damping& damping : record.grid) {
    if (!(damping.value > before) || std::isinf(damping.value) || damping.value < 0) {
      return Mistake("the grid", absl::StrCat("at ", damping.value),
                     "finite, from 0 and ascending");
    }
    if (damping.unit != record.default_damping.unit) {
      return Mistake("the grid's unit", DampingUnit_Name(damping.unit),
                     DampingUnit_Name(record.default_damping.unit));
    }
    before = damping.value;
  }
  if (!(record.default_damping.value >= 0) || std::isinf(record.default_damping.value)) {
    return Mistake("the default damping", absl::StrCat(record.default_damping.value),
                   "finite and at least 0");
  }
  for (const auto& [what, size] :
       {std::make_pair("absolute dampings", record.absolute_dampings.size()),
        std::make_pair("sums", record.sums.size())}) {
    if (size != record.grid.size()) {
      return Mistake(absl::StrCat("the number of ", what), absl::StrCat(size),
                     absl::StrCat(record.grid.size(), ", one for each damping"));
    }
  }
  return absl::OkStatus();
}

// Values from -bound to bound where there is an LDS, NaN elsewhere. `status` of a damping's sums
// says whether there is one.
absl::Status CheckValues(const std::string& what, const TuningRecord& record,
                         absl::Status RecordedSums::*status, const at::Tensor& values,
                         at::ScalarType type, int64_t size, double bound) {
  const auto d = static_cast<int64_t>(record.grid.size());
  absl::Status mistake = CheckTensor(what, values, type, {d, size});
  for (int64_t i = 0; mistake.ok() && i < d; ++i) {
    const bool exist = record.sums[i].exist.ok() && (record.sums[i].*status).ok();
    const at::Tensor good = exist ? values[i].abs().le(bound) : values[i].isnan();
    if (good.all().item<bool>()) continue;
    mistake =
        Mistake(absl::StrCat(what, " at damping ", ToString(record.grid[i])),
                exist ? "NaN or too large" : "there",
                exist ? absl::StrCat("from -", bound, " to ", bound) : "NaN, as there is no LDS");
  }
  return mistake;
}

absl::Status CheckBlock(const std::string& name, const TuningRecord& record,
                        absl::Status RecordedSums::*status, const RecordedBlock& values,
                        const EvaluationBlock& block) {
  const absl::Status lds =
      CheckValues(absl::StrCat("the LDS of the ", name, " block"), record, status, values.lds,
                  at::kDouble, static_cast<int64_t>(block.tests.size()), 1.0);
  if (!lds.ok()) return lds;
  return CheckValues(absl::StrCat("the effect of subsets of the ", name, " block"), record, status,
                     values.effects, at::kDouble, static_cast<int64_t>(block.subsets.size()),
                     std::numeric_limits<double>::max());
}

// From -1 to 1, or NaN: two subsets may have no LDS where all have one.
absl::Status CheckLdsBySubsets(const TuningRecord& record, int64_t num_subsets) {
  const std::string what = "the LDS by number of subsets";
  const absl::Status status =
      CheckTensor(what, record.lds_by_subsets, at::kDouble,
                  {static_cast<int64_t>(record.grid.size()), num_subsets - 1});
  if (!status.ok() || !record.lds_by_subsets.abs().gt(1).any().item<bool>()) return status;
  return Mistake(what, "too large", "from -1 to 1");
}

absl::Status CheckFirst(absl::string_view what, size_t first, const TuningRecord& record) {
  if (first < record.grid.size()) return absl::OkStatus();
  return Mistake(absl::StrCat("the first damping of ", what), absl::StrCat("number ", first),
                 absl::StrCat("below ", record.grid.size()));
}

absl::Status CheckMoments(const TuningRecord& record, int64_t tests) {
  const RecordedMoments& moments = record.moments;
  if (const absl::Status status = CheckFirst("the moments", moments.first, record); !status.ok()) {
    return status;
  }
  const size_t d = record.grid.size() - moments.first;
  if (moments.alone.size() != moments.alone_costs.size() ||
      (!moments.alone.empty() && moments.alone.size() != d)) {
    return Mistake("the number of moments of one damping", absl::StrCat(moments.alone.size()),
                   absl::StrCat("0 or ", d));
  }
  if (const absl::Status status = CheckCost("the moments", moments.cost); !status.ok()) {
    return status;
  }
  for (const Cost& cost : moments.alone_costs) {
    if (const absl::Status status = CheckCost("moments", cost); !status.ok()) return status;
  }
  const bool there =
      moments.together.ok() || std::any_of(moments.alone.begin(), moments.alone.end(),
                                           [](const absl::Status& status) { return status.ok(); });
  for (const at::Tensor* values : {&moments.values.t1, &moments.values.t2, &moments.values.t3}) {
    const absl::Status status =
        there
            ? CheckTensor("a tensor of moments", *values, at::kDouble,
                          {static_cast<int64_t>(d), tests})
            : (values->defined() ? Mistake("a tensor of moments", "there", "absent, as they failed")
                                 : absl::OkStatus());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckCurves(const TuningRecord& record, int64_t tests) {
  for (const auto& [name, curve] : record.curves) {
    const std::string what = absl::StrCat("the curve ", name);
    if (absl::Status status = CheckFirst(what, curve.first, record); !status.ok()) return status;
    if (absl::Status status = CheckCost(what, curve.cost); !status.ok()) return status;
    if (!curve.values.ok()) continue;
    const auto d = static_cast<int64_t>(record.grid.size() - curve.first);
    const std::vector<int64_t> shape = curve.values->defined() && curve.values->dim() == 2
                                           ? std::vector<int64_t>{d, tests}
                                           : std::vector<int64_t>{d};
    const absl::Status status = CheckTensor(what, *curve.values, at::kDouble, shape);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckMethod(const TuningRecord& record, int64_t subsets, int64_t tests) {
  const EvaluationBlocks blocks = SplitIntoBlocks(subsets, tests);
  const auto tuning_tests = static_cast<int64_t>(blocks.tuning.tests.size());
  if (record.method.empty() || absl::StrContains(record.method, '/')) {
    return Mistake("the name", absl::StrCat("'", record.method, "'"), "a word without '/'");
  }
  if (absl::Status status = CheckGrid(record); !status.ok()) return status;
  for (const auto& [what, cost] :
       {std::make_pair("one retraining", &record.retraining),
        std::make_pair("many dampings", &record.many_dampings),
        std::make_pair("the preparation", &record.preparation),
        std::make_pair("the scoring, as a correction,", &record.scoring_correction)}) {
    if (absl::Status status = CheckCost(what, *cost); !status.ok()) return status;
  }
  for (const RecordedSums& sums : record.sums) {
    if (absl::Status status = CheckCost("sums", sums.cost); !status.ok()) return status;
  }
  for (const absl::Status& status :
       {CheckLdsBySubsets(record, static_cast<int64_t>(blocks.tuning.subsets.size())),
        CheckBlock("tuning", record, &RecordedSums::tuning, record.tuning, blocks.tuning),
        CheckBlock("reporting", record, &RecordedSums::reporting, record.reporting,
                   blocks.reporting)}) {
    if (!status.ok()) return status;
  }
  if (absl::Status status = CheckMoments(record, tuning_tests); !status.ok()) return status;
  return CheckCurves(record, tuning_tests);
}

absl::Status Prefixed(const std::string& prefix, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(prefix, ": ", status.message()));
}

absl::StatusOr<std::string> ContentOf(const std::string& path) {
  absl::StatusOr<UnpackedFile> file = UnpackedFile::Open(path);
  if (!file.ok()) return file.status();
  constexpr int64_t kPiece = 1 << 20;
  std::string content;
  int64_t got = kPiece;
  while (got == kPiece) {
    content.resize(content.size() + kPiece);
    const auto read =
        file->Read(reinterpret_cast<uint8_t*>(&content[content.size() - kPiece]), kPiece);
    if (!read.ok()) return read.status();
    got = *read;
    content.resize(content.size() - kPiece + got);
  }
  return content;
}

// The record of one method, with its tensors, which are taken out of `tensors`.
absl::StatusOr<TuningRecord> TakeMethod(const std::string& method, const std::string& text,
                                        std::map<std::string, at::Tensor>& tensors) {
  absl::StatusOr<TuningRecord> record = ReadMethod(text);
  if (!record.ok()) return record.status();
  record->method = method;
  const auto take = [&](const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) return at::Tensor();
    at::Tensor tensor = std::move(found->second);
    tensors.erase(found);
    return tensor;
  };
  // A tensor that is not there stays undefined, which CheckRecord finds.
  std::string mistake;
  const auto unpack = [&](const std::string& name) {
    at::Tensor packed = take(name);
    if (!packed.defined()) return packed;
    if (packed.scalar_type() == at::kInt && packed.dim() > 0) return Unpacked(packed);
    mistake = absl::StrCat("the tensor ", name, " is ", ShapeOf(packed),
                           ", must be Int with a dimension of dampings");
    return at::Tensor();
  };
  record->lds_by_subsets = take(LdsBySubsetsName(method));
  for (const auto& [name, block] : {std::make_pair("tuning", &record->tuning),
                                    std::make_pair("reporting", &record->reporting)}) {
    *block = {unpack(LdsName(method, name)), unpack(EffectsName(method, name))};
  }
  record->moments.values = {unpack(MomentsName(method, 1)), unpack(MomentsName(method, 2)),
                            unpack(MomentsName(method, 3))};
  for (auto& [curve, recorded] : record->curves) {
    if (!recorded.values.ok()) continue;
    const std::string name = CurveName(method, curve);
    const auto found = tensors.find(name);
    const bool packed = found != tensors.end() && found->second.dim() != 1;
    recorded.values = packed ? unpack(name) : take(name);
  }
  if (!mistake.empty()) return absl::InvalidArgumentError(mistake);
  return record;
}

absl::StatusOr<SettingRecord> Parse(const std::string& bytes, const std::string& path) {
  absl::StatusOr<Safetensors> content = ParseSafetensors(bytes, path);
  if (!content.ok()) return content.status();
  const auto fail = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
  };
  if (const auto format = content->metadata.find("format");
      format == content->metadata.end() || format->second != kFormat) {
    return fail(absl::StrCat("is no tuning record: its format is '",
                             format == content->metadata.end() ? "" : format->second,
                             "', must be '", kFormat, "'"));
  }
  SettingRecord record;
  for (const auto& [field, value] : content->metadata) {
    if (field == "format") continue;
    if (field == "setting") {
      record.name = value;
    } else if (field == "subsets" || field == "tests") {
      int64_t& number = field == "tests" ? record.num_tests : record.num_subsets;
      if (!absl::SimpleAtoi(value, &number)) {
        return fail(absl::StrCat("the number of ", field, " is '", value, "', must be a number"));
      }
    } else if (field == "digests") {
      JsonReader reader;
      const json root = {{"digests", json::parse(value, nullptr, /*allow_exceptions=*/false)}};
      record.digests = reader.Texts(root, "digests");
      if (!reader.mistake().empty()) return fail(reader.mistake());
    } else if (absl::StartsWith(field, kMethodField)) {
      const std::string method(absl::StripPrefix(field, kMethodField));
      absl::StatusOr<TuningRecord> read = TakeMethod(method, value, content->tensors);
      if (!read.ok()) return fail(absl::StrCat("method ", method, ": ", read.status().message()));
      record.methods[method] = *std::move(read);
    } else {
      return fail(absl::StrCat("a tuning record has no metadata '", field, "'"));
    }
  }
  if (!content->tensors.empty() || !content->other_types.empty()) {
    return fail(absl::StrCat("a tuning record has no tensor '",
                             content->tensors.empty() ? content->other_types.begin()->first
                                                      : content->tensors.begin()->first,
                             "'"));
  }
  return record;
}

}  // namespace

at::Tensor Rounded(const at::Tensor& values) {
  constexpr double kScale = 1 << kRecordedBits;
  const auto [mantissa, exponent] = at::frexp(values.to(at::kDouble));
  return at::ldexp(mantissa.mul(kScale).round().div(kScale), exponent.to(at::kDouble));
}

size_t PlaceInGrid(const std::vector<Damping>& grid, const Damping& damping) {
  return std::find(grid.begin(), grid.end(), damping) - grid.begin();
}

absl::Status CheckRecord(const SettingRecord& record) {
  if (record.name.empty()) return Mistake("the setting's name", "empty", "a word");
  for (const auto& [what, number] :
       {std::make_pair("subsets", record.num_subsets), std::make_pair("tests", record.num_tests)}) {
    if (number >= kMinSize && number <= kMaxSize) continue;
    return Mistake(absl::StrCat("the number of ", what), absl::StrCat(number),
                   absl::StrCat("from ", kMinSize, " to ", kMaxSize));
  }
  for (const auto& [name, method] : record.methods) {
    absl::Status status = CheckMethod(method, record.num_subsets, record.num_tests);
    if (status.ok() && name != method.method) status = Mistake("the name", method.method, name);
    if (!status.ok()) return Prefixed(absl::StrCat("method ", name), status);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SerializeRecord(const SettingRecord& record) {
  if (const absl::Status status = CheckRecord(record); !status.ok()) return status;
  Safetensors content;
  content.metadata["format"] = kFormat;
  content.metadata["setting"] = record.name;
  content.metadata["digests"] = json(record.digests).dump();
  content.metadata["subsets"] = absl::StrCat(record.num_subsets);
  content.metadata["tests"] = absl::StrCat(record.num_tests);
  for (const auto& [name, method] : record.methods) {
    content.metadata[kMethodField + name] =
        ToJson(method).dump(-1, ' ', false, json::error_handler_t::replace);
    content.tensors[LdsBySubsetsName(name)] = method.lds_by_subsets;
    for (const auto& [block, values] : {std::make_pair("tuning", &method.tuning),
                                        std::make_pair("reporting", &method.reporting)}) {
      content.tensors[LdsName(name, block)] = Packed(values->lds);
      content.tensors[EffectsName(name, block)] = Packed(values->effects);
    }
    const SpectralMoments& moments = method.moments.values;
    if (moments.t1.defined()) {
      content.tensors[MomentsName(name, 1)] = Packed(moments.t1);
      content.tensors[MomentsName(name, 2)] = Packed(moments.t2);
      content.tensors[MomentsName(name, 3)] = Packed(moments.t3);
    }
    for (const auto& [curve, recorded] : method.curves) {
      if (!recorded.values.ok()) continue;
      content.tensors[CurveName(name, curve)] =
          recorded.values->dim() == 1 ? *recorded.values : Packed(*recorded.values);
    }
  }
  const absl::StatusOr<std::string> bytes = SerializeSafetensors(content);
  if (!bytes.ok()) return bytes.status();
  return Gzipped(*bytes);
}

absl::Status WriteRecord(const std::string& path, const SettingRecord& record) {
  const absl::StatusOr<std::string> bytes = SerializeRecord(record);
  if (!bytes.ok()) return Prefixed(path, bytes.status());
  return WriteWholeFile(path, *bytes);
}

absl::StatusOr<SettingRecord> ReadRecord(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ContentOf(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<SettingRecord> record = Parse(*bytes, path);
  if (!record.ok()) return record;
  if (const absl::Status status = CheckRecord(*record); !status.ok()) {
    return Prefixed(path, status);
  }
  return record;
}

absl::StatusOr<std::vector<std::string>> RecordPaths(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (absl::EndsWith(it->path().string(), kRecordSuffix)) paths.push_back(it->path().string());
  }
  std::sort(paths.begin(), paths.end());
  if (!paths.empty()) return paths;
  return absl::NotFoundError(
      absl::StrCat("there is no *", kRecordSuffix, " in ", folder,
                   ": //benchmarks:run --record_tuning makes one for each method, and "
                   "//evaluators/replay:collect one for each setting"));
}

std::string RecordName(const std::string& path) {
  const std::string file = std::filesystem::path(path).filename().string();
  return std::string(absl::StripSuffix(file, kRecordSuffix));
}

absl::StatusOr<SettingRecord> MergeRecords(const std::vector<SettingRecord>& records) {
  if (records.empty()) return absl::InvalidArgumentError("there is no record to merge");
  SettingRecord merged = records.front();
  merged.methods.clear();
  for (const SettingRecord& record : records) {
    if (record.name != merged.name) {
      return absl::InvalidArgumentError(absl::StrCat("records of the settings ", merged.name,
                                                     " and ", record.name, " cannot be one"));
    }
    const std::string method = record.methods.empty() ? "none" : record.methods.begin()->first;
    if (record.digests != merged.digests) {
      for (const auto& [name, digest] : merged.digests) {
        const auto other = record.digests.find(name);
        const std::string its = other == record.digests.end() ? "none" : other->second;
        if (its == digest) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("method ", method, " has another ", name,
                         " than the methods before it: ", its.substr(0, 12), ", not ",
                         digest.substr(0, 12), "; record them from the same files"));
      }
      return absl::InvalidArgumentError(
          absl::StrCat("method ", method, " has other digests than the methods before it"));
    }
    for (const auto& [name, one] : record.methods) {
      if (!merged.methods.emplace(name, one).second) {
        return absl::InvalidArgumentError(absl::StrCat("two records are of method ", name));
      }
    }
  }
  return merged;
}

}  // namespace attribench
