#include "peers/network_watch.h"

#include <algorithm>

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http/address.h"

namespace eai::peers {
namespace {

using namespace std::chrono_literals;

// Failures that lie further apart are not one story.
constexpr auto k_one_story = 30s;
// A resolver that takes longer than this to say no has not been told so by a name server; it is not asked again.
constexpr auto k_quick_answer = 2s;

bool reaches_beyond_link(const sockaddr* address) {
  if (address == nullptr) return false;
  const void* whole = address;
  if (address->sa_family == AF_INET) {
    return (ntohl(static_cast<const sockaddr_in*>(whole)->sin_addr.s_addr) >> 16) != 0xa9fe;  // 169.254.0.0/16
  }
  if (address->sa_family != AF_INET6) return false;
  const std::uint8_t* bytes = static_cast<const sockaddr_in6*>(whole)->sin6_addr.s6_addr;
  return !(bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);  // fe80::/10
}

bool any_link() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return true;  // not known: no reason to give up
  bool found = false;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    const auto flags = each->ifa_flags;
    const bool carries = (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0 && (flags & IFF_LOOPBACK) == 0;
    found |= carries && reaches_beyond_link(each->ifa_addr);
  }
  ::freeifaddrs(all);
  return found;
}

// Blocks for about as long as the resolver took before.
Reach ask_resolver(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int answer = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (answer == 0) ::freeaddrinfo(found);
  return answer == EAI_AGAIN ? Reach::away : Reach::unknown_name;
}

Reach reach_of(const http::Unreached& unreached) {
  using Why = http::Unreached::Why;
  if (is_this_machine(unreached.host)) return Reach::silent;
  if (!any_link()) return Reach::cut;
  switch (unreached.why) {
    case Why::no_route:
      return Reach::away;
    case Why::no_answer:
      return Reach::silent;
    case Why::no_name:
      if (unreached.host.empty()) return Reach::silent;  // a proxy, whose name is not known here
      return unreached.took < k_quick_answer ? ask_resolver(unreached.host) : Reach::away;
  }
  return Reach::silent;
}

}  // namespace

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "::1" || host.starts_with("127.");
}

bool stays_here(const http::Connected& connected) {
  return is_this_machine(connected.peer) || connected.peer == connected.own;
}

bool is_nearby(std::string_view host) { return is_this_machine(host) || http::is_private_address(host); }

NetworkSenses system_senses() { return {any_link, reach_of}; }

void NetworkWatch::reached(const std::string& host) {
  if (is_nearby(host)) return;
  const std::lock_guard lock(mutex_);
  last_[host] = Reach::there;
  since_.reset();
}

void NetworkWatch::failed(const std::string& host, Reach reach, Clock::time_point asked, Clock::time_point now) {
  if (reach == Reach::there) return reached(host);
  if (reach == Reach::silent && is_nearby(host)) return;  // that machine is off
  const std::lock_guard lock(mutex_);
  if (reach == Reach::cut) std::erase_if(last_, [](const auto& one) { return one.second == Reach::there; });
  last_[host] = reach;
  if (reach == Reach::unknown_name) return;
  if (now - last_failure_ > k_one_story) {
    since_.reset();
    std::erase_if(last_, [&](const auto& one) { return one.second != Reach::there && one.first != host; });
  }
  last_failure_ = now;
  if (!since_) since_ = asked;
}

bool NetworkWatch::is_away() const {
  if (!since_) return false;
  int silent = 0;
  bool lost = false;
  for (const auto& [host, reach] : last_) {
    if (reach == Reach::there) return false;
    silent += reach == Reach::silent ? 1 : 0;
    lost |= reach == Reach::away || reach == Reach::cut;
  }
  return lost || silent >= 2;
}

bool NetworkWatch::away() const {
  const std::lock_guard lock(mutex_);
  return is_away();
}

std::optional<std::chrono::milliseconds> NetworkWatch::patience_left(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!is_away()) return std::nullopt;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - *since_);
  return std::max(patience_ - passed, std::chrono::milliseconds(0));
}

bool NetworkWatch::given_up(Clock::time_point now) const {
  const auto left = patience_left(now);
  return left && left->count() == 0;
}

Error no_network(const std::string& details, Hint hint) {
  return {Code::network, "no network: no name can be resolved and no address answers (" + details + ")", hint};
}

}  // namespace eai::peers
