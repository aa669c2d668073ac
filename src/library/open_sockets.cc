#include "library/open_sockets.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>

#include <arpa/inet.h>

#include "util/file.h"
#include "util/text.h"

namespace eai::library {
namespace {

const fs::path k_processes = "/proc";
constexpr std::uint64_t k_table_limit = 64 * k_mib;
constexpr std::string_view k_listening = "0A";  // the state TCP_LISTEN

std::optional<std::uint64_t> number_of(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "0100007F:1F90": words of 32 bits as this processor has them in memory, and the port.
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  const auto port = number_of(text.substr(colon + 1), 16);
  if (!port || *port > 0xffff) return std::nullopt;
  std::array<unsigned char, 16> bytes{};
  for (std::size_t at = 0; at < colon; at += 8) {
    const auto word = number_of(text.substr(at, 8), 16);
    if (!word) return std::nullopt;
    const auto half = static_cast<std::uint32_t>(*word);
    std::memcpy(bytes.data() + at / 2, &half, sizeof half);
  }
  const bool short_one = colon == 8;
  std::array<char, INET6_ADDRSTRLEN> shown{};
  if (::inet_ntop(short_one ? AF_INET : AF_INET6, bytes.data(), shown.data(), shown.size()) == nullptr)
    return std::nullopt;
  const std::string address = shown.data();
  constexpr std::string_view k_mapped = "::ffff:";
  const std::string_view inner =
      address.starts_with(k_mapped) ? std::string_view(address).substr(k_mapped.size()) : std::string_view(address);
  return Endpoint{address, static_cast<std::uint16_t>(*port), address == "::1" || inner.starts_with("127.")};
}

std::optional<pid_t> parent_of(const fs::path& process) {
  const auto bytes = read_file(process / "stat", 64 * k_kib);
  if (!bytes) return std::nullopt;
  // The name in parentheses may hold anything.
  const std::string_view text = text_of(*bytes);
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  std::istringstream rest{std::string(text.substr(end + 1))};
  std::string state;
  pid_t parent = 0;
  rest >> state >> parent;
  return rest ? std::optional(parent) : std::nullopt;
}

// The inodes of a process's sockets.
std::vector<std::uint64_t> inodes_of(const fs::path& process) {
  std::vector<std::uint64_t> out;
  std::error_code error;
  for (fs::directory_iterator it(process / "fd", error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(it->path(), gone).string();
    constexpr std::string_view k_begin = "socket:[";
    if (!target.starts_with(k_begin) || !target.ends_with(']')) continue;
    if (const auto inode = number_of(target.substr(k_begin.size(), target.size() - k_begin.size() - 1), 10))
      out.push_back(*inode);
  }
  return out;
}

}  // namespace

std::map<std::uint64_t, OpenSocket> parse_sockets(std::string_view table, std::string_view protocol) {
  std::map<std::uint64_t, OpenSocket> out;
  while (!table.empty()) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(table.size(), line.size() + 1));
    std::istringstream words{std::string(line)};
    std::string number, own, peer, state, queues, timer, repeats, user, waited, inode;
    words >> number >> own >> peer >> state >> queues >> timer >> repeats >> user >> waited >> inode;
    const auto here = parse_endpoint(own), there = parse_endpoint(peer);
    const auto id = number_of(inode, 10);
    if (!here || !there || !id || *id == 0) continue;
    const bool listens = state == k_listening || (protocol == "udp" && there->port == 0);
    out.emplace(*id, OpenSocket{.protocol = std::string(protocol), .own = *here, .peer = *there, .listens = listens});
  }
  return out;
}

std::vector<pid_t> family_of(pid_t process) {
  std::multimap<pid_t, pid_t> children;
  std::error_code error;
  for (fs::directory_iterator it(k_processes, error), end; !error && it != end; it.increment(error)) {
    const auto pid = number_of(it->path().filename().string(), 10);
    if (!pid) continue;
    if (const auto parent = parent_of(it->path())) children.emplace(*parent, static_cast<pid_t>(*pid));
  }
  std::vector<pid_t> out{process};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [begin, end] = children.equal_range(out[i]);
    for (auto it = begin; it != end; ++it)
      if (std::ranges::find(out, it->second) == out.end()) out.push_back(it->second);
  }
  return out;
}

Result<std::vector<OpenSocket>> sockets_of(const std::vector<pid_t>& processes) {
  std::error_code none;
  if (!fs::exists(k_processes / "self/net/tcp", none))
    return fail(Code::unsupported, "this system does not tell which sockets a process has");
  std::vector<OpenSocket> out;
  for (const pid_t pid : processes) {
    const fs::path process = k_processes / std::to_string(pid);
    const std::vector<std::uint64_t> inodes = inodes_of(process);
    if (inodes.empty()) continue;
    for (const char* table : {"tcp", "tcp6", "udp", "udp6"}) {
      const auto bytes = read_file(process / "net" / table, k_table_limit);
      if (!bytes) continue;
      const auto sockets = parse_sockets(text_of(*bytes), std::string_view(table).substr(0, 3));
      for (const std::uint64_t inode : inodes) {
        const auto found = sockets.find(inode);
        if (found == sockets.end()) continue;
        out.push_back(found->second);
        out.back().pid = pid;
      }
    }
  }
  return out;
}

}  // namespace eai::library
