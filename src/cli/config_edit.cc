#include "cli/config_edit.h"

#include <iostream>

#include <unistd.h>

#include "cli/chat_editor.h"
#include "cli/config_file.h"
#include "util/edited_file.h"
#include "util/own_folder.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::string_view k_new_file =
    "# Settings of eai. `eai config list` shows all of them, with their values and where these are from.\n";

Result<FileLock> only_editor(const Folders& folders) {
  EAI_TRY(const OwnFolder run, OwnFolder::make(folders.run, Privacy::secret));
  auto lock = run.lock("config-edit.lock", FileLock::Wait::no);
  if (!lock && lock.error().code == Code::busy)
    return fail(Code::busy, "another `eai config edit` is open; finish that one first");
  return lock;
}

class Draft {
 public:
  explicit Draft(fs::path file) : file_(std::move(file)), path_(file_.parent_path() / "config-draft.toml") {}

  std::string where() const { return printable(path_.string(), 4096); }
  const fs::path& path() const { return path_; }

  // A draft that an earlier call has left, or a copy of the file.
  Result<void> begin(Context& context) {
    EAI_TRY(base_, read_edited(file_));
    std::error_code none, missing;
    if (!fs::exists(path_, none)) {
      EAI_CHECK(make_folders(path_.parent_path(), 0700));
      return write_file_atomic(path_, view_of(base_.empty() ? std::string(k_new_file) : base_));
    }
    const auto changed = fs::last_write_time(file_, missing);
    if (!missing && changed > fs::last_write_time(path_, none))
      return fail(Code::invalid, where() + " is a draft from before " + printable(file_.string(), 4096) +
                                     " was changed last; take from it what you need, and remove it");
    context.out.note("This goes on with the draft that was left in " + where());
    return {};
  }

  Result<std::string> text() const {
    std::error_code none;
    if (fs::exists(path_, none)) return read_edited(path_);
    return fail(Code::not_found, where() + " is gone, so nothing was changed");
  }
  bool is_unchanged(const std::string& text) const { return text == base_ || (base_.empty() && text == k_new_file); }
  void remove() const { (void)eai::remove_all(path_); }

  Result<void> replace_file(const std::string& text) const {
    EAI_TRY(const std::string now, read_edited(file_));
    if (now != base_)
      return fail(Code::busy, printable(file_.string(), 4096) + " was changed while the editor was open");
    return replace_configuration(file_, text);
  }

 private:
  fs::path file_, path_;
  std::string base_;  // what is in the file
};

bool wants_again(Context& context, const Error& why) {
  if (why.code != Code::invalid || ::isatty(STDIN_FILENO) != 1 || !context.out.error_is_terminal()) return false;
  context.out.warning(why);
  context.out.aside("Edit it again? [Y/n] ");
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  return line.empty() || line.front() == 'y' || line.front() == 'Y';
}

}  // namespace

Result<Edit> edit_configuration(Context& context, const fs::path& file) {
  EAI_TRY(const FileLock lock, only_editor(context.folders));
  Draft draft(file);
  EAI_CHECK(draft.begin(context));
  while (true) {
    const auto edited = edit_file(draft.path());
    auto text = draft.text();
    if (text && draft.is_unchanged(*text)) {
      draft.remove();
      if (!edited) return Failure(edited.error());
      return Edit::unchanged;
    }
    Result<void> replaced = edited;
    if (edited) replaced = text ? draft.replace_file(*text) : Result<void>(Failure(std::move(text).error()));
    if (replaced) {
      draft.remove();
      return Edit::changed;
    }
    if (wants_again(context, replaced.error())) continue;
    Error why = replaced.error();
    why.message += "; your text is in " + draft.where() + ", and `eai config edit` goes on with it";
    return Failure(std::move(why));
  }
}

}  // namespace eai::cli
