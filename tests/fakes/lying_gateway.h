// Why: C++ tests run the lying gateway (lying_gateway.py), which is a real process.
// Thread: one.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace eai::fakes {

class LyingGateway {
 public:
  // `arguments` are those of the script's own help: {"--blocks", folder, "--mode", "corrupt"}.
  explicit LyingGateway(const std::vector<std::string>& arguments) {
    int input[2];
    int output[2];
    if (::pipe(input) != 0 || ::pipe(output) != 0) throw std::runtime_error("no pipe");
    std::vector<std::string> words = {"python3", EAI_SOURCE_DIR "/tests/fakes/lying_gateway.py"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    for (int fd : {input[0], input[1], output[0], output[1]}) ::posix_spawn_file_actions_addclose(&actions, fd);
    int failed = ::posix_spawnp(&pid_, "python3", &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    ::fcntl(input_, F_SETFD, FD_CLOEXEC);
    if (failed != 0) throw std::runtime_error("python3 could not be started");
    char c = 0;
    while (::read(output[0], &c, 1) == 1 && c != '\n') url_ += c;
    ::close(output[0]);
    if (!url_.starts_with("http://")) throw std::runtime_error("the lying gateway did not start");
  }
  LyingGateway(const LyingGateway&) = delete;
  LyingGateway& operator=(const LyingGateway&) = delete;
  ~LyingGateway() {
    ::close(input_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  const std::string& url() const { return url_; }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  std::string url_;
};

}  // namespace eai::fakes
