#include "cli/child_program.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/file.h"
#include "util/text.h"

extern char** environ;

namespace eai::cli {
namespace {

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

class Spawning {
 public:
  Spawning() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t usual;
    sigemptyset(&usual);
    for (const int signal : {SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ}) sigaddset(&usual, signal);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~Spawning() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  Spawning(const Spawning&) = delete;

  void read_from(int fd) { posix_spawn_file_actions_adddup2(&actions_, fd, STDIN_FILENO); }
  int start(pid_t& pid, std::vector<char*> argv, std::vector<char*> environment) {
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    return ::posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environment.data());
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

std::vector<char*> environment_with(std::string& variable) {
  std::vector<char*> out;
  for (char** one = environ; *one != nullptr; ++one) out.push_back(*one);
  const std::string name = variable.substr(0, variable.find('='));
  if (!name.empty() && std::getenv(name.c_str()) == nullptr) out.push_back(variable.data());
  return out;
}

Result<int> wait_for(pid_t pid, const std::string& name) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return fail_errno("waiting for " + name, errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::vector<std::string> words_of_program(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> out;
  for (std::string word; stream >> word;) out.push_back(word);
  return out;
}

std::vector<std::string> words_from_environment(std::initializer_list<const char*> variables,
                                                std::string_view otherwise) {
  for (const char* name : variables) {
    const char* value = std::getenv(name);
    auto words = words_of_program(value == nullptr ? "" : value);
    if (!words.empty()) return words;
  }
  return words_of_program(otherwise);
}

Result<int> run_child(ChildProgram program) {
  const std::string name = printable(program.words.front());
  std::vector<char*> argv;
  for (std::string& word : program.words) argv.push_back(word.data());
  Spawning spawning;
  UniqueFd from, to;
  if (program.input) {
    int ends[2];
    if (::pipe(ends) != 0) return fail_errno("making a pipe to " + name, errno);
    from = UniqueFd(ends[0]);
    to = UniqueFd(ends[1]);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    spawning.read_from(from.get());
  }
  const Ignored interrupt(SIGINT), quit(SIGQUIT);
  pid_t pid = 0;
  const int failed = spawning.start(pid, std::move(argv), environment_with(program.variable));
  if (failed == ENOENT) return fail(Code::not_found, "there is no program " + name);
  if (failed != 0) return fail_errno("starting " + name, failed);
  if (program.input) {
    from.reset();
    (void)write_all(to.get(), view_of(std::string(*program.input)));  // a reader that has seen enough may leave
    to.reset();
  }
  return wait_for(pid, name);
}

}  // namespace eai::cli
