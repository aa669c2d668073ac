#include "cli/launch.h"

#include <array>
#include <csignal>

#include <boost/json.hpp>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "library/running.h"
#include "util/own_folder.h"
#include "util/shown_text.h"
#include "util/text.h"

extern char** environ;

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr int k_ready_fd = 3;  // in the server
constexpr std::uint64_t k_log_limit = 8 * k_mib;
constexpr std::size_t k_line_limit = 1 * k_mib;

Result<UniqueFd> open_log(const OwnFolder& folder, const std::string& name) {
  EAI_TRY(UniqueFd log, folder.open_file(name, O_WRONLY | O_CREAT | O_APPEND));
  if (::lseek(log.get(), 0, SEEK_END) <= static_cast<off_t>(k_log_limit) || !folder.put_aside(name)) return log;
  return folder.open_file(name, O_WRONLY | O_CREAT | O_APPEND);
}

// What we were given, and a setting for glibc, which reads it only when a program starts. While 64 clients are answered,
// each block of memory is freed 64 times in a row; the 7 that are usually kept at hand cost 4 % of an answer.
std::vector<std::string> server_environment() {
  constexpr std::string_view k_tunables = "GLIBC_TUNABLES=";
  std::vector<std::string> out;
  bool chosen = false;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    out.emplace_back(*entry);
    chosen = chosen || out.back().starts_with(k_tunables);
  }
  if (!chosen) out.push_back(std::string(k_tunables) + "glibc.malloc.tcache_count=127");
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// The pid of the started program.
Result<int> spawn(const fs::path& program, std::vector<std::string> words, int log, int pipe) {
  words.insert(words.begin(), "eai");
  words.insert(words.end(), {"--ready-fd", std::to_string(k_ready_fd)});
  std::vector<std::string> environment = server_environment();
  const std::vector<char*> argv = pointers(words), envp = pointers(environment);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&files, pipe, k_ready_fd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  int pid = 0;
  int error = ::posix_spawn(&pid, program.c_str(), &files, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno("starting the server", error);
  return pid;
}

std::string last_lines(const OwnFolder& folder, const std::string& name, std::uint64_t from) {
  auto bytes = folder.read(name, k_log_limit + k_mib);
  if (!bytes || bytes->size() <= from) return "";
  std::string_view text = text_of(*bytes).substr(from);
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t start = text.size();
  for (int lines = 0; lines < 5 && start != std::string_view::npos && start > 0; ++lines) {
    start = text.rfind('\n', start - 1);
  }
  return "\n" + std::string(start == std::string_view::npos ? text : text.substr(start + 1));
}

// Reads whole lines from the pipe until one says how it ended.
class Listener {
 public:
  Listener(UniqueFd pipe, const Tell& tell) : pipe_(std::move(pipe)), tell_(tell) {}

  enum class Heard { nothing, ready, error, end };
  // Waits at most 100 ms, so that an interrupt is seen.
  Heard listen() {
    struct pollfd wait {
      pipe_.get(), POLLIN, 0
    };
    if (::poll(&wait, 1, 100) <= 0) return Heard::nothing;
    std::array<char, 4096> piece{};
    ssize_t n = ::read(pipe_.get(), piece.data(), piece.size());
    if (n < 0) return errno == EINTR ? Heard::nothing : Heard::end;
    if (n == 0 || text_.size() > k_line_limit) return Heard::end;
    text_.append(piece.data(), static_cast<std::size_t>(n));
    return take_lines();
  }
  const Error& error() const { return error_; }

 private:
  Heard take_lines() {
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      boost::system::error_code wrong;
      json::value value = json::parse(text_.substr(0, end), wrong);
      text_.erase(0, end + 1);
      if (wrong || !value.is_object()) continue;
      const json::object& event = value.get_object();
      auto field = [&](const char* name) {
        const json::value* found = event.if_contains(name);
        return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
      };
      if (field("event") == "error") {
        error_ = Error{parse_code(field("code")).value_or(Code::io), field("message"), parse_hint(field("hint"))};
        return Heard::error;
      }
      tell_(event);
      if (field("event") == "ready") return Heard::ready;
    }
    return Heard::nothing;
  }

  UniqueFd pipe_;
  const Tell& tell_;
  std::string text_;
  Error error_;
};

