#include "preserve/preflight.h"

#include <algorithm>

#include "util/text.h"

namespace eai::preserve {

using ipld::Cid;

Result<void> check_sizes(const Folder& folder, const Options& options, const std::vector<Home*>& homes) {
  if (options.format == model::Format::archive && folder.pieces > 1) {
    return fail(Code::unsupported,
                "the model consists of " + std::to_string(folder.pieces) + " files, which an archive cannot hold",
                Hint::join_split_model);
  }
  if (options.part_size == 0) return fail(Code::invalid, "a part cannot have 0 bytes");
  // An entry of the metadata: a CID, a SHA-256, a size, and the part's name.
  const std::uint64_t parts = folder.size() / options.part_size + 1, entry = 240 + folder.name.size();
  if (options.format == model::Format::archive && parts > model::k_metadata_limit / entry) {
    return fail(Code::invalid,
                "this would make " + std::to_string(parts) + " parts, more than a model's metadata can list",
                Hint::larger_parts);
  }
  std::uint64_t largest = 0;
  for (const auto& file : folder.files) largest = std::max(largest, file->size());
  for (const Home* home : homes) {
    if (options.format == model::Format::archive && options.part_size > home->limit()) {
      return fail(Code::invalid,
                  home->name() + " takes at most " + human_bytes(home->limit()) + " at once, and parts are " +
                      human_bytes(options.part_size),
                  Hint::smaller_parts);
    }
    if (options.format == model::Format::unixfs && std::min(largest, home->car_size()) > home->limit()) {
      return fail(Code::invalid,
                  home->name() + " takes at most " + human_bytes(home->limit()) +
                      " at once, and a file of the format unixfs goes there as a whole",
                  Hint::archive_format);
    }
  }
  return {};
}

Result<void> check_draft(model::Metadata draft, const Folder& folder, const Options& options) {
  const auto any = [](const std::string& name) { return Cid::raw_of(view_of(name)); };
  if (options.format == model::Format::archive) {
    draft.chunk_size = options.part_size;
    draft.files = {{any(""), folder.name + ".zip.part-aa", {}, 1, true}};
  } else {
    for (const auto& file : folder.files) {
      if (file->size() == 0) {
        return fail(Code::invalid,
                    "the file " + file->name() +
                        " is empty, which the format unixfs cannot keep: remove it, or use another format",
                    Hint::archive_format);
      }
      draft.files.push_back({any(file->name()), file->name(), {}, file->size(), true});
    }
    std::sort(draft.files.begin(), draft.files.end(),
              [](const auto& a, const auto& b) { return a.file_name < b.file_name; });
  }
  auto readable = model::parse_metadata(view_of(model::write_metadata(draft)));
  return readable ? Result<void>() : Failure(std::move(readable).error());
}

}  // namespace eai::preserve
