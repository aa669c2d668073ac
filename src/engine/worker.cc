#include "engine/worker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <future>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/process.h"
#include "util/socket.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr int k_look_again = 20;  // milliseconds, until it takes connections
constexpr std::size_t k_last_lines = 6, k_line_limit = 400;

Result<sockaddr_in> address_of(const WorkerOptions& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) == 1) return address;
  return fail(Code::invalid,
              "a worker listens on an IPv4 address such as 192.168.1.5, not on \"" + printable(options.host) + "\"");
}

// The worker itself only says that it failed, and does not accept port 0. So we bind here first and let go again, which
// finds a free port and tells why a given one cannot be used.
Result<std::uint16_t> usable_port(sockaddr_in address, const WorkerOptions& options) {
  const UniqueFd probe = make_socket(AF_INET, SOCK_STREAM);
  if (!probe) return fail_errno("making a socket", errno);
  const int on = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  if (::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(probe.get(), 1) != 0 ||
      ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail_errno("listening on port " + std::to_string(options.port) + " of " + options.host, errno);
  return ntohs(address.sin_port);
}

bool takes_connections(sockaddr_in address) {
  if (address.sin_addr.s_addr == htonl(INADDR_ANY)) address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const UniqueFd probe = make_socket(AF_INET, SOCK_STREAM);
  return probe && ::connect(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

// Both streams of the worker, line by line; the last lines are kept for the error message when it dies.
struct Words {
  const WorkerEvents& events;
  bool telling = false;
  std::deque<std::string> kept{};
  std::array<std::string, 2> unfinished{};

  // False: the stream has ended.
  bool take(int fd, std::size_t stream) {
    std::array<char, 4096> block{};
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
    for (const char c : std::string_view(block.data(), static_cast<std::size_t>(n))) {
      std::string& line = unfinished[stream];
      if (c != '\n' && line.size() < k_line_limit) line += c;
      if (c == '\n') finish(line);
    }
    return true;
  }
  void finish(std::string& line) {
    const std::string text = printable(line, k_line_limit);
    line.clear();
    if (text.empty()) return;
    if (telling && events.line) events.line(text);
    kept.push_back(text);
    if (kept.size() > k_last_lines) kept.pop_front();
  }
  std::string last() {
    for (std::string& line : unfinished) finish(line);
    std::string text;
    for (const std::string& line : kept) text += "\n" + line;
    return text;
  }
};

// Returns when the worker has ended.
void listen_to(const Child& child, const sockaddr_in& address, const WorkerEvents& events, Words& words) {
  std::array<pollfd, 3> watched{
      {{child.exit_event.get(), POLLIN, 0}, {child.output.get(), POLLIN, 0}, {child.diary.get(), POLLIN, 0}}};
  while (watched[0].revents == 0) {
    if (::poll(watched.data(), watched.size(), words.telling ? -1 : k_look_again) < 0) {
      for (pollfd& one : watched) one.revents = 0;
      continue;
    }
    for (const std::size_t stream : {std::size_t{0}, std::size_t{1}}) {
      pollfd& one = watched[stream + 1];
      if (one.revents != 0 && !words.take(one.fd, stream)) one.fd = -1;  // poll passes it over
    }
    if (!words.telling && watched[0].revents == 0 && takes_connections(address)) {
      words.telling = true;
      if (events.ready) events.ready(ntohs(address.sin_port), child.pid);
    }
  }
  for (const std::size_t stream : {std::size_t{0}, std::size_t{1}})
    while (watched[stream + 1].fd >= 0 && words.take(watched[stream + 1].fd, stream) && errno != EAGAIN) errno = 0;
}

}  // namespace

Result<void> run_worker(const WorkerOptions& options, const WorkerEvents& events, const std::stop_token& stop) {
  EAI_TRY(sockaddr_in address, address_of(options));
  EAI_TRY(const std::uint16_t port, usable_port(address, options));
  address.sin_port = htons(port);
  Command command;
  command.program = options.program;
  command.arguments = {"--host", options.host, "--port", std::to_string(port)};
  command.environment = clean_environment();
  command.folder = "/";
  Spawner spawner;  // the worker dies with its thread
  std::promise<Result<Child>> started;
  spawner.spawn(std::move(command), [&](Result<Child> result) { started.set_value(std::move(result)); });
  EAI_TRY(const Child child, started.get_future().get());
  Words words{events};
  {
    const std::stop_callback end(stop, [&] { signal_group(child.pid, SIGTERM); });
    listen_to(child, address, events, words);
  }
  const auto ending = reap(child.pid);
  if (stop.stop_requested()) return {};
  return fail(Code::io, "the worker " + (ending ? ending->words() : std::string("ended")) +
                            (words.kept.empty() ? "" : "; its last words:") + words.last());
}

bool is_loopback(std::string_view ipv4) {
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(ipv4).c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

Result<std::vector<std::string>> parse_workers(const std::vector<std::string>& lists) {
  std::vector<std::string> workers;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::string_view worker = list.substr(0, list.find(','));
      list.remove_prefix(std::min(list.size(), worker.size() + 1));
      const auto colon = worker.rfind(':');
      const std::string_view host = worker.substr(0, colon);
      const auto port = colon == std::string_view::npos ? std::nullopt : parse_u64(worker.substr(colon + 1));
      const bool plain = std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
      });
      if (!port || *port == 0 || *port > 65535 || host.empty() || host.starts_with('-') || !plain)
        return fail(Code::invalid,
                    "a worker is named by host:port, such as 192.168.1.5:50052, not \"" + printable(worker) + "\"");
      workers.emplace_back(worker);
    }
  }
  return workers;
}

}  // namespace eai::engine
