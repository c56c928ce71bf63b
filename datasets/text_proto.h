// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_TEXT_PROTO_H_
#define ATTRIBENCH_DATASETS_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace attribench {

// Parses the text form of a protocol buffer. InvalidArgument carries `name` (the file's, say), the
// line and what is wrong there.
absl::Status ParseTextProto(const std::string& text, absl::string_view name,
                            google::protobuf::Message* message);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_TEXT_PROTO_H_
