// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_TEXT_PROTO_H_
#define ATTRIBENCH_DATASETS_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace attribench {

// Parses the text format of protocol buffers into `message`. InvalidArgument says `name` (for
// example the path of the file), the line, and what is wrong there.
absl::Status ParseTextProto(const std::string& text, absl::string_view name,
                            google::protobuf::Message* message);

// The same for the content of a file. Errors also as ReadWholeFile: NotFound if there is none.
absl::Status ReadTextProto(const std::string& path, google::protobuf::Message* message);

// Writes `message` as a text file, after two comments that name its .proto file and its type.
// Errors as WriteWholeFile.
absl::Status WriteTextProto(const std::string& path, const google::protobuf::Message& message);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_TEXT_PROTO_H_
