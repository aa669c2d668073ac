// Why: "this gateway does not exist" and "your network is away" look alike when one question fails. Whether the network
// is away is decided here, once for all who ask: downloads, audits, and the services that models are preserved at.
// Thread: any; it is shared by all questions of a job.
// What holds:
// - the network is away while no question reaches anybody beyond this machine and its neighbours, and there is evidence:
//   this machine has no connection at all, no name server answers, there is no route, or two hosts or more are silent;
// - a name that does not exist is no such evidence, and neither is one silent host. One answer from afar disproves it;
// - what neighbours answer (loopback and private addresses) says nothing about the network beyond;
// - it is given up when it has been away for k_network_patience, counted from the first question that got no answer.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "http/client.h"

namespace eai::peers {

// How long a network that is away is waited for. A laptop's Wi-Fi needs some seconds; nobody waits for minutes.
inline constexpr std::chrono::milliseconds k_network_patience{8'000};
// While it is away, nobody is asked more often than this, nor much more rarely.
inline constexpr std::chrono::milliseconds k_away_pause{2'000};

// What the end of a question says about the way to its host.
enum class Reach {
  there,         // somebody answered
  unknown_name,  // a name server says that there is no such host
  silent,        // the host does not answer
  away,          // no name server answers, or there is no route
  cut,           // this machine has no connection to any network
};

// The host is this machine or near it: "localhost", a loopback or a private address.
bool is_nearby(std::string_view host);
bool is_this_machine(std::string_view host);
// Both ends of the connection are here, as those to a gateway or a proxy on this machine.
bool stays_here(const http::Connected& connected);

// What tells how things are; tests put their own in its place.
struct NetworkSenses {
  // Whether any interface except loopback is up, has a carrier and an address that reaches beyond the link.
  std::function<bool()> has_link;
  // May ask the resolver once more, if it has answered quickly before.
  std::function<Reach(const http::Unreached&)> reach;
};
NetworkSenses system_senses();

class NetworkWatch {
 public:
  using Clock = std::chrono::steady_clock;
  explicit NetworkWatch(NetworkSenses senses = system_senses(), std::chrono::milliseconds patience = k_network_patience)
      : senses_(std::move(senses)), patience_(patience) {}

  bool has_link() const { return senses_.has_link(); }
  Reach reach(const http::Unreached& unreached) const { return senses_.reach(unreached); }

  // Somebody beyond this machine's neighbourhood, or near it, answered.
  void reached(const std::string& host);
  // A question that was asked at `asked` did not get there.
  void failed(const std::string& host, Reach reach, Clock::time_point asked, Clock::time_point now);

  bool away() const;
  // How much longer it will be waited for; nothing while it is not away.
  std::optional<std::chrono::milliseconds> patience_left(Clock::time_point now) const;
  bool given_up(Clock::time_point now) const;

 private:
  bool is_away() const;  // locked by its caller
  NetworkSenses senses_;
  std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::map<std::string, Reach> last_;       // of each host
  std::optional<Clock::time_point> since_;  // the first question that did not get there, since one did
  Clock::time_point last_failure_{};
};

// "no network: no name can be resolved and no address answers (<details>)"
Error no_network(const std::string& details, Hint hint = Hint::none);

}  // namespace eai::peers
