#include "cli/chat_editor.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/own_folder.h"
#include "util/text.h"

extern char** environ;

namespace eai::cli {
namespace {

constexpr std::uint64_t k_limit = 16 * k_mib;

std::vector<std::string> editor_words() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    std::istringstream text(value == nullptr ? "" : value);
    std::vector<std::string> out;
    for (std::string word; text >> word;) out.push_back(word);
    if (!out.empty()) return out;
  }
  return {"vi"};
}

// Ctrl-C and Ctrl-\ are the editor's while it runs.
class Ignored {
 public:
  explicit Ignored(int signal) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    ::sigaction(signal, &action, &before_);
  }
  ~Ignored() { ::sigaction(signal_, &before_, nullptr); }
  Ignored(const Ignored&) = delete;

 private:
  int signal_;
  struct sigaction before_ {};
};

Result<void> run_editor(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  for (const int signal : {SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ}) sigaddset(&usual, signal);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const Ignored interrupt(SIGINT), quit(SIGQUIT);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (failed == ENOENT)
    return fail(Code::not_found, "there is no program " + printable(words[0]) + "; $EDITOR names the one to use");
  if (failed != 0) return fail_errno("starting " + printable(words[0]), failed);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return fail_errno("waiting for " + printable(words[0]), errno);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Code::io, printable(words[0]) + " has failed, so its text is not used");
}

}  // namespace

Result<void> edit_file(const fs::path& file) {
  std::vector<std::string> words = editor_words();
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
