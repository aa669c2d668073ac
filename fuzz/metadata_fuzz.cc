// A model's metadata from anyone: nothing crashes, and what is accepted keeps the promises of metadata.h.
#include <cstdlib>

#include "model/kept_metadata.h"
#include "model/metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::model;
  const auto metadata = parse_metadata({data, size});
  if (!metadata) {
    if (metadata.error().message.empty()) std::abort();
    return 0;
  }
  if (!check_plain_name(metadata->folder_name) || metadata->files.empty()) std::abort();
  const PartEntry* before = nullptr;
  for (const PartEntry& part : metadata->files) {
    const bool good =
        metadata->format == Format::archive
            ? check_plain_name(part.file_name).has_value() && (part.size > 0 || part.sha256 == eai::ipld::sha256({}))
            : is_model_file(metadata->folder_name, metadata->task, part.file_name);
    if (!good || (before != nullptr && before->file_name >= part.file_name)) std::abort();
    before = &part;
  }
  // As the Python tool may have kept it, with the hash of another document: every way to format it again is tried.
  if (recover_metadata(eai::ipld::Cid::raw_of({}), {data, size})) std::abort();
  return 0;
}