void end_child(int pid) {
  ::kill(pid, SIGTERM);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<void> launch_server(const Folders& folders, const std::vector<std::string>& words, const Tell& tell,
                           const Interrupt& interrupt) {
  const fs::path log_file = library::server_log_of(folders);
  const std::string log_name = log_file.filename().string();
  EAI_TRY(const OwnFolder log_folder, OwnFolder::make(log_file.parent_path(), Privacy::secret));
  EAI_TRY(UniqueFd log, open_log(log_folder, log_name));
  auto log_start = static_cast<std::uint64_t>(::lseek(log.get(), 0, SEEK_END));
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return fail_errno("making a pipe", errno);
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (write_end.get() == k_ready_fd) {
    // dup2 onto itself would keep it closed on exec.
    int other = ::fcntl(write_end.get(), F_DUPFD_CLOEXEC, k_ready_fd + 1);
    if (other < 0) return fail_errno("making a pipe", errno);
    write_end = UniqueFd(other);
  }
  EAI_TRY(int pid, spawn(folders.program, words, log.get(), write_end.get()));
  write_end.reset();
  Listener listener(std::move(read_end), tell);
  while (true) {
    if (interrupt.requested()) {
      end_child(pid);
      return fail(Code::cancelled, "interrupted");
    }
    switch (listener.listen()) {
      case Listener::Heard::nothing:
        break;
      case Listener::Heard::ready:
        return {};
      case Listener::Heard::error:
        end_child(pid);
        return Failure(listener.error());
      case Listener::Heard::end:
        end_child(pid);
        return fail(Code::io, "the server exited while it was starting; " + log_file.string() +
                                  " says:" + last_lines(log_folder, log_name, log_start));
    }
  }
}

Teller::Teller(int fd) : fd_(fd) {
  if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void Teller::tell(const json::object& event) {
  if (!fd_) return;
  // Who started us may have gone; the server stays.
  auto written = write_all(fd_.get(), view_of(shown_json(json::serialize(event)) + "\n"));
  if (!written) fd_.reset();
}

void print_ready(const json::object& event, Output& out) {
  auto field = [&](const char* name) { return std::string(event.at(name).as_string()); };
  out.event(event);
  std::string url = field("url");
  if (event.at("models").as_array().empty()) {
    out.line("A server without models answers at " + out.styled(Style::bold, url + "/v1") +
             "; it serves each model as soon as that is here");
    return;
  }
  out.line(out.styled(Style::bold, field("name")) + " answers at " + out.styled(Style::bold, url + "/v1"));
  out.line("  model  " + field("hash"));
  std::size_t more = event.at("models").as_array().size() - 1;
  if (more > 0) out.line("  and " + std::to_string(more) + " more on demand; GET " + url + "/v1/models lists them");
  std::string example = field("task") == "embed" ? "/v1/embeddings -H 'Content-Type: application/json' \\\n"
                                                   "          -d '{\"model\": \"local-model\", \"input\": [\"Hello\"]}'"
                        : field("task") == "chat"
                            ? "/v1/chat/completions -H 'Content-Type: application/json' \\\n"
                              "          -d '{\"model\": \"local-model\", \"messages\": [{\"role\": \"user\", "
                              "\"content\": \"Hello\"}]}'"
                            : "/v1/images/generations -H 'Content-Type: application/json' \\\n"
                              "          -d '{\"model\": \"local-model\", \"prompt\": \"a red circle\"}'";
  out.note("  ask    curl " + url + example);
}

}  // namespace eai::cli
