// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/glyphs.h"
#include "datasets/idx.h"

namespace attribench {
namespace {

Dataset Normalised(const RawImages& raw, const DatasetSource& source) {
  const int64_t n = raw.size();
  const at::Tensor pixels = at::from_blob(const_cast<uint8_t*>(raw.pixels.data()),
                                          {n, 1, raw.height, raw.width}, at::kByte);
  const at::Tensor labels = at::from_blob(const_cast<uint8_t*>(raw.labels.data()), {n}, at::kByte);
  return {pixels.to(at::kFloat).div(255).sub(source.mean()).div(source.standard_deviation()),
          labels.to(at::kLong)};
}

absl::StatusOr<RawImages> ReadFiles(const DatasetSource& source, const std::string& data_root,
                                    const std::string& images, const std::string& labels,
                                    int64_t count) {
  const IdxSource& idx = source.idx();
  const std::string folder = absl::StrCat(data_root, "/", idx.folder(), "/");
  absl::StatusOr<RawImages> raw = ReadIdx(folder + images, folder + labels, count);
  if (!absl::IsNotFound(raw.status())) return raw;
  return absl::NotFoundError(absl::StrCat(
      raw.status().message(), "; get it", idx.url().empty() ? "" : " from ", idx.url(),
      " into a folder ", idx.folder(), "/ and set ATTRIBENCH_DATA_MIRROR to the folder that holds ",
      idx.folder(), "/"));
}

absl::StatusOr<DatasetSplit> LoadSource(const DatasetSource& source, const std::string& data_root) {
  if (source.has_glyphs()) {
    const uint64_t seed = source.glyphs().seed();
    return DatasetSplit{Normalised(DrawGlyphs(seed, "train", source.num_train()), source),
                        Normalised(DrawGlyphs(seed, "test", source.num_test()), source)};
  }
  if (source.has_idx()) {
    const IdxSource& idx = source.idx();
    const absl::StatusOr<RawImages> train =
        ReadFiles(source, data_root, idx.train_images(), idx.train_labels(), source.num_train());
    if (!train.ok()) return train.status();
    const absl::StatusOr<RawImages> test =
        ReadFiles(source, data_root, idx.test_images(), idx.test_labels(), source.num_test());
    if (!test.ok()) return test.status();
    return DatasetSplit{Normalised(*train, source), Normalised(*test, source)};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dataset ", source.name(), " names no source; known are glyphs and idx"));
}

absl::Status CheckModelTakes(const Dataset& data, const MlpSpec& mlp, const std::string& setting,
                             const std::string& split) {
  const int64_t numbers = data.inputs[0].numel();
  if (numbers != mlp.num_inputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("setting ", setting, ": model.mlp.num_inputs is ", mlp.num_inputs(),
                     ", but the ", split, " images are ", data.inputs.size(1), " x ",
                     data.inputs.size(2), " x ", data.inputs.size(3), ": it must be ", numbers));
  }
  const int64_t label = data.labels.max().item<int64_t>();
  if (label >= mlp.num_classes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", setting, ": model.mlp.num_classes is ", mlp.num_classes(), ", but the ", split,
        " labels go up to ", label, ": it must be at least ", label + 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DatasetSplit> LoadDataset(const Setting& setting, const std::string& data_root) {
  absl::StatusOr<DatasetSplit> data = LoadSource(setting.dataset(), data_root);
  if (!data.ok() || !setting.model().has_mlp()) return data;
  for (const auto& [split, name] : {std::pair(&data->train, "train"), {&data->test, "test"}}) {
    const absl::Status status =
        CheckModelTakes(*split, setting.model().mlp(), setting.name(), name);
    if (!status.ok()) return status;
  }
  return data;
}

}  // namespace attribench
