// Why: tests need a client that sends exactly the bytes they say and shows exactly the bytes that came back.
// Thread: one; calls block. Every read gives up after 10 s, so that a test fails rather than hangs.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace eai::test {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  explicit RawClient(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(const RawClient&) = delete;
  ~RawClient() { leave(); }

  bool connected() const { return connected_; }
  void leave() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool post(std::string_view path, std::string_view body, std::string_view more_headers = "") {
    return send("POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n" + std::string(more_headers) + "\r\n" + std::string(body));
  }
  bool get(std::string_view path, std::string_view more_headers = "") {
    return send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more_headers) + "\r\n");
  }

  // Reads until `mark` has arrived and returns everything up to its end; the rest stays. At the end or on a time-out:
  // all.
  std::string until(std::string_view mark) {
    for (;;) {
      const auto at = got_.find(mark);
      if (at != std::string::npos) return take(at + mark.size());
      if (!more()) return take(got_.size());
    }
  }
  std::string until_end() {
    while (more()) {
    }
    return take(got_.size());
  }
  bool ended() const { return ended_; }  // the server closed

  // One answer with Content-Length, head and body.
  std::string answer() {
    std::string head = until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    const std::size_t length = std::stoul(head.substr(at + 16));
    while (got_.size() < length && more()) {
    }
    return head + take(length);
  }

 private:
  std::string take(std::size_t count) {
    std::string out = got_.substr(0, count);
    got_.erase(0, count);
    return out;
  }
  bool more() {
    pollfd wait{fd_, POLLIN, 0};
    if (ended_ || ::poll(&wait, 1, 10'000) != 1) return false;
    char buffer[16 * 1024];
    const auto count = ::recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) {
      ended_ = true;
      return false;
    }
    got_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  bool connected_ = false, ended_ = false;
  std::string got_;
};

}  // namespace eai::test
