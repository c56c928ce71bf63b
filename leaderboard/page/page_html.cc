// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/page/page_html.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "datasets/formats/gzipped.h"
#include "datasets/whole_file.h"

// Defined by embedded_files (embedded.bzl).
extern "C" {
extern const char attribench_page_html[], attribench_page_html_end[];
extern const char attribench_page_styles[], attribench_page_styles_end[];
extern const char attribench_page_libraries[], attribench_page_libraries_end[];
extern const char attribench_page_scripts[], attribench_page_scripts_end[];
}

namespace attribench {
namespace {

absl::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

// As a content security policy names a script.
std::string ScriptDigest(absl::string_view script) {
  return absl::StrCat("'sha256-", absl::Base64Escape(absl::HexStringToBytes(Sha256(script))), "'");
}

}  // namespace

PageParts LinkedPageParts() {
  return {Between(attribench_page_html, attribench_page_html_end),
          Between(attribench_page_styles, attribench_page_styles_end),
          Between(attribench_page_libraries, attribench_page_libraries_end),
          Between(attribench_page_scripts, attribench_page_scripts_end)};
}

absl::StatusOr<std::string> RenderPage(const Board& board, const PageStudies& studies,
                                       const PageParts& parts) {
  const std::string policy =
      absl::StrCat("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src ",
                   ScriptDigest(parts.libraries), " ", ScriptDigest(parts.scripts));
  const absl::StatusOr<std::string> data = Gzipped(RenderPageData(board, studies));
  if (!data.ok()) return data.status();
  return absl::StrReplaceAll(parts.html, {{"{{policy}}", policy},
                                          {"{{styles}}", parts.styles},
                                          {"{{data}}", absl::Base64Escape(*data)},
                                          {"{{libraries}}", parts.libraries},
                                          {"{{scripts}}", parts.scripts}});
}

}  // namespace attribench
