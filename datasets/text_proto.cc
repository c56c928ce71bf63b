// SPDX-License-Identifier: Apache-2.0
#include "datasets/text_proto.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "datasets/whole_file.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace attribench {
namespace {

class ErrorText : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    absl::StrAppend(&text_, text_.empty() ? "" : "; ", "line ", line + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

absl::Status ParseTextProto(const std::string& text, absl::string_view name,
                            google::protobuf::Message* message) {
  ErrorText errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (parser.ParseFromString(text, message)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", errors.text()));
}

absl::Status ReadTextProto(const std::string& path, google::protobuf::Message* message) {
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  return text.ok() ? ParseTextProto(*text, path, message) : text.status();
}

absl::Status WriteTextProto(const std::string& path, const google::protobuf::Message& message) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  std::string text;
  google::protobuf::TextFormat::PrintToString(message, &text);
  return WriteWholeFile(path, absl::StrCat("# proto-file: ", type.file()->name(),
                                           "\n# proto-message: ", type.full_name(), "\n", text));
}

}  // namespace attribench
