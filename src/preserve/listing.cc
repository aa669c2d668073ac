#include "preserve/listing.h"

#include <algorithm>

#include "model/metadata.h"
#include "preserve/understand.h"
#include "util/folder_entry.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

constexpr std::string_view k_hub_prefix = "models--";
constexpr std::size_t k_snapshots_shown = 5;

std::string typed_name(const fs::path& typed, const fs::path& real) {
  fs::path last;
  for (const fs::path& part : typed) {
    if (!part.empty() && part != "." && part != "/") last = part;
  }
  return last.empty() || last == ".." ? real.filename().string() : last.string();
}

// "repo" of "models--org--repo".
std::string repository_of(const std::string& hub_folder) {
  const std::size_t at = hub_folder.rfind("--");
  return at + 2 < hub_folder.size() ? hub_folder.substr(at + 2) : hub_folder;
}

// The snapshot that the main branch has, or the only one.
Result<fs::path> snapshot_in(const fs::path& hub) {
  std::error_code error;
  std::vector<fs::path> snapshots;
  for (fs::directory_iterator at(hub / "snapshots", error), end; !error && at != end; at.increment(error)) {
    snapshots.push_back(at->path());
  }
  if (error) return fail_errno("reading the folder " + (hub / "snapshots").string(), error.value());
  if (const auto main = read_file(hub / "refs/main", 100)) {
    const std::string commit(text_of(*main).substr(0, text_of(*main).find_last_not_of(" \n") + 1));
    for (const fs::path& one : snapshots) {
      if (one.filename() == commit) return one;
    }
  }
  if (snapshots.size() == 1) return snapshots.front();
  std::string message = printable(hub.string(), 400) + " is a folder of the Hugging Face cache with " +
                        std::to_string(snapshots.size()) + " snapshots";
  std::sort(snapshots.begin(), snapshots.end());
  for (std::size_t i = 0; i < snapshots.size() && i < k_snapshots_shown; ++i) {
    message += (i == 0 ? "; name one of them: " : ", ") + shell_word(snapshots[i].string());
  }
  return fail(Code::invalid, message);
}

// Where the files lie, and what it is called.
Result<void> find_place(const fs::path& typed, Listing& out) {
  std::error_code error;
  out.path = fs::canonical(typed, error);
  if (error) {
    const Code code = error == std::errc::no_such_file_or_directory ? Code::not_found : Code::io;
    return fail(code, "the folder " + printable(typed.string(), 400) + ": " + error.message());
  }
  if (!fs::is_directory(out.path, error)) {
    const fs::path own =
        out.path.parent_path() / (out.path.stem().string() + (out.path.has_extension() ? "" : "-model"));
    return fail(Code::invalid, printable(typed.string(), 400) +
                                   " is not a folder; a model has a folder of its own, whose name it gets: mkdir " +
                                   shell_word(own.string()) + " && mv " + shell_word(typed.string()) + " " +
                                   shell_word(own.string() + "/"));
  }
  out.name = typed_name(typed, out.path);
  const bool by_link = out.name != out.path.filename();
  const fs::path above = out.path.parent_path();
  if (out.path.filename().string().starts_with(k_hub_prefix) && fs::is_directory(out.path / "snapshots", error)) {
    if (!by_link) out.name = repository_of(out.name);
    EAI_TRY(out.path, snapshot_in(out.path));
  } else if (above.filename() == "snapshots" && above.parent_path().filename().string().starts_with(k_hub_prefix)) {
    if (!by_link) out.name = repository_of(above.parent_path().filename().string());
  }
  if (auto good = model::check_plain_name(out.name); !good) {
    return Failure(std::move(good).error().with("the folder's name"));
  }
  if (auto good = check_visible_name(out.name); !good) {
    return Failure(std::move(good).error().with("the folder's name \"" + printable(out.name) + "\""));
  }
  return {};
}

Result<void> list(const fs::path& folder, const std::string& prefix, Listing& out) {
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::path& path = at->path();
    const std::string name = prefix + path.filename().string();
    if (path.filename().string().starts_with('.')) {
      out.hidden.push_back(name);
      continue;
    }
    EAI_TRY(const EntryKind kind, entry_kind(path));
    if (kind == EntryKind::folder) {
      EAI_CHECK(list(path, name + "/", out));
    } else {
      out.names.push_back(name);
    }
  }
  if (error) return fail(Code::io, "reading the folder " + folder.string() + ": " + error.message());
  return {};
}

}  // namespace

Result<Listing> list_folder(const fs::path& typed) {
  Listing out;
  EAI_CHECK(find_place(typed, out));
  EAI_CHECK(list(out.path, "", out));
  std::sort(out.names.begin(), out.names.end());
  std::sort(out.hidden.begin(), out.hidden.end());
  return out;
}

}  // namespace eai::preserve
