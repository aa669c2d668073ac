#include "util/own_process.h"

#include <array>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/peer.h"

namespace eai {
namespace {

// A child that waits to be ended.
class Waiting {
 public:
  explicit Waiting(uid_t uid = ::geteuid()) {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe(ready.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      if (uid != ::geteuid() && ::setuid(uid) != 0) ::_exit(1);
      ::close(ready[0]);
      ::close(ready[1]);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char none = 0;
    EXPECT_EQ(::read(ready[0], &none, 1), 0);
    ::close(ready[0]);
  }
  ~Waiting() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), end();
  }
  // The signal that ended it.
  int end() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST(OwnProcess, IsSignalledIfItProvesToBeTheOne) {
  Waiting child;
  const auto mark = mark_of(child.pid());
  ASSERT_TRUE(mark);
  const auto process = OwnProcess::find(child.pid(), *mark);
  ASSERT_TRUE(process);
  EXPECT_TRUE(process->signal(SIGTERM));
  EXPECT_EQ(child.end(), SIGTERM);
  EXPECT_FALSE(process->signal(SIGKILL)) << "it has ended";
  EXPECT_FALSE(process->signal_group(SIGKILL));
}

TEST(OwnProcess, AGroupEndsWithItsLeader) {
  Waiting child;
  const auto process = OwnProcess::find(child.pid(), *mark_of(child.pid()));
  ASSERT_TRUE(process);
  EXPECT_TRUE(process->signal_group(SIGKILL));
  EXPECT_EQ(child.end(), SIGKILL);
}

TEST(OwnProcess, ANumberAloneProvesNothing) {
  const Waiting child;
  const ProcessMark mark = *mark_of(child.pid());
  EXPECT_FALSE(OwnProcess::find(child.pid(), {}));
  EXPECT_FALSE(OwnProcess::find(child.pid(), {mark.started, ""}));
  EXPECT_FALSE(OwnProcess::find(child.pid(), {mark.started + "0", mark.program})) << "the number is used again";
  EXPECT_FALSE(OwnProcess::find(child.pid(), {mark.started, mark.program + "0"})) << "it runs another program";
  for (const pid_t pid : {-child.pid(), -1, 0, 1, ::getpid(), 1 << 29})
    EXPECT_FALSE(OwnProcess::find(pid, mark)) << pid;
}

TEST(OwnProcess, OneThatHasEndedIsNobody) {
  Waiting child;
  const ProcessMark mark = *mark_of(child.pid());
  ::kill(child.pid(), SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(mark_of(child.pid())) << "only its parent still knows it";
  EXPECT_FALSE(OwnProcess::find(child.pid(), mark));
}

TEST(OwnProcess, ThoseOfOthersHaveNoMark) {
  EXPECT_FALSE(mark_of(1));
  if (::geteuid() != 0) return;  // only root can start one
  const Waiting child(65534);
  EXPECT_FALSE(mark_of(child.pid()));
}

TEST(OwnProcess, LeavesNoCore) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    forbid_core_dumps();
    rlimit limit{1, 1};
    const bool none = ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0;
    const auto filter = read_file("/proc/self/coredump_filter", 64);
    ::_exit(none && (!filter || text_of(*filter).find_first_not_of("0\n") == std::string_view::npos) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST(Peer, IsKnownByTheSystem) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const UniqueFd one(ends[0]), other(ends[1]);
  EXPECT_TRUE(is_own_peer(one.get()));
  EXPECT_TRUE(is_own_peer_or_root(other.get()));
  EXPECT_FALSE(is_own_peer(-1));
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const UniqueFd read(pipe[0]), write(pipe[1]);
  EXPECT_FALSE(is_own_peer(read.get())) << "it is not a socket";
}

}  // namespace
}  // namespace eai
