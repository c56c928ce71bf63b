// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset.h"

#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/cifar.h"
#include "datasets/formats/glyphs.h"
#include "datasets/formats/idx.h"

namespace attribench {
namespace {

Dataset Normalised(const RawImages& raw, const DatasetSource& source) {
  const int64_t n = raw.size();
  const at::Tensor pixels = at::from_blob(const_cast<uint8_t*>(raw.pixels.data()),
                                          {n, raw.channels, raw.height, raw.width}, at::kByte);
  const at::Tensor labels = at::from_blob(const_cast<uint8_t*>(raw.labels.data()), {n}, at::kByte);
  return {pixels.to(at::kFloat).div(255).sub(source.mean()).div(source.standard_deviation()),
          labels.to(at::kLong)};
}

// Adds to a NotFound error how to get the files of `folder`.
absl::StatusOr<RawImages> OrHowToGetIt(absl::StatusOr<RawImages> raw, const std::string& folder,
                                       const std::string& url) {
  if (!absl::IsNotFound(raw.status())) return raw;
  return absl::NotFoundError(absl::StrCat(
      raw.status().message(), "; download it", url.empty() ? "" : " from ", url, " into a folder ",
      folder, "/ and set ATTRIBENCH_DATA_MIRROR to the folder that contains ", folder, "/"));
}

absl::StatusOr<RawImages> ReadFiles(const IdxSource& idx, const std::string& data_root,
                                    const std::string& images, const std::string& labels,
                                    int64_t count) {
  const std::string folder = absl::StrCat(data_root, "/", idx.folder(), "/");
  return OrHowToGetIt(ReadIdx(folder + images, folder + labels, count), idx.folder(), idx.url());
}

absl::StatusOr<RawImages> ReadFiles(const CifarSource& cifar, const std::string& data_root,
                                    const google::protobuf::RepeatedPtrField<std::string>& files,
                                    int64_t count) {
  std::vector<std::string> paths;
  for (const std::string& file : files) {
    paths.push_back(absl::StrCat(data_root, "/", cifar.folder(), "/", file));
  }
  return OrHowToGetIt(ReadCifar(paths, {cifar.classes().begin(), cifar.classes().end()}, count),
                      cifar.folder(), cifar.url());
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
        ReadFiles(idx, data_root, idx.train_images(), idx.train_labels(), source.num_train());
    if (!train.ok()) return train.status();
    const absl::StatusOr<RawImages> test =
        ReadFiles(idx, data_root, idx.test_images(), idx.test_labels(), source.num_test());
    if (!test.ok()) return test.status();
    return DatasetSplit{Normalised(*train, source), Normalised(*test, source)};
  }
  if (source.has_cifar()) {
    const CifarSource& cifar = source.cifar();
    const absl::StatusOr<RawImages> train =
        ReadFiles(cifar, data_root, cifar.train_files(), source.num_train());
    if (!train.ok()) return train.status();
    const absl::StatusOr<RawImages> test =
        ReadFiles(cifar, data_root, cifar.test_files(), source.num_test());
    if (!test.ok()) return test.status();
    return DatasetSplit{Normalised(*train, source), Normalised(*test, source)};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dataset ", source.name(), " names no source; known are glyphs, idx and cifar"));
}

// InvalidArgument if the setting's model cannot take the images and labels of `split`.
absl::Status CheckModelTakes(const Dataset& data, const Setting& setting,
                             const std::string& split) {
  const ModelSpec& model = setting.model();
  const auto shape = data.inputs.sizes();
  const std::string images = absl::StrCat("but the ", split, " images are ", shape[1], " x ",
                                          shape[2], " x ", shape[3], ": ");
  const auto refuse = [&](const std::string& field, int64_t value, const std::string& reason) {
    return absl::InvalidArgumentError(
        absl::StrCat("setting ", setting.name(), ": model.", field, " is ", value, ", ", reason));
  };
  if (model.has_mlp() && data.inputs[0].numel() != model.mlp().num_inputs()) {
    return refuse("mlp.num_inputs", model.mlp().num_inputs(),
                  absl::StrCat(images, "it must be ", data.inputs[0].numel()));
  }
  if (model.has_resnet9() && shape[1] != model.resnet9().num_channels()) {
    return refuse("resnet9.num_channels", model.resnet9().num_channels(),
                  absl::StrCat(images, "it must be ", shape[1]));
  }
  if (model.has_resnet9() && (shape[2] != model.resnet9().image_size() || shape[2] != shape[3])) {
    return refuse("resnet9.image_size", model.resnet9().image_size(),
                  absl::StrCat(images, "it must be the height and the width"));
  }
  const int64_t classes =
      model.has_mlp() ? model.mlp().num_classes() : model.resnet9().num_classes();
  const int64_t label = data.labels.max().item<int64_t>();
  if (label >= classes) {
    return refuse(model.has_mlp() ? "mlp.num_classes" : "resnet9.num_classes", classes,
                  absl::StrCat("but the ", split, " labels go up to ", label,
                               ": it must be at least ", label + 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DatasetSplit> LoadDataset(const Setting& setting, const std::string& data_root) {
  absl::StatusOr<DatasetSplit> data = LoadSource(setting.dataset(), data_root);
  if (!data.ok()) return data;
  for (const auto& [split, name] : {std::pair(&data->train, "train"), {&data->test, "test"}}) {
    const absl::Status status = CheckModelTakes(*split, setting, name);
    if (!status.ok()) return status;
  }
  return data;
}

}  // namespace attribench
