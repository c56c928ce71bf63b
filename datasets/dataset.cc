// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/cifar.h"
#include "datasets/formats/glyphs.h"
#include "datasets/formats/idx.h"
#include "datasets/random_stream.h"
#include "datasets/settings/setting.h"
#include "datasets/whole_file.h"

namespace attribench {
namespace {

struct RawSplit {
  RawImages train;
  RawImages test;
};

// One value for all channels or one per channel, in a shape that fits images.
at::Tensor PerChannel(const google::protobuf::RepeatedField<double>& values) {
  return at::tensor(std::vector<double>(values.begin(), values.end()), at::kFloat).view({-1, 1, 1});
}

Dataset Normalised(const RawImages& raw, const DatasetSource& source) {
  const int64_t n = raw.size();
  const at::Tensor pixels = at::from_blob(const_cast<uint8_t*>(raw.pixels.data()),
                                          {n, raw.channels, raw.height, raw.width}, at::kByte);
  const at::Tensor labels = at::from_blob(const_cast<uint8_t*>(raw.labels.data()), {n}, at::kByte);
  at::Tensor inputs = pixels.to(at::kFloat).div(255);
  if (source.mean_size() > 0) inputs = inputs.sub(PerChannel(source.mean()));
  return {inputs.div(PerChannel(source.standard_deviation())), labels.to(at::kLong)};
}

std::string Digest(const RawSplit& raw) {
  const auto bytes = [](const std::vector<uint8_t>& numbers) {
    return absl::string_view(reinterpret_cast<const char*>(numbers.data()), numbers.size());
  };
  return Sha256(absl::StrCat(bytes(raw.train.pixels), bytes(raw.train.labels),
                             bytes(raw.test.pixels), bytes(raw.test.labels)));
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
                                    int64_t count, int64_t first) {
  const std::string folder = absl::StrCat(data_root, "/", idx.folder(), "/");
  absl::StatusOr<RawImages> raw = OrHowToGetIt(
      ReadIdx(folder + images, folder + labels, count, first), idx.folder(), idx.url());
  if (!raw.ok()) return raw;
  for (uint8_t& label : raw->labels) {
    if (label < idx.first_label()) {
      return absl::DataLossError(absl::StrCat(
          folder, labels, ": example ", first + (&label - raw->labels.data()), " has label ", label,
          ", must be at least ", idx.first_label(), " (idx.first_label of the setting)"));
    }
    label = static_cast<uint8_t>(label - idx.first_label());
  }
  return raw;
}

absl::StatusOr<RawImages> ReadFiles(const CifarSource& cifar, const std::string& data_root,
                                    const google::protobuf::RepeatedPtrField<std::string>& files,
                                    int64_t count, int64_t first) {
  std::vector<std::string> paths;
  for (const std::string& file : files) {
    paths.push_back(absl::StrCat(data_root, "/", cifar.folder(), "/", file));
  }
  return OrHowToGetIt(ReadCifar(paths, cifar.format(),
                                {cifar.classes().begin(), cifar.classes().end()}, count, first),
                      cifar.folder(), cifar.url());
}

absl::StatusOr<RawSplit> ReadSource(const DatasetSource& source, const std::string& data_root) {
  if (source.has_glyphs()) {
    const uint64_t seed = source.glyphs().seed();
    return RawSplit{DrawGlyphs(seed, "train", source.num_train()),
                    DrawGlyphs(seed, "test", source.num_test())};
  }
  if (source.has_idx()) {
    const IdxSource& idx = source.idx();
    absl::StatusOr<RawImages> train =
        ReadFiles(idx, data_root, idx.train_images(), idx.train_labels(), source.num_train(),
                  source.first_train());
    if (!train.ok()) return train.status();
    absl::StatusOr<RawImages> test = ReadFiles(idx, data_root, idx.test_images(), idx.test_labels(),
                                               source.num_test(), source.first_test());
    if (!test.ok()) return test.status();
    return RawSplit{*std::move(train), *std::move(test)};
  }
  if (source.has_cifar()) {
    const CifarSource& cifar = source.cifar();
    absl::StatusOr<RawImages> train =
        ReadFiles(cifar, data_root, cifar.train_files(), source.num_train(), source.first_train());
    if (!train.ok()) return train.status();
    absl::StatusOr<RawImages> test =
        ReadFiles(cifar, data_root, cifar.test_files(), source.num_test(), source.first_test());
    if (!test.ok()) return test.status();
    return RawSplit{*std::move(train), *std::move(test)};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dataset ", source.name(), " names no source; known are glyphs, idx and cifar"));
}

// InvalidArgument if the setting gives means or deviations of another number of channels.
absl::Status CheckChannels(const RawImages& raw, const Setting& setting) {
  const DatasetSource& source = setting.dataset();
  for (const auto& [field, size] :
       {std::pair("mean", source.mean_size()),
        std::pair("standard_deviation", source.standard_deviation_size())}) {
    if (size <= 1 || size == raw.channels) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("setting ", setting.name(), ": dataset.", field, " has ", size,
                     " values, but the images have ", raw.channels,
                     " channels: it must have 1 value, or one per channel"));
  }
  return absl::OkStatus();
}

// DataLoss if the setting names the digest of its data and `digest` is another.
absl::Status CheckDigest(const std::string& digest, const Setting& setting,
                         const std::string& data_root) {
  const DatasetSource& source = setting.dataset();
  if (source.data_digest().empty() || digest == source.data_digest()) return absl::OkStatus();
  const bool idx = source.has_idx();
  const std::string& folder = idx ? source.idx().folder() : source.cifar().folder();
  const std::string& url = idx ? source.idx().url() : source.cifar().url();
  return absl::DataLossError(
      absl::StrCat("setting ", setting.name(), ": the examples in ", data_root, "/", folder,
                   " are not those of the setting: their sha256 is ", digest, ", must be ",
                   source.data_digest(), " (dataset.data_digest)",
                   url.empty() ? "" : absl::StrCat("; download the official files from ", url)));
}

// A field of the setting's model with its value.
struct Field {
  const char* name;
  int64_t value;
};

Field NumClasses(const ModelSpec& model) {
  if (model.has_mlp()) return {"mlp.num_classes", model.mlp().num_classes()};
  if (model.has_resnet9()) return {"resnet9.num_classes", model.resnet9().num_classes()};
  return {"cnn.num_classes", model.cnn().num_classes()};
}

// InvalidArgument if the setting's model cannot take the images and labels of `split`.
absl::Status CheckModelTakes(const RawImages& raw, const Setting& setting,
                             const std::string& split) {
  const ModelSpec& model = setting.model();
  const std::string images = absl::StrCat("but the ", split, " images are ", raw.channels, " x ",
                                          raw.height, " x ", raw.width, ": ");
  const auto refuse = [&](const Field& field, const std::string& reason) {
    return absl::InvalidArgumentError(absl::StrCat("setting ", setting.name(), ": model.",
                                                   field.name, " is ", field.value, ", ", reason));
  };
  const int64_t pixels = raw.channels * raw.height * raw.width;
  if (model.has_mlp() && pixels != model.mlp().num_inputs()) {
    return refuse({"mlp.num_inputs", model.mlp().num_inputs()},
                  absl::StrCat(images, "it must be ", pixels));
  }
  if (!model.has_mlp()) {
    const bool resnet9 = model.has_resnet9();
    const Field channels = resnet9 ? Field{"resnet9.num_channels", model.resnet9().num_channels()}
                                   : Field{"cnn.num_channels", model.cnn().num_channels()};
    const Field size = resnet9 ? Field{"resnet9.image_size", model.resnet9().image_size()}
                               : Field{"cnn.image_size", model.cnn().image_size()};
    if (raw.channels != channels.value) {
      return refuse(channels, absl::StrCat(images, "it must be ", raw.channels));
    }
    if (raw.height != size.value || raw.width != size.value) {
      return refuse(size, absl::StrCat(images, "it must be the height and the width"));
    }
  }
  const Field classes = NumClasses(model);
  const auto [least, greatest] = std::minmax_element(raw.labels.begin(), raw.labels.end());
  if (*greatest >= classes.value) {
    const bool offset = setting.dataset().has_idx() && *least > 0;
    return refuse(classes,
                  absl::StrCat("but the ", split, " labels go up to ", *greatest,
                               ": it must be at least ", *greatest + 1,
                               offset ? ", or set dataset.idx.first_label if the first class has a "
                                        "higher label than 0"
                                      : ""));
  }
  return absl::OkStatus();
}

RandomStream LabelNoiseStream(const DatasetSource& source) {
  return RandomStream(source.label_noise().seed(), "label noise");
}

// Gives some examples wrong labels: see LabelNoise in datasets/settings/setting.proto.
void AddLabelNoise(const DatasetSource& source, int64_t num_classes, RawImages& train) {
  RandomStream stream = LabelNoiseStream(source);
  for (const int64_t example : stream.Sample(train.size(), NumWrongLabels(source))) {
    uint8_t& label = train.labels[example];
    const auto other = static_cast<uint8_t>(stream.Below(num_classes - 1));
    label = other < label ? other : other + 1;
  }
}

}  // namespace

Dataset Dataset::Rows(const at::Tensor& index) const {
  const at::Tensor rows = index.to(labels.device());
  return {inputs.index_select(0, rows), labels.index_select(0, rows)};
}

at::Tensor MislabelledExamples(const DatasetSource& source) {
  const at::Tensor wrong = at::zeros({source.num_train()}, at::kBool);
  const std::vector<int64_t> examples =
      LabelNoiseStream(source).Sample(source.num_train(), NumWrongLabels(source));
  return wrong.index_fill_(0, at::tensor(examples, at::kLong), true);
}

absl::StatusOr<DatasetSplit> LoadDataset(const Setting& setting, const std::string& data_root) {
  const DatasetSource& source = setting.dataset();
  absl::StatusOr<RawSplit> raw = ReadSource(source, data_root);
  if (!raw.ok()) return raw.status();
  absl::Status status = CheckChannels(raw->train, setting);
  if (status.ok()) status = CheckModelTakes(raw->train, setting, "train");
  if (status.ok()) status = CheckModelTakes(raw->test, setting, "test");
  if (!status.ok()) return status;
  AddLabelNoise(source, NumClasses(setting.model()).value, raw->train);
  const std::string digest = Digest(*raw);
  if (status = CheckDigest(digest, setting, data_root); !status.ok()) return status;
  return DatasetSplit{Normalised(raw->train, source), Normalised(raw->test, source), digest};
}

}  // namespace attribench
