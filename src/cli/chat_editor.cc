#include "cli/chat_editor.h"

#include <vector>

#include "cli/child_program.h"
#include "util/own_folder.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::uint64_t k_limit = 16 * k_mib;

Result<void> run_editor(std::vector<std::string> words) {
  const std::string name = printable(words[0]);
  const auto status = run_child({.words = std::move(words)});
  if (!status && status.error().code == Code::not_found)
    return fail(Code::not_found, status.error().message + "; $EDITOR names the one to use");
  if (!status) return Failure(status.error());
  if (*status == 0) return {};
  return fail(Code::io, name + " has failed, so its text is not used");
}

}  // namespace

Result<void> edit_file(const fs::path& file) {
  std::vector<std::string> words = words_from_environment({"VISUAL", "EDITOR"}, "vi");
  words.push_back(file.string());
  return run_editor(std::move(words));
}

Result<std::string> edited_text(const Folders& folders, const std::string& text) {
  EAI_TRY(const OwnFolder folder, OwnFolder::make(folders.run, Privacy::secret));
  std::string name = "question";
  {
    EAI_TRY(const UniqueFd file, make_new_file(folder.fd(), name, folder.path() / name));
    EAI_CHECK(write_all(file.get(), view_of(text)));
  }
  auto edited = edit_file(folder.path() / name);
  auto bytes = folder.read(name, k_limit);  // an editor may have put another file there
  EAI_CHECK(folder.remove(name));
  EAI_CHECK(std::move(edited));
  if (!bytes) return Failure(std::move(bytes).error());
  if (!is_valid_utf8(text_of(*bytes))) return fail(Code::invalid, "the text is not UTF-8");
  return std::string(text_of(*bytes));
}

}  // namespace eai::cli
