#include "model/kept_metadata.h"

#include <gtest/gtest.h>

#include "model/metadata.h"
#include "util/text.h"

namespace eai::model {
namespace {

// As the tool's uploader writes it: json.dump(…, indent=4). Without the fields that its older versions did not have.
constexpr std::string_view k_preserved = R"({
    "folder_name": "qwen3 \u00fc",
    "chunk_size_mb": 512,
    "files": [
        {
            "cid": "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
            "file_hash": "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447",
            "size_mb": 1.1444091796875e-05,
            "file_name": "qwen3.zip.part-aa"
        }
    ],
    "task": "chat",
    "ram": null,
    "hf_repo": "say \"hi\", {or}: [not]\\",
    "notes": {},
    "tags": [],
    "num_of_files": 1
})";

// The same as json.dump(data) of it writes it.
constexpr std::string_view k_compact =
    R"({"folder_name": "qwen3 \u00fc", "chunk_size_mb": 512, "files": [{"cid": )"
    R"("bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4", "file_hash": )"
    R"("a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447", "size_mb": 1.1444091796875e-05, )"
    R"("file_name": "qwen3.zip.part-aa"}], "task": "chat", "ram": null, "hf_repo": )"
    R"("say \"hi\", {or}: [not]\\", "notes": {}, "tags": [], "num_of_files": 1)";

std::string recovered(std::string_view preserved, std::string_view kept) {
  auto bytes = recover_metadata(ipld::Cid::raw_of(view_of(preserved)), view_of(kept));
  return bytes ? std::string(text_of(*bytes)) : "refused: " + bytes.error().message;
}

TEST(KeptMetadata, IsFoundAgainFromWhatTheToolKeeps) {
  const std::string plain = std::string(k_compact) + "}";
  const std::string added = std::string(k_compact) + R"(, "filecoin_hash": "bafkreiabc"})";
  const std::string in_front = R"({"filecoin_hash": "bafkreiabc", )" + std::string(k_compact).substr(1) + "}";
  for (const std::string& kept : {plain, added, in_front, std::string(k_preserved)}) {
    EXPECT_EQ(recovered(k_preserved, kept), k_preserved);
    EXPECT_EQ(recovered(plain, kept), plain);
  }
}

TEST(KeptMetadata, OfAModelPreservedHere) {
  const Metadata metadata = parse_metadata(view_of(k_preserved)).value();
  const std::string ours = write_metadata(metadata);
  // What Python makes of it: other blanks, the same values.
  std::string kept;
  for (char c : ours) {
    if (c != '\n') kept += c;
  }
  kept.insert(kept.rfind('}'), R"(, "filecoin_hash": "x")");
  EXPECT_EQ(recovered(ours, kept), ours);
}

TEST(KeptMetadata, AnyOtherChangeIsRefused) {
  std::string changed = std::string(k_compact) + "}";
  changed.replace(changed.find("512"), 3, "513");
  EXPECT_NE(recovered(k_preserved, changed).find("refused: it is not the document"), std::string::npos);
  EXPECT_NE(recovered(k_preserved, "{}").find("refused: it does not match the hash: "), std::string::npos);
  EXPECT_NE(recovered(k_preserved, "<html>").find("not JSON"), std::string::npos);
  EXPECT_EQ(recover_metadata(ipld::Cid::raw_of({}), view_of(changed)).error().code, Code::corrupt);
}

}  // namespace
}  // namespace eai::model
